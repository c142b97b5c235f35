#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The address of a changed function taken with %rip: not a call, so it stays the original's.
. "$(dirname "$0")/lib.sh"

compile <<'END'
noinline int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 3;
}
void *user(int a)
{
	void *p;

	asm("leaq changed(%%rip), %0" : "=r" (p));
#ifdef PATCHED
	changed(a);
	changed(a + 1);
	asm volatile("call changed\njne changed" : : : "memory");
#endif
	return p;
}
END
module
differ
relocations .text.user <<'END'
.text.user PLT32 __fentry__
.text.user PC32 late.changed..target.0
.text.user PLT32 changed@.text.changed
.text.user PLT32 changed@.text.changed
END
