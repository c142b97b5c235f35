#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A static local whose size changes: the running kernel has the old one, which the new code must not
# use, and a second one would forget what the first holds.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifdef PATCHED
#define N 8
#else
#define N 4
#endif
int changed(int a)
{
	static int ring[N];

	return ring[a % N]++;
}
END
module
refused "test.orig.o: ring"
