#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A function that only moved to another section, or only changed its neighbours, is no change.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifdef PATCHED
__section(".text.elsewhere") noinline int moved(int a) { return a * 3; }
#else
noinline int moved(int a) { return a * 3; }
#endif
int user(int a) { return moved(a + 1) + 2; }
END
module
unchanged
