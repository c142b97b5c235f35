#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# The types of kept variables from damaged debug information: create-diff-object refuses it or finds a
# type, and never crashes or hangs.
#
#   test/fuzz/type-hash.sh [COUNT [SEED]]
#
# Meant for a sanitizer build, see create-diff-object.sh.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/diff/lib.sh"
. "$KP_TOP/test/fuzz/lib.sh"

count=${1:-300} seed=${2:-1}

cat >code.c <<'END'
typedef unsigned long long u64;
struct kp_keep { void *init; ulong size, align; u64 type; const char *name, *file, *objname; unsigned int line; };
#define KEEP(v) static struct kp_keep __used __attribute__((aligned(8))) __section(".kpatch.keep") kpatch_keep_##v = { \
	&v, sizeof(v), __alignof__(v), 0, #v, "test.c", 0, __LINE__ }
struct list_head { struct list_head *next, *prev; };
enum color { RED, GREEN };
struct opaque;
typedef struct { int x : 3, y : 20; } bits_t;
struct all {
	unsigned char b; _Bool t; const volatile int *p; long long ll; bits_t bits;
	unsigned long long g1 : 33, g2 : 31;
	struct list_head l[3];
	union { int a; float d; struct { short s1, s2; }; };
	enum color color;
	int m[2][3]; ulong (*array)[4];
	int (*fn)(struct opaque *, const char *fmt, ...);
	void (*cb)(void (*)(int), enum color);
	struct opaque **pp;
	char tail[];
};
extern int changed(int a);
#ifdef PATCHED
static struct all all;
static struct list_head rows[2][3];
static int number;
ulong global;
KEEP(all);
KEEP(rows);
KEEP(number);
KEEP(global);
#endif
int changed(int a)
{
#ifdef PATCHED
	static char here;
	KEEP(here);
	a += all.m[a & 1][2] + here++ + number++ + (rows[1][2].next == &rows[1][1]) + global++;
#endif
	return a;
}
END
compile <code.c
module

bad=0
# damage COMPILER FLAG...: a share of the rounds, with what this compiler writes
damage() {
	local compiler=$1
	shift
	command -v "$compiler" >/dev/null || return 0
	"$compiler" "${kernel_flags[@]}" -ffunction-sections -fdata-sections -DPATCHED -g -gz=none "$@" -c -o types.o test.c
	create-diff-object --types types.o test.orig.o test.patched.o target target.ko Module.symvers patch output.o >out 2>&1 || {
		cat out >&2
		fail "$compiler $*: the undamaged file is refused"
	}
	"$mutate" --only .debug_ $((count / 4)) "$seed" types.o -- \
		create-diff-object --types types.o test.orig.o test.patched.o target target.ko Module.symvers patch output.o || bad=1
	"$mutate" $((count / 12)) "$seed" types.o test.patched.o -- \
		create-diff-object --types types.o test.orig.o test.patched.o target target.ko Module.symvers patch output.o || bad=1
	seed=$((seed + 1))
}
damage gcc -gdwarf-4
damage gcc -gdwarf-5
damage gcc -gdwarf-2 -gstrict-dwarf
exit $bad
