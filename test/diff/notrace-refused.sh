#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A changed function without fentry call whose callers are not all visible is refused: it is global,
# or its address is taken.
. "$(dirname "$0")/lib.sh"

compile <<'END'
notrace int global(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 7;
}
int user(int a) { return global(a) + 1; }
END
module
refused "test.orig.o: global: has no fentry call"

compile <<'END'
static notrace noinline int pointed_to(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 7;
}
int (*handler)(int) = pointed_to;
int user(int a) { return pointed_to(a) + 1; }
END
module
refused "test.orig.o: pointed_to: has no fentry call"

# and so is one whose caller up the chain is global and cannot be traced
compile <<'END'
static notrace noinline int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 7;
}
notrace int outer(int a) { return changed(a) + 1; }
END
module
refused "test.orig.o: outer: has no fentry call"
