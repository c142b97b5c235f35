#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A weak function that the target does not use, since another object has a strong one. Patching it
# would change nothing: refused. What refers to it gets the strong one.
. "$(dirname "$0")/lib.sh"

source='
__attribute__((weak)) noinline int setup(int a)
{
#ifdef SETUP
	a++;
#endif
	return a * 3;
}
int user(int a)
{
#ifdef USER
	a++;
#endif
	return setup(a) + 7;
}'
another strong <<'END'
int setup(int a) { return a * 5 - 2; }
END
compile <<<"#if defined(PATCHED)
#define SETUP
#endif
$source"
kernel test.plain.o strong.o
refused "test.orig.o: setup: is a weak definition that vmlinux does not use"

compile <<<"#if defined(PATCHED)
#define USER
#endif
$source"
kernel test.plain.o strong.o
differ
changed <<'END'
user vmlinux 0 user
END
relocations .text.user <<'END'
.text.user PLT32 __fentry__
.text.user PLT32 setup
END
undefined <<'END'
setup vmlinux setup 0
END
