#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# New functions come along: static ones that are used, and all global ones, which other objects of
# the patch may call. What they use of the original is a reference into the target.
. "$(dirname "$0")/lib.sh"

compile <<'END'
static int table_size = 3;
int set_size(int n) { return table_size += n; }
#ifdef PATCHED
static noinline int new_static(int a) { return a + table_size; }
int new_global(int a) { return new_static(a) * 3; }
static noinline __used int new_unused(int a) { return a; }
#endif
int changed(int a)
{
#ifdef PATCHED
	a = new_static(a);
#endif
	return a + 1;
}
END
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
.text.new_static PLT32 __fentry__
.text.new_static PC32 late.table_size..target.0
__mcount_loc 64 .text.new_static
__mcount_loc 64 .text.new_global
__mcount_loc 64 .text.changed
.text.new_global PLT32 __fentry__
.text.new_global PC32 .text.new_static
.text.changed PLT32 __fentry__
.text.changed PC32 .text.new_static
END
symbols <<'END'
local func new_static .text.new_static+0
local func changed .text.changed+0
global func new_global .text.new_global+0
END
undefined <<'END'
late.table_size..target.0 target table_size 0
END
reported changed changed
reported new new_static new_global
says "test.orig.o: new function: new_static" "test.orig.o: new function: new_global"
