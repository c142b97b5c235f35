#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Entries of __ex_table go with the code they describe; another fixup or another kind of handler is a
# change although the code is the same.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define load(p, type, to) ({ int v = 0; asm volatile goto("1: movl (%0), %%eax\n" \
	".pushsection __ex_table, \"a\"\n.balign 4\n.long 1b - .\n.long %l[" #to "] - .\n.long %c1\n" \
	".popsection" : : "r" (p), "i" (type) : "eax", "memory" : fault, other); v; })
#ifdef PATCHED
#define TYPE 3
#define TO other
#else
#define TYPE 2
#define TO fault
#endif
#define body(type, to) load(p, type, to); return 0; fault: return _printk("fault"); other: return _printk("other")
#define expand(type, to) body(type, to)
int same(int *p) { body(4, fault); }
int handler(int *p) { body(TYPE, fault); }
int fixup(int *p) { expand(5, TO); }
int changed(int *p)
{
#ifdef PATCHED
	p++;
#endif
	body(6, other);
}
END
module
differ
changed <<'END'
handler target 0 handler
fixup target 0 fixup
changed target 0 changed
END
relocations __ex_table <<'END'
__ex_table PC32 .text.handler+9
__ex_table PC32 .text.handler+48
__ex_table PC32 .text.fixup+9
__ex_table PC32 .text.fixup+24
__ex_table PC32 .text.changed+13
__ex_table PC32 .text.changed+32
END
bytes __ex_table <<'END'
000000000000000003000000000000000000000005000000000000000000000006000000
END
