#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A function on the stack of every sleeping task: no transition could ever end.
. "$(dirname "$0")/lib.sh"

compile <<'END'
int deeper(int a);
int schedule(int a)
{
#ifdef PATCHED
	a++;
#endif
	return deeper(a) + 1;
}
END
module
refused "test.orig.o: schedule: is on the stack of every sleeping task: the transition would never end" \
	"patch a function that it calls"
