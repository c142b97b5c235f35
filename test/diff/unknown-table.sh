#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A table that this tool does not know, and that points into code that is carried over, is an error:
# only the boot code would have processed it (runtime constants of 6.12 are such).
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define patched_at_boot() asm volatile("661: nop\n.pushsection runtime_ptr_table, \"a\"\n.long 661b - .\n.popsection")
int same(int a) { patched_at_boot(); return a; }
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	patched_at_boot();
	return a;
}
END
module
refused "test.orig.o: changed: section runtime_ptr_table describes code at offset 0x" "only the boot code would process it"

# in code that is not carried over it does not matter
compile <<'END'
#define patched_at_boot() asm volatile("661: nop\n.pushsection runtime_ptr_table, \"a\"\n.long 661b - .\n.popsection")
int same(int a) { patched_at_boot(); return a; }
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a;
}
END
module
differ
sections <<'END'
__mcount_loc A
.text.changed AX
END
