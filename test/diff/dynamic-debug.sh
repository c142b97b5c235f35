#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# pr_debug(): a descriptor in __dyndbg with the line number, and a jump label whose key is in it. A
# shifted line is no change; changed code brings its own descriptors, which keep the jump label.
. "$(dirname "$0")/lib.sh"

compile <<'END'
struct ddebug { const char *module, *function, *file, *format; unsigned line; struct { int enabled; long entries; } key; };
#define branch(key) ({ asm goto("1: jmp %l[yes]\n.pushsection __jump_table, \"aw\"\n" \
	".balign 8\n.long 1b - .\n.long %l[yes] - .\n.quad %c0 + 2 - .\n.popsection" : : "i" (&key) : : yes); })
#define paste_(a, b) a##b
#define paste(a, b) paste_(a, b)
#define pr_debug(text) pr_debug_(text, paste(__UNIQUE_ID_ddebug, __COUNTER__))
#define pr_debug_(text, id) static struct ddebug id __used __section("__dyndbg") __attribute__((aligned(8))) = \
	{ "test", __func__, "test.c", text, __LINE__ }; branch(id.key); return a; yes: return _printk("%p" text, &id)
#ifdef PATCHED
int added(int a) { pr_debug("added"); }
#line 100
#endif
int same(int a) { pr_debug("same"); }
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	pr_debug("changed");
}
END
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
.text.added PLT32 __fentry__
.text.added 32S __dyndbg+56
.text.added 32S .rodata.added.str1.1"%padded"
.text.added PLT32 _printk
__mcount_loc 64 .text.added
__mcount_loc 64 .text.changed
__jump_table PC32 .text.added+9
__jump_table PC32 .text.added+24
__jump_table PC64 __dyndbg+98
__jump_table PC32 .text.changed+9
__jump_table PC32 .text.changed+24
__jump_table PC64 __dyndbg+42
.text.changed PLT32 __fentry__
.text.changed 32S __dyndbg
.text.changed 32S .rodata.changed.str1.1"%pchanged"
.text.changed PLT32 _printk
__dyndbg 64 .rodata.str1.1"test"
__dyndbg 64 .rodata.__func__.0
__dyndbg 64 .rodata.str1.1"test.c"
__dyndbg 64 .rodata.str1.1"changed"
__dyndbg 64 .rodata.str1.1"test"
__dyndbg 64 .rodata.__func__.2
__dyndbg 64 .rodata.str1.1"test.c"
__dyndbg 64 .rodata.str1.1"added"
END
