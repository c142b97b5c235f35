#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Jump labels on keys of the kernel stay: the entry goes with its function, the key is a reference.
# In another place of the table they are no change.
. "$(dirname "$0")/lib.sh"

compile <<'END'
struct key { int enabled; long entries; } known, other_key;
static struct key local_key;
#define branch(key, n) ({ asm goto("1: .byte 0x0f, 0x1f, 0x44, 0, 0\n.pushsection __jump_table, \"aw\"\n" \
	".balign 8\n.long 1b - .\n.long %l[yes" #n "] - .\n.quad %c0 + %c1 - .\n.popsection" : : "i" (&key), "i" (n) : : yes##n); })
#ifdef PATCHED
int added(int a) { branch(known, 0); return a; yes0: return _printk("added"); }
#endif
int same(int a) { branch(known, 0); return a; yes0: return _printk("same"); }
int changed(int a)
{
#ifdef PATCHED
	branch(local_key, 1);
#endif
	branch(known, 0);
	return a;
yes0:
	return _printk("changed");
#ifdef PATCHED
yes1:
	return _printk("local");
#endif
}
long toggle(void) { return local_key.enabled++ + other_key.entries; }
END
kernel
differ
changed <<'END'
changed vmlinux 0 changed
END
relocations __jump_table <<'END'
__jump_table PC32 .text.added+9
__jump_table PC32 .text.added+24
__jump_table PC64 known
__jump_table PC32 .text.changed+9
__jump_table PC32 .text.changed+56
__jump_table PC64 local_key..vmlinux.0+1
__jump_table PC32 .text.changed+14
__jump_table PC32 .text.changed+32
__jump_table PC64 known
END
relocations .text.changed <<'END'
.text.changed PLT32 __fentry__
.text.changed 32S .rodata.changed.str1.1"changed"
.text.changed PLT32 _printk
.text.changed 32S .rodata.changed.str1.1"local"
.text.changed PLT32 _printk
END
undefined <<'END'
known vmlinux known 0
local_key..vmlinux.0 vmlinux local_key 0
END
