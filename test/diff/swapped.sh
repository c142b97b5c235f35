#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Original and patched object in the wrong order: the "original" is not what the target was built from.
. "$(dirname "$0")/lib.sh"

compile <<'END'
int changed(int a)
{
#ifdef PATCHED
	a ^= 0x1234;
#endif
	return a * 3;
}
END
module
mv test.orig.o other.o
mv test.patched.o test.orig.o
mv other.o test.patched.o
cp test.orig.o test.plain.o
refused "test.orig.o: changed: compiled original and target differ at offset"
