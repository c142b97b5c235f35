#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A change in an inline function, as in a header: all functions that it was inlined into are replaced.
. "$(dirname "$0")/lib.sh"

compile <<'END'
static inline int limit(int a)
{
#ifdef PATCHED
	return a > 50 ? 50 : a;
#else
	return a > 60 ? 60 : a;
#endif
}
int first(int a) { return limit(a) + 1; }
int second(int a) { return limit(a * 3); }
int third(int a) { return a * 3; }
END
module
differ
changed <<'END'
first target 0 first
second target 0 second
END
relocations <<'END'
.text.first PLT32 __fentry__
__mcount_loc 64 .text.first
__mcount_loc 64 .text.second
.text.second PLT32 __fentry__
END
