#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# References of inline assembly by section and offset are to whatever is there; one into the middle of
# a function of the kernel, which nobody can name, is refused.
. "$(dirname "$0")/lib.sh"

compile <<'END'
asm(".section .text.stub, \"ax\"\n.globl stub\n.type stub, @function\nstub: nop\nnop\n.Linside: ret\n.size stub, . - stub\n.previous");
int changed(int a)
{
#ifdef PATCHED
	asm volatile("call .Linside");
#endif
	return a;
}
END
module
refused "test.orig.o: changed: refers into the middle of stub (offset 0x2)"
