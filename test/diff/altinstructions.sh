#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Alternatives: the entry and its own replacement go with the code, other replacements stay out. Code
# in .altinstr_aux that it jumps to comes along as well.
. "$(dirname "$0")/lib.sh"

compile <<'END'
void helper(void);
#define alt(orig, new, feature) asm volatile("661: " orig "\n662:\n" \
	".pushsection .altinstructions, \"a\"\n.long 661b - .\n.long 663f - .\n.4byte " #feature "\n" \
	".byte 662b - 661b\n.byte 664f - 663f\n.popsection\n" \
	".pushsection .altinstr_replacement, \"ax\"\n663: " new "\n664:\n.popsection" : : : "memory")
int before(int a) { alt("nop", "lfence; mfence", 11); return a; }
int changed(int a)
{
	alt("call helper", "call helper2", 12);
#ifdef PATCHED
	a++;
#endif
	return a;
}
int after(int a) { alt("call helper", "call helper3", 13); return a; }
int has_feature(int a)
{
	asm goto("661: jmp 6f\n662:\n"
		 ".pushsection .altinstructions, \"a\"\n"
		 ".long 661b - .\n.long 663f - .\n.4byte 21\n.byte 662b - 661b\n.byte 664f - 663f\n"
		 ".long 661b - .\n.long 664f - .\n.4byte 3\n.byte 662b - 661b\n.byte 0\n"
		 ".popsection\n"
		 ".pushsection .altinstr_replacement, \"ax\"\n663: jmp %l[no]\n664:\n.popsection\n"
		 ".pushsection .altinstr_aux, \"ax\"\n6: testb $1, feature_bits(%%rip)\njnz %l[yes]\njmp %l[no]\n.popsection"
		 : : : : yes, no);
#ifdef PATCHED
yes: return a + 2;
#else
yes: return a + 1;
#endif
no: return 0;
}
END
module
differ
changed <<'END'
changed target 0 changed
has_feature target 0 has_feature
END
relocations <<'END'
__mcount_loc 64 .text.changed
__mcount_loc 64 .text.has_feature
.altinstructions PC32 .text.changed+5
.altinstructions PC32 .altinstr_replacement
.altinstructions PC32 .text.has_feature+5
.altinstructions PC32 .altinstr_replacement+5
.altinstructions PC32 .text.has_feature+5
.altinstructions PC32 .altinstr_replacement
.altinstr_replacement PLT32 helper2
.altinstr_replacement PC32 .text.has_feature+16
.text.changed PLT32 __fentry__
.text.changed PLT32 helper
.text.has_feature PLT32 __fentry__
.text.has_feature PC32 .altinstr_aux
.altinstr_aux PC32 feature_bits-1
.altinstr_aux PC32 .text.has_feature+10
.altinstr_aux PC32 .text.has_feature+16
END
bytes .altinstructions <<'END'
00000000000000000c000000050500000000000000001500000005050000000000000000030000000500
END
bytes .altinstr_replacement <<'END'
e800000000e900000000
END
bytes .altinstr_aux <<'END'
f60500000000010f8500000000e900000000
END
