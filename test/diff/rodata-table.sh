#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A changed constant table that only functions here look up is like code: they are replaced and take
# the new table along.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifdef PATCHED
#define LAST 5, 6
#else
#define LAST 7
#endif
static const int table[] = { 1, 2, LAST };
int user(int a) { return table[a]; }
int user2(int a) { return table[a + 1] * 3; }
int other(int a) { return a * 3; }
END
module
differ
changed <<'END'
user target 0 user
user2 target 0 user2
END
relocations <<'END'
.text.user PLT32 __fentry__
.text.user 32S .rodata.table
__mcount_loc 64 .text.user
__mcount_loc 64 .text.user2
.text.user2 PLT32 __fentry__
.text.user2 32S .rodata.table
END
sections <<'END'
.text.user AX
__mcount_loc A
.text.user2 AX
.rodata.table A
END
undefined <<'END'
END
