#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A static local is the variable of that name that the same function uses, whatever its number.
. "$(dirname "$0")/lib.sh"

compile <<'END'
int first(int a)
{
	static int count = 1;

	return count += a;
}
int second(int a)
{
	static int count = 2;

#ifdef PATCHED
	a++;
#endif
	return count += a;
}
int added(int a)
{
#ifdef PATCHED
	static int count;	/* new; GCC numbers from the last one on */

	count += a;
#endif
	return a;
}
END
nm test.orig.o | grep -q 'count\.0$' && nm test.patched.o | grep -q 'count\.2$' || fail "numbers do not shift"
module
differ
changed <<'END'
second target 0 second
added target 0 added
END
relocations <<'END'
__mcount_loc 64 .text.second
__mcount_loc 64 .text.added
.text.second PLT32 __fentry__
.text.second PC32 late.count.0..target.0
.text.second PC32 late.count.0..target.0
.text.added PLT32 __fentry__
.text.added PC32 .bss.count.0
END
symbols <<'END'
local func second .text.second+0
local func added .text.added+0
local object count.0 .bss.count.0+0
END
undefined <<'END'
late.count.0..target.0 target count.0 0
END
