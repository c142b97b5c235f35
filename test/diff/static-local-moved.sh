#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The function that owns a static local is inlined in one build only: it stays the same variable.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifdef PATCHED
#define INLINE inline __attribute__((always_inline))
#else
#define INLINE noinline
#endif
static INLINE int owner(int a)
{
	static int count = 4;

	return count += a;
}
int user(int a) { return owner(a * 3); }
END
module
differ
changed <<'END'
user target 0 user
END
relocations <<'END'
.text.user PLT32 __fentry__
.text.user PC32 late.count.0..target.0
.text.user PC32 late.count.0..target.0
__mcount_loc 64 .text.user
END
undefined <<'END'
late.count.0..target.0 target count.0 0
END
