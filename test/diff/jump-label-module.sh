#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A jump label on a key in a module cannot be set up before that module is there: refused with the
# function, the place, and what to write instead.
. "$(dirname "$0")/lib.sh"

compile <<'END'
struct key { int enabled; long entries; } key;
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
module
refused "test.orig.o: changed: jump label at offset 0x9 uses key key, which is defined in module target" \
	"use static_key_enabled() instead"
