#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A string is known by its text: its place among others, which a new string shifts, does not count.
. "$(dirname "$0")/lib.sh"

# all strings in one section
compile -fno-data-sections <<'END'
int changed(int a)
{
#ifdef PATCHED
	_printk("one more string in front of the others\n");
#endif
	return _printk("changed %d\n", a);
}
int same(int a) { return _printk("same %d\n", a); }
int tail(int a) { return _printk("%d\n", a); }
END
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
.text.changed PLT32 __fentry__
.text.changed 32S .rodata.str1.8"one more string in front of the others\n"
.text.changed PLT32 _printk
.text.changed 32S .rodata.str1.1"changed %d\n"
.text.changed PLT32 _printk
__mcount_loc 64 .text.changed
END
