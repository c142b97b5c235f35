#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A short branch into a neighbour cannot be made to reach the target from elsewhere: refused.
. "$(dirname "$0")/lib.sh"

compile_asm <<'END'
.section .sched.text, "ax"
changed:
.globl changed
.type changed, @function
1:	call __fentry__
	test %eax, %eax
	je after
#ifdef PATCHED
	inc %eax
#endif
	ret
.size changed, . - changed
after:
.type after, @function
	mov $3, %eax
	ret
.size after, . - after
.section __mcount_loc, "a"
.quad 1b
END
module
refused "test.orig.o: changed: cannot be moved"
