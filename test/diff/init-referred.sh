#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# New code that uses __init code or data of the original would use freed memory.
. "$(dirname "$0")/lib.sh"

compile <<'END'
__section(".init.text") noinline int setup(int a) { return a * a; }
__section(".init.data") int setting = 4;
int changed(int a)
{
#ifdef PATCHED
	a = setup(a) + setting;
#endif
	return a * 3;
}
int user(void) { return 0; }
END
module
refused "test.orig.o: changed: refers to setup, which is gone after init" \
	"test.orig.o: changed: refers to setting, which is gone after init"
