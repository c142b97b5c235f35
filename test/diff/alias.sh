#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A function with several names (system calls are such) is one function, replaced once.
. "$(dirname "$0")/lib.sh"

compile <<'END'
noinline long do_call(long a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 3;
}
long sys_call(long a) __attribute__((alias("do_call")));
noinline long same(long a) { return a - 1; }
long sys_same(long a) __attribute__((alias("same")));
#ifdef PATCHED
long user(long a) { return sys_same(a) + sys_call(a) + 1; }
#else
long user(long a) { return sys_same(a) + sys_call(a); }
#endif
END
module
differ
changed <<'END'
do_call target 0 do_call
user target 0 user
END
symbols <<'END'
local func do_call .text.do_call+0
local func sys_call .text.do_call+0
local func user .text.user+0
END
relocations <<'END'
.text.do_call PLT32 __fentry__
__mcount_loc 64 .text.do_call
__mcount_loc 64 .text.user
.text.user PLT32 __fentry__
.text.user PLT32 late.same..target.0
.text.user PLT32 sys_call@.text.do_call
END
undefined <<'END'
late.same..target.0 target same 0
END
