#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A key that is read-only after init: the module loader of 6.1 would write to it and crash.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define __ro_after_init __section(".data..ro_after_init")
struct key { int enabled; long entries; } key __ro_after_init;
#define branch(key) ({ asm goto("1: .byte 0x0f, 0x1f, 0x44, 0, 0\n.pushsection __jump_table, \"aw\"\n" \
	".balign 8\n.long 1b - .\n.long %l[yes] - .\n.quad %c0 - .\n.popsection" : : "i" (&key) : : yes); })
int changed(int a)
{
	branch(key);
#ifdef PATCHED
	a++;
#endif
	return a;
yes:
	return _printk("changed");
}
END
cat >range.S <<'END'
.section .data..ro_after_init, "aw"
.globl __start_ro_after_init, __end_ro_after_init
#ifdef START
__start_ro_after_init:
#else
__end_ro_after_init:
#endif
END
gcc -c -DSTART -o start.o range.S
gcc -c -o end.o range.S
kernel start.o test.plain.o end.o
refused "test.orig.o: changed: jump label at offset 0x9 uses key key, which is read-only after init" \
	"use static_key_enabled() instead"

# a kernel that knows such keys
echo '.globl jump_label_init_ro; jump_label_init_ro: ret' | gcc -c -x assembler -o seals.o -
kernel start.o test.plain.o end.o seals.o
differ
