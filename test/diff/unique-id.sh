#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The counter in names from __UNIQUE_ID() shifts with every use of it; it says nothing.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define paste_(a, b) a##b
#define paste(a, b) paste_(a, b)
#define __UNIQUE_ID(p) paste(__UNIQUE_ID_##p, __COUNTER__)
#ifdef PATCHED
static int __UNIQUE_ID(unused) __used;
#endif
static int *__UNIQUE_ID(address) __used __section(".discard.addressable") = 0;
#define with_counter(fn, id, extra) static int id = 7; int fn(int a) { return id += a + extra; }
with_counter(same, __UNIQUE_ID(state), 0)
#ifdef PATCHED
with_counter(changed, __UNIQUE_ID(other), 1)
#else
with_counter(changed, __UNIQUE_ID(other), 0)
#endif
END
nm test.patched.o | grep -q __UNIQUE_ID_state2 || fail "the counter does not shift"
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
__mcount_loc 64 .text.changed
.text.changed PLT32 __fentry__
.text.changed PC32 late.__UNIQUE_ID_other2..target.0
.text.changed PC32 late.__UNIQUE_ID_other2..target.0
END
undefined <<'END'
late.__UNIQUE_ID_other2..target.0 target __UNIQUE_ID_other2 0
END
