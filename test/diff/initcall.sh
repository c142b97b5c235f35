#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The names of initcalls contain a counter and a line number, and init data moves: nothing of it is in
# the patch or in its way.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define name__(id, counter, line) __initcall__kmod_test__##counter##_##line##_##id
#define name_(id, counter, line) name__(id, counter, line)
#define initcall(fn) \
	static void *__section(".discard.addressable") __used __addressable_##fn = fn; \
	asm(".section \".initcall6.init\", \"a\"\n" "__initcall_" #fn ":\n.long " #fn " - .\n.previous"); \
	static int __section(".init.data") __used name_(fn, __COUNTER__, __LINE__) = 3
static int __section(".init.text") setup(void) { return _printk("setup"); }
#ifdef PATCHED
static int used_counter __attribute__((unused)) = __COUNTER__;
#line 100
#endif
initcall(setup);
static void __section(".exit.text") __used leave(void) { _printk("leave"); }
static void *__exitcall_leave __used __section(".exitcall.exit") = leave;
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 3;
}
END
module
differ
changed <<'END'
changed target 0 changed
END
sections <<'END'
__mcount_loc A
.text.changed AX
END
[ "$(grep -c . out)" -eq 1 ] || fail "unexpected messages: $(cat out)"
