#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two functions have a static local of one name; one of them is removed. The other keeps its own.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifndef PATCHED
int first(int a) { static int count = 1; return count += a; }
#else
int first(int a) { return a; }
#endif
int second(int a)
{
	static int count = 2;

#ifdef PATCHED
	a++;
#endif
	return count += a;
}
END
module
differ
changed <<'END'
first target 0 first
second target 0 second
END
relocations <<'END'
.text.first PLT32 __fentry__
__mcount_loc 64 .text.first
__mcount_loc 64 .text.second
.text.second PLT32 __fentry__
.text.second PC32 late.count.0..target.0
.text.second PC32 late.count.0..target.0
END
undefined <<'END'
late.count.0..target.0 target count.0 0
END
