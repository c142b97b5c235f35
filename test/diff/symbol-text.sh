#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Symbols as the text of `readelf -s --wide`, as old scripts give them: names that are unique, or that
# are in the object's own block of FILE symbols, are found; others are refused.
. "$(dirname "$0")/lib.sh"

another a <<'END'
static noinline int helper(int a) { return a + 3; }
int user_a(int a) { return helper(a) + 1; }
END
compile <<'END'
static noinline int helper(int a)
{
#ifdef PATCHED
	a |= 1;
#endif
	return a * 9;
}
static noinline int ours(int a) { return a * 11; }
int user(int a)
{
#ifdef PATCHED
	a ^= 4;
#endif
	return helper(a) + ours(a);
}
END
kernel a.o test.plain.o
symbols_of vmlinux
differ
changed <<'END'
helper vmlinux 2 helper
user vmlinux 0 user
END
undefined <<'END'
ours..vmlinux.0 vmlinux ours 0
END

# the same without FILE symbols, as in kallsyms
sed -i '/ FILE /d' symbols.txt
refused "test.orig.o: helper: not found in symbols.txt, or not uniquely" "give the kernel image"
