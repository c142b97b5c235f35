#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The order in which the compiler first needs the special sections is no change of the functions that
# have entries in them.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define lock(v) asm volatile(".pushsection .smp_locks, \"a\"\n.balign 4\n.long 671f - .\n.popsection\n671: lock incl %0" : "+m" (v))
#define fault() asm volatile("1: nop\n.pushsection __ex_table, \"a\"\n.long 1b - ., 1b - ., 2\n.popsection")
#define bug() asm volatile("1: ud2\n.pushsection .discard.reachable\n.long 1b - .\n.popsection")
int counter;
#ifdef PATCHED
int added(int a) { fault(); bug(); lock(counter); return a; }
#endif
int same(int a) { lock(counter); bug(); fault(); return a; }
END
[ "$(readelf -SW test.orig.o | grep -o '__ex_table\|\.smp_locks' | tr '\n' ' ')" != \
	"$(readelf -SW test.patched.o | grep -o '__ex_table\|\.smp_locks' | tr '\n' ' ')" ] || fail "the order is the same"
module
differ
changed <<'END'
END
symbols <<'END'
global func added .text.added+0
END
