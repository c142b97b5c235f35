#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Static variables that share a section: the assembler writes the end of one array as the beginning of
# the next, and x[i - 1] as a place in the one before. Where the patch moves them apart, and nothing
# tells which is meant, it is refused; where it is certain, or does not matter, it is not.
. "$(dirname "$0")/lib.sh"

common='
#define __read_mostly __section(".data..read_mostly")
#define loop(array, i) do { int *p; for (p = array; p < array + 8; p++) *p += i; } while (0)
void sink(void *);
#ifdef PATCHED
#define NEW(text...) text
#else
#define NEW(text...)
#endif
#line 1 "test.c"
'
# two [FLAG...]: C on stdin is compiled; the target is a module
two() {
	{ printf '%s' "$common"; cat; } | compile "$@"
	module
}
# uncertain TEXT...: refused, since an address may be of two variables
uncertain() {
	refused "leave the section attribute" "apart" "$@"
}

# The end of a new array is where an old variable begins (GCC writes later variables first).
two <<'END'
static int old __read_mostly = 1;
NEW(static int added[8] __read_mostly = { 1, 2 };)
int user(int a) { return old += a; }
int changed(int a) { NEW(loop(added, a);) return a; }
END
uncertain "changed" "added" "old"

# The end of an old one is where a new one begins.
two <<'END'
NEW(static int added __read_mostly = 1;)
static int old[8] __read_mostly = { 1, 2 };
int user(int a) { loop(old, a); return a; }
int changed(int a) { NEW(a += added++;) loop(old, a); return a; }
END
uncertain "user" "added" "old"

# By an index: the displacement is inside the other one.
two <<'END'
static int old[8] __read_mostly = { 1, 2 };
NEW(static int added[8] __read_mostly = { 1, 2 };)
int user(int a) { return old[a]++; }
int changed(int a) { NEW(a += added[a - 1]++;) return a; }
END
uncertain "changed" "added" "old"

# As an initial value.
two <<'END'
NEW(static int first[8] __read_mostly = { 1, 2 };)
static int old __read_mostly = 1;
NEW(static int added[8] __read_mostly = { 1, 2 };)
NEW(static int *end = added + 8, *begin = first;)
int user(int a) { return old += a; }
int changed(int a) { NEW(sink(end++); sink(begin++); a += first[0] + added[1];) return a; }
END
uncertain "end" "added" "old"

# What was removed moves the others together.
two <<'END'
static int a1[8] __read_mostly = { 1 };
#ifndef PATCHED
static int gone[8] __read_mostly = { 2 };
#endif
static int a2[8] __read_mostly = { 3 };
int user(int a) { loop(a1, a); loop(a2, a); return a; }
int changed(int a)
{
#ifndef PATCHED
	loop(gone, a);
#endif
	loop(a1, a);
	return a;
}
END
refused "changed" "none less" "a1" "a2"

# Two old ones stay where they are, so all of their addresses are good; new variables elsewhere too.
two <<'END'
static int a1[8] __read_mostly = { 1 };
static int a2[8] __read_mostly = { 2 };
static int *ends[] = { a1 + 8, a2 + 8, a1, a2 };
NEW(static int added[8];)
int user(int a) { loop(a1, a); loop(a2, a); sink(ends[a]++); return a; }
int changed(int a) { NEW(a++; loop(added, a);) loop(a1, a); loop(a2, a); sink(ends[a]); return a + a1[a - 1]; }
END
differ
changed <<'END'
changed target 0 changed
END

# Only accessed: the instruction says what is read or written, so it is certain. A flag of one byte,
# as those of WARN_ONCE(), has no neighbour's addresses.
two -include stddef.h <<'END'
static int old __read_mostly = 1;
static _Bool once1 __section(".data.once"), once2 __section(".data.once");
NEW(static int added[8] __read_mostly = { 1, 2 };)
NEW(static _Bool once3 __section(".data.once");)
int user(int a) { sink(&once1); sink(&once2); return old += a + once1 + once2; }
int changed(int a)
{
	int gs;
	NEW(sink(&once3);)
	sink(&once2);
	asm volatile("movl %%gs:%c1, %0" : "=r" (gs) : "i" (&old));
	NEW(added[7] = 0x1234567; a += added[3] + gs;)
	return old += a;
}
END
differ
changed <<'END'
changed target 0 changed
END

# Global variables are named, so what is not named is the static one. Its end is not the next one.
two <<'END'
int old1 __read_mostly = 1;
NEW(static int added[8] __read_mostly = { 1, 2 };)
int old2 __read_mostly = 1;
int user(int a) { return old1 += old2 += a; }
int changed(int a) { NEW(loop(added, a);) return a; }
END
differ
relocations .text.changed <<'END'
.text.changed PLT32 __fentry__
.text.changed 32S .data..read_mostly
.text.changed 32S .data..read_mostly+32
END
