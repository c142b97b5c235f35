#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the patch removes (functions, variables, static locals) stays in the running kernel; the code
# that used it is replaced.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifndef PATCHED
int removed_global(int a) { return a * 4; }
static noinline int removed_static(int a) { static int n; return n += a; }
static int removed_data[4];
#else
#define removed_static(a) (a)
#endif
int changed(int a)
{
#ifndef PATCHED
	static int removed_local;
	removed_local += removed_data[a & 3]++;
	a += removed_local;
#endif
	return removed_static(a) * 5;
}
int same(int a) { return a - 2; }
END
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
.text.changed PLT32 __fentry__
__mcount_loc 64 .text.changed
END
reported new
