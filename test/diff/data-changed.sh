#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Changed contents of a variable: the running kernel keeps the old ones, so this is refused, for
# writable and (here: exported, or used by data) constant variables; size changes as well.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#ifdef PATCHED
int limit = 20;
#else
int limit = 10;
#endif
int user(int a) { return a > limit; }
END
module
refused "test.orig.o: limit: changed data: the running kernel keeps the old contents" "KPATCH_PRE_PATCH_CALLBACK"

compile <<'END'
#ifdef PATCHED
char buffer[200];
#else
char buffer[100];
#endif
int user(int a) { return buffer[a]; }
END
module
refused "test.orig.o: buffer: changed size of a variable: 100 bytes in the running kernel, 200 in the patch"

# zeroed before, initialised now: the same size, another section
compile <<'END'
#ifdef PATCHED
int flag = 1;
#else
int flag;
#endif
int user(int a) { return flag += a; }
END
module
refused "test.orig.o: flag: changed data"

# and a constant that the whole kernel can see
compile <<'END'
#ifdef PATCHED
const int table[] = { 1, 2, 3 };
#else
const int table[] = { 1, 2, 4 };
#endif
int user(int a) { return table[a]; }
END
module
refused "test.orig.o: table: changed data"
