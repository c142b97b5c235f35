#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A table that GCC makes of a switch (CSWTCH.N) is part of the function, numbers do not count, and
# changed contents are a change.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifdef PATCHED
int added(int a) { switch (a) { case 0: return 5; case 1: return 99; case 2: return 7; case 3: return 31; default: return 0; } }
#define VALUE 1000
#else
#define VALUE 1001
#endif
int changed(int a) { switch (a) { case 0: return 8; case 1: return 9; case 2: return 77; case 3: return VALUE; default: return 0; } }
int same(int a) { switch (a) { case 0: return 3; case 1: return 1; case 2: return 4; case 3: return 15; default: return 0; } }
END
nm test.orig.o | grep -q CSWTCH || fail "GCC made no table"
module
differ
changed <<'END'
changed target 0 changed
END
relocations <<'END'
.text.added PLT32 __fentry__
.text.added 32S .rodata.CSWTCH.1
__mcount_loc 64 .text.added
__mcount_loc 64 .text.changed
.text.changed PLT32 __fentry__
.text.changed 32S .rodata.CSWTCH.3
END
