#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Variables that macros make for one place in the code (__func__, __warned, _rs, lock class keys ...)
# are not the same thing in two builds: code that moves takes copies along. They cause no change.
. "$(dirname "$0")/lib.sh"

compile <<'END'
struct key { char c[8]; };
void lock_init(const char *name, struct key *key);
int ratelimit(int *rs, const char *func);
#define lock_init(l) do { static struct key __key; lock_init(#l, &__key); } while (0)
#define warn_once(c) do { static __section(".data.once") _Bool __already_done; \
	if ((c) && !__already_done) { __already_done = 1; _printk("warn"); } } while (0)
#define limited() do { static int _rs = 10; ratelimit(&_rs, __func__); } while (0)
int other(int a)
{
#ifdef PATCHED
	warn_once(a > 4);
	limited();
	lock_init(c);
#endif
	lock_init(d);
	return a;
}
int same(int a)
{
	warn_once(a > 1);
	limited();
	lock_init(e);
	return a;
}
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	warn_once(a > 2);
	limited();
	lock_init(f);
	return a;
}
END
module
differ
changed <<'END'
other target 0 other
changed target 0 changed
END
relocations <<'END'
.text.other PLT32 __fentry__
.text.other PC32 .data.once
.text.other 32S .rodata.__func__.8
.text.other 32S .data._rs.9
.text.other PLT32 ratelimit
.text.other 32S .bss.__key.7
.text.other 32S .rodata.other.str1.1"c"
.text.other PLT32 lock_init
.text.other 32S .bss.__key.6
.text.other 32S .rodata.other.str1.1"d"
.text.other PLT32 lock_init
.text.other 32S .rodata.other.str1.1"warn"
.text.other PC32 .data.once
.text.other PLT32 _printk
__mcount_loc 64 .text.other
__mcount_loc 64 .text.changed
.text.changed PLT32 __fentry__
.text.changed PC32 .data.once-1
.text.changed 32S .rodata.__func__.1
.text.changed 32S .data._rs.2
.text.changed PLT32 ratelimit
.text.changed 32S .bss.__key.0
.text.changed 32S .rodata.changed.str1.1"f"
.text.changed PLT32 lock_init
.text.changed 32S .rodata.other.str1.1"warn"
.text.changed PC32 .data.once-1
.text.changed PLT32 _printk
END
sections <<'END'
.rodata.other.str1.1 A
.text.other AX
__mcount_loc A
.rodata.changed.str1.1 A
.text.changed AX
.bss.__key.0 WA
.rodata.__func__.1 A
.data._rs.2 WA
.bss.__key.6 WA
.bss.__key.7 WA
.rodata.__func__.8 A
.data._rs.9 WA
.data.once WA
END
undefined <<'END'
END
