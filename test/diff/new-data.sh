#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# New variables are part of the patch: initialised, zeroed and constant ones, and global ones even if
# nothing here uses them, since another object of the patch may.
. "$(dirname "$0")/lib.sh"

compile <<'END'
int old_data = 1;
#ifdef PATCHED
static int new_static = 5;
static int new_zero[8];
int new_global = 6;
int new_global_zero;
const int new_const[2] = { 7, 8 };
static int new_unused __used = 9;
int *new_pointer = &old_data;
#endif
int changed(int a)
{
	old_data += a;
#ifdef PATCHED
	new_static += a;
	new_zero[a & 7]++;
#endif
	return old_data;
}
END
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
.text.changed PLT32 __fentry__
.text.changed PC32 late.old_data..target.0
.text.changed PC32 .data.new_static
.text.changed 32S .bss.new_zero
.text.changed PC32 late.old_data..target.0
__mcount_loc 64 .text.changed
.data.new_pointer 64 late.old_data..target.0
END
sections <<'END'
.text.changed AX
__mcount_loc A
.data.new_pointer WA
.rodata.new_const A
.bss.new_global_zero WA
.data.new_global WA
.bss.new_zero WA
.data.new_static WA
END
symbols <<'END'
local func changed .text.changed+0
local object new_zero .bss.new_zero+0
local object new_static .data.new_static+0
global object new_pointer .data.new_pointer+0
global object new_const .rodata.new_const+0
global object new_global_zero .bss.new_global_zero+0
global object new_global .data.new_global+0
END
undefined <<'END'
late.old_data..target.0 target old_data 0
END
new_data <<'END'
new_pointer 8 new
new_global_zero 4 new
new_global 4 new
new_zero 32 new
new_static 4 new
END
