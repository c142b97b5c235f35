#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The text of a string literal belongs to the code that uses it.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifdef PATCHED
#define TEXT "new %d\n"
#else
#define TEXT "old %d\n"
#endif
int changed(int a) { return _printk(TEXT, a); }
int same(int a) { return _printk("same %d\n", a); }
END
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
.text.changed PLT32 __fentry__
.text.changed 32S .rodata.changed.str1.1"new %d\n"
.text.changed PLT32 _printk
__mcount_loc 64 .text.changed
END
