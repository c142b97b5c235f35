#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two static locals of one name in one function, in different blocks: the order of the source tells
# which is which as long as there are as many; with one of them gone, nothing does.
. "$(dirname "$0")/lib.sh"

source='
int two(int a, int b)
{
#ifdef PATCHED
	a++;
#endif
	if (a > b) {
		static int count = 1;
		return count += a;
	} else {
		static int count = 2;
		return count += b;
	}
}'
compile <<<"$source"
module
differ
relocations .text.two <<'END'
.text.two PLT32 __fentry__
.text.two PC32 late.count.1..target.0
.text.two PC32 late.count.1..target.0
.text.two PC32 late.count.0..target.0
.text.two PC32 late.count.0..target.0
END
undefined <<'END'
late.count.0..target.0 target count.0 0
late.count.1..target.0 target count.1 0
END

compile <<'END'
int two(int a, int b)
{
	if (a > b) {
		static int count;
		return count += a;
	}
#ifndef PATCHED
	static int count;
	return count += b;
#else
	return b;
#endif
}
END
module
refused "count"
