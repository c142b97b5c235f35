#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Another CPU feature, or other replacement code, is a change although the code itself is the same;
# another place of the replacement among others is none.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define alt(orig, new, feature) asm volatile("661: " orig "\n662:\n" \
	".pushsection .altinstructions, \"a\"\n.long 661b - .\n.long 663f - .\n.4byte " #feature "\n" \
	".byte 662b - 661b\n.byte 664f - 663f\n.popsection\n" \
	".pushsection .altinstr_replacement, \"ax\"\n663: " new "\n664:\n.popsection" : : : "memory")
#ifdef PATCHED
int added(int a) { alt("nop", "mfence", 11); return a; }
int feature(int a) { alt("nop", "lfence", 13); return a; }
int replacement(int a) { alt("nop", "sfence", 12); return a; }
#else
int feature(int a) { alt("nop", "lfence", 12); return a; }
int replacement(int a) { alt("nop", "lfence", 12); return a; }
#endif
int same(int a) { alt("nop", "lfence", 12); return a; }
END
module
differ
changed <<'END'
feature target 0 feature
replacement target 0 replacement
END
relocations .altinstructions <<'END'
.altinstructions PC32 .text.added+7
.altinstructions PC32 .altinstr_replacement
.altinstructions PC32 .text.feature+7
.altinstructions PC32 .altinstr_replacement+3
.altinstructions PC32 .text.replacement+7
.altinstructions PC32 .altinstr_replacement+6
END
bytes .altinstr_replacement <<'END'
0faef00faee80faef8
END
