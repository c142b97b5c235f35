#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Sections with several variables (.data..read_mostly, .bss..page_aligned): a reference means the one
# it points into, and only new ones come along.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define __read_mostly __section(".data..read_mostly")
static int first __read_mostly = 1;
#ifdef PATCHED
static int added __read_mostly = 9;
#endif
static int second[4] __read_mostly = { 2, 3, 4, 5 };
int third __read_mostly = 6;
int user(int a) { return first += second[1] += third += a; }
int changed(int a)
{
#ifdef PATCHED
	a += added++;
	second[3] = 0x1234567;
#endif
	return second[2] += first + third + a;
}
END
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
__mcount_loc 64 .text.changed
.text.changed PLT32 __fentry__
.text.changed PC32 late.second..target.0+8
.text.changed PC32 .data..read_mostly
.text.changed PC32 .data..read_mostly
.text.changed PC32 late.third..target.0
.text.changed PC32 late.first..target.0
.text.changed PC32 late.second..target.0+8
.text.changed PC32 late.second..target.0+8
END
undefined <<'END'
late.first..target.0 target first 0
late.second..target.0 target second 0
late.third..target.0 target third 0
END
sections <<'END'
__mcount_loc A
.text.changed AX
.data..read_mostly WA
END
symbols <<'END'
local func changed .text.changed+0
local object added .data..read_mostly+0
END
