#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Entries of __bug_table go with the code they describe. A line number that shifted is no change, a
# different flag (BUG became WARN_ONCE) is one although the code is the same.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define bug(flags) asm volatile("1: ud2\n.pushsection __bug_table, \"aw\"\n" \
	"2: .long 1b - .\n.long %c0 - .\n.word %c1\n.word %c2\n.org 2b + 12\n.popsection" \
	: : "i" ("file.c"), "i" (__LINE__), "i" (flags))
#ifdef PATCHED
#define FLAGS 0x901
#line 100
#else
#define FLAGS 0x903
#line 50
#endif
int shifted(int a) { if (a > 3) bug(0); return a; }
int flags(int a) { if (a > 4) bug(FLAGS); return a; }
int changed(int a)
{
	if (a > 5)
		bug(1);
#ifdef PATCHED
	if (a < -5)
		bug(2);
#endif
	return a;
}
END
module
differ
changed <<'END'
flags target 0 flags
changed target 0 changed
END
relocations <<'END'
__mcount_loc 64 .text.flags
__mcount_loc 64 .text.changed
__bug_table PC32 .text.flags+12
__bug_table PC32 .rodata.shifted.str1.1"file.c"
__bug_table PC32 .text.changed+12
__bug_table PC32 .rodata.shifted.str1.1"file.c"
__bug_table PC32 .text.changed+21
__bug_table PC32 .rodata.shifted.str1.1"file.c"
.text.flags PLT32 __fentry__
.text.changed PLT32 __fentry__
END
bytes __bug_table <<'END'
00000000000000006900010900000000000000006d000100000000000000000070000200
END
