#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A module drops its init symbols after loading: a name that is in init code as well has another
# position afterwards, and the kernel would pick the wrong one. Refused.
. "$(dirname "$0")/lib.sh"

another a <<'END'
static noinline __used __section(".init.text") int changed(int a) { return a - 5; }
int user_a(int a) { return a; }
END
compile <<'END'
static noinline int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 3;
}
int user(int a) { return changed(a) + 1; }
END
module a.o test.plain.o
refused "test.orig.o: changed: shares its name with init code of target"
