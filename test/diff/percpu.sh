#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Per-CPU variables are data like others: relocations keep their segment-relative form, and new ones
# go into the module's own per-CPU section.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define DEFINE_PER_CPU(t, n) __section(".data..percpu") t n
DEFINE_PER_CPU(int, first);
static DEFINE_PER_CPU(int, second);
int user(int a)
{
	asm volatile("addl %1, %%gs:%0" : "+m" (first) : "r" (a));
	asm volatile("addl %1, %%gs:%0" : "+m" (second) : "r" (a));
#ifdef PATCHED
	static DEFINE_PER_CPU(int, added);
	asm volatile("movl $0, %%gs:%0" : "+m" (second));
	asm volatile("incl %%gs:%0" : "+m" (added));
#endif
	return a;
}
END
module
differ
changed <<'END'
user target 0 user
END
relocations <<'END'
.text.user PLT32 __fentry__
.text.user PC32 late.first..target.0
.text.user PC32 late.second..target.0
.text.user PC32 late.second..target.0-4
.text.user PC32 .data..percpu
__mcount_loc 64 .text.user
END
undefined <<'END'
late.first..target.0 target first 0
late.second..target.0 target second 0
END
sections <<'END'
.text.user AX
__mcount_loc A
.data..percpu WA
END
