#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A static function that two objects of the target have with the same body, and nothing tells which
# is ours: refused by name. A caller that is unique decides it.
. "$(dirname "$0")/lib.sh"

another twin <<'END'
static __used noinline int changed(int a) { return a * 9; }
int user_of_twin(int a) { return 3; }
END
compile <<'END'
static __used noinline int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 9;
}
END
module twin.o test.plain.o
refused "test.orig.o: changed: several places in target fit"

compile <<'END'
static __used noinline int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 9;
}
int user(int a) { return changed(a + 1) + 1; }
END
module twin.o test.plain.o
differ
changed <<'END'
changed target 2 changed
END
