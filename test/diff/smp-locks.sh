#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# .smp_locks, .parainstructions (whose last entry lacks its padding) and annotations for objtool go
# with the code that they describe, entry by entry.
. "$(dirname "$0")/lib.sh"

compile <<'END'
struct { long f[4]; } pv_ops;
#define lock(v) asm volatile(".pushsection .smp_locks, \"a\"\n.balign 4\n.long 671f - .\n.popsection\n" \
	"671: lock incl %0" : "+m" (v))
#define pv(n) asm volatile("771: call *pv_ops+%c0(%%rip)\n772:\n" \
	".pushsection .parainstructions, \"a\"\n.balign 8\n.quad 771b\n.byte %c0 / 8\n.byte 772b - 771b\n.popsection" \
	: : "i" (8 * n))
#define annotate() asm volatile("881: nop\n.pushsection .discard.unreachable\n.long 881b - .\n.popsection")
int counter;
int before(int a) { lock(counter); pv(1); annotate(); return a; }
int changed(int a)
{
	lock(counter);
	pv(2);
	annotate();
#ifdef PATCHED
	pv(3);
#endif
	return a;
}
int after(int a) { lock(counter); pv(2); annotate(); return a; }
END
kernel
differ
changed <<'END'
changed vmlinux 0 changed
END
relocations <<'END'
__mcount_loc 64 .text.changed
.smp_locks PC32 .text.changed+7
.parainstructions 64 .text.changed+14
.parainstructions 64 .text.changed+21
.discard.unreachable PC32 .text.changed+20
.text.changed PLT32 __fentry__
.text.changed PC32 counter
.text.changed PC32 pv_ops+16
.text.changed PC32 pv_ops+24
END
bytes .parainstructions <<'END'
0000000000000000020600000000000000000000000000000306000000000000
END
undefined <<'END'
counter vmlinux counter 0
pv_ops vmlinux pv_ops 0
END
