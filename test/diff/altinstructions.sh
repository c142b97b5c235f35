#!/bin/bash
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
END
relocations <<'END'
END
bytes .altinstructions <<'END'
END
bytes .altinstr_replacement <<'END'
END
bytes .altinstr_aux <<'END'
END
