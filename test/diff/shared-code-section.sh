#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Functions that share a section (.sched.text): one is cut out, and its branches to the neighbours,
# which have no relocations because the assembler knows the distance, become references.
. "$(dirname "$0")/lib.sh"

compile_asm <<'END'
.section .sched.text, "ax"
.macro function name
.globl \name
.type \name, @function
\name: 1: call __fentry__
.pushsection __mcount_loc, "a"
.quad 1b
.popsection
.endm
function before
	mov $1, %eax
	ret
.size before, . - before
local:
.type local, @function
	mov $2, %eax
	ret
.size local, . - local
function changed
	call before
	call local
	test %eax, %eax
	je 2f
#ifdef PATCHED
	inc %eax
#endif
	{disp32} jne after
2:	{disp32} jmp local
.size changed, . - changed
function after
	mov $3, %eax
	ret
.size after, . - after
END
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
.sched.text PLT32 __fentry__
.sched.text PLT32 late.before..target.0
.sched.text PLT32 late.local..target.0
.sched.text PLT32 late.after..target.0
.sched.text PLT32 late.local..target.0
__mcount_loc 64 .sched.text
END
sections <<'END'
.sched.text AX
__mcount_loc A
END
undefined <<'END'
late.after..target.0 target after 0
late.before..target.0 target before 0
late.local..target.0 target local 0
END
# the module loader insists on zeroes where it relocates
bytes .sched.text <<'END'
e800000000e800000000e80000000085c07408ffc00f8500000000e900000000
END
