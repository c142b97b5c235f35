#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The code in the target is not what was compiled (wrong source, configuration or compiler): refused
# with the function and the offset; so it is when only a reference differs.
. "$(dirname "$0")/lib.sh"

source='
int helper(int a), helper2(int a);
#ifdef TARGET
#define FACTOR 9
#define HELPER helper2
#else
#define FACTOR 8
#define HELPER helper
#endif
int changed(int a)
{
#ifdef PATCHED
	a++;
#endif
	asm volatile("xorl %1, %0" : "+r" (a) : "i" (FACTOR));
	return a;
}
int referring(int a)
{
#ifdef REFERRING
	a++;
#endif
	return HELPER(a) + 1;
}
int other(int a) { return a * 3 + helper(a); }'

compile -DTARGET <<<"$source"
module
# what follows is compared with that target
compile <<<"$source"
refused "test.orig.o: changed: compiled original and target differ at offset 0x9" "is 0x08 in the object, 0x09 in the image" \
	"use the source, configuration and compiler of the running kernel"

compile <<<"#ifdef PATCHED
#define REFERRING
#undef PATCHED
#endif
$source"
refused "test.orig.o: referring: compiled original and target differ at offset" "refers to helper2-4 instead of helper-4"

# a difference in a function that is not replaced does not matter
compile <<'END'
int helper(int a);
int changed(int a) { return a; }
int other(int a)
{
#ifdef PATCHED
	a++;
#endif
	return a * 3 + helper(a);
}
END
differ
changed <<'END'
other target 0 other
END
