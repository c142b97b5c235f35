#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel works on alternatives and paravirt sites while the patch loads. An address in a module is
# not known then: refused in the replacement, and in the instruction that is replaced.
. "$(dirname "$0")/lib.sh"

alt='#define alt(orig, new) asm volatile("661: " orig "\n662:\n" \
	".pushsection .altinstructions, \"a\"\n.long 661b - .\n.long 663f - .\n.2byte 5\n" \
	".byte 662b - 661b\n.byte 664f - 663f\n.popsection\n" \
	".pushsection .altinstr_replacement, \"ax\"\n663: " new "\n664:\n.popsection" : : : "memory")
int of_module(int a) { return a * 5; }
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	ALT;
	return a;
}'
compile '-DALT=alt("call _printk","call of_module")' <<<"$alt"
module
refused ".altinstr_replacement refers to of_module of module target, but the kernel needs that address"

compile '-DALT=alt("call of_module","call _printk")' <<<"$alt"
module
refused "test.orig.o: changed: offset 0x" "refers to of_module of module target, but the kernel replaces that instruction"

