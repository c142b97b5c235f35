#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Exports of the original are not repeated in the patch: nobody could load it.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define EXPORT_SYMBOL(sym) asm(".section \"__ksymtab_strings\", \"aMS\", %progbits, 1\n" \
	"__kstrtab_" #sym ": .asciz \"" #sym "\"\n.previous\n" \
	".section \"___ksymtab+" #sym "\", \"a\"\n.balign 4\n__ksymtab_" #sym ":\n" \
	".long " #sym " - .\n.long __kstrtab_" #sym " - .\n.previous")
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 3;
}
EXPORT_SYMBOL(changed);
#ifdef PATCHED
int added(int a) { return a; }
EXPORT_SYMBOL(added);
#endif
END
module
differ
sections <<'END'
.text.changed AX
__mcount_loc A
.text.added AX
END
symbols <<'END'
local func changed .text.changed+0
global func added .text.added+0
END
