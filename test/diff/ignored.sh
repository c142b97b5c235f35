#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# KPATCH_IGNORE_SECTION and KPATCH_IGNORE_FUNCTION: what the author declares harmless is left alone.
. "$(dirname "$0")/lib.sh"

source='
#ifdef PATCHED
int limit = 20;
#define FACTOR 5
#else
int limit = 10;
#define FACTOR 4
#endif
int changed(int a) { return a * FACTOR > limit; }
int ignored(int a) { return a * FACTOR + 1; }
static char *ignore_section __used __section(".kpatch.ignore.sections") = SECTION;
static void *ignore_function __used __section(".kpatch.ignore.functions") = ignored;'
compile '-DSECTION=".data.limit"' <<<"$source"
module
differ
changed <<'END'
changed target 0 changed
END
undefined <<'END'
late.limit..target.0 target limit 0
END
sections <<'END'
__mcount_loc A
.text.changed AX
END

# a misspelt section is not overlooked
compile '-DSECTION=".data.limits"' <<<"$source"
module
refused "KPATCH_IGNORE_SECTION: there is no section .data.limits" "test.orig.o: limit: changed data"
