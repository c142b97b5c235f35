#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Uses of a static local from the .cold part of a function are uses by that function.
. "$(dirname "$0")/lib.sh"

compile <<'END'
void __attribute__((cold)) complain(int n);
int added(int a)
{
#ifdef PATCHED
	a *= 5;
#endif
	if (__builtin_expect(a < 0, 0)) {
		static int failed;
		complain(failed++);
	}
	return a;
}
int second(int a)
{
	if (__builtin_expect(a < 0, 0)) {
		static int failed;
		complain(failed++);
	}
#ifdef PATCHED
	static int seen;
	seen += a;
#endif
	return a;
}
END
nm test.orig.o | grep -q 'second\.cold' || fail "GCC made no cold part"
module
differ
changed <<'END'
added target 0 added
second target 0 second
END
relocations <<'END'
.text.unlikely.added PC32 late.failed.1..target.0
.text.unlikely.added PC32 late.failed.1..target.0
.text.unlikely.added PLT32 complain
.text.added PLT32 __fentry__
.text.added PC32 .text.unlikely.added
__mcount_loc 64 .text.added
__mcount_loc 64 .text.second
.text.unlikely.second PC32 late.failed.0..target.0
.text.unlikely.second PC32 late.failed.0..target.0
.text.unlikely.second PLT32 complain
.text.unlikely.second PC32 .bss.seen.0
.text.second PLT32 __fentry__
.text.second PC32 .text.unlikely.second
.text.second PC32 .bss.seen.0
END
symbols <<'END'
local func added.cold .text.unlikely.added+0
local func added .text.added+0
local func second.cold .text.unlikely.second+0
local func second .text.second+0
local object seen.0 .bss.seen.0+0
END
undefined <<'END'
late.failed.0..target.0 target failed.0 0
late.failed.1..target.0 target failed.1 0
END
