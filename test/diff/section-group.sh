#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Sections in groups (COMDAT), which the linker may drop, are refused.
. "$(dirname "$0")/lib.sh"

compile_asm <<'END'
.section .text.changed, "axG", @progbits, changed, comdat
.globl changed
.type changed, @function
changed: 1: call __fentry__
#ifdef PATCHED
	inc %eax
#endif
	ret
.size changed, . - changed
.section __mcount_loc, "a"
.quad 1b
END
module
refused "test.orig.o: changed: is in section group .text.changed, which is not supported"
