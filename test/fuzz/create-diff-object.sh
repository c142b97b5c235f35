#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# create-diff-object with damaged input files: originals, patched objects, images, symbol tables.
#
#   test/fuzz/create-diff-object.sh [COUNT [SEED]]
#
# Meant for a sanitizer build: make SAN=1 BUILD=build/san, then KP_BUILD=build/san. A finding's files
# are kept in its directory fuzz-findings.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/diff/lib.sh"
. "$KP_TOP/test/fuzz/lib.sh"

count=${1:-300} seed=${2:-1}

# something of everything that has a rule
compile <<'END'
#define bug() asm volatile("1: ud2\n.pushsection __bug_table, \"aw\"\n2: .long 1b - .\n.long %c0 - .\n" \
	".word %c1\n.word 0\n.org 2b + 12\n.popsection" : : "i" ("file.c"), "i" (__LINE__))
#define alt(new) asm volatile("661: nop\n662:\n.pushsection .altinstructions, \"a\"\n.long 661b - .\n.long 663f - .\n" \
	".2byte 5\n.byte 662b - 661b\n.byte 664f - 663f\n.popsection\n" \
	".pushsection .altinstr_replacement, \"ax\"\n663: " new "\n664:\n.popsection" : : : "memory")
#define branch(key) ({ asm goto("1: jmp %l[yes]\n.pushsection __jump_table, \"aw\"\n" \
	".balign 8\n.long 1b - .\n.long %l[yes] - .\n.quad %c0 + 2 - .\n.popsection" : : "i" (&key) : : yes); })
#define lock(v) asm volatile(".pushsection .smp_locks, \"a\"\n.balign 4\n.long 671f - .\n.popsection\n671: lock incl %0" : "+m" (v))
#define pv() asm volatile("771: call *pv_ops(%rip)\n772:\n.pushsection .parainstructions, \"a\"\n.balign 8\n" \
	".quad 771b\n.byte 0\n.byte 772b - 771b\n.popsection")
#define CALLBACK(kind, function) static struct { void *fn; char *objname; } \
	kpatch_##kind##_data __used __section(".kpatch.callbacks." #kind) = { .fn = function }
void __attribute__((cold)) complain(int n);
struct { char *name; int enabled; long entries; } __tracepoint_event;
static const int table[] = { 1, 2, 3, 4 };
static int read_mostly __section(".data..read_mostly") = 3;
static int read_mostly2 __section(".data..read_mostly") = 4;
int (*handler)(int);
static noinline int helper(int a) { static int count; return count += a + table[a & 3]; }
__section(".sched.text") noinline int in_sched(int a) { return helper(a) + 1; }
__section(".sched.text") noinline int in_sched2(int a)
{
#ifdef PATCHED
	a *= 7;
#endif
	bug();
	return in_sched(a + 1) * 2;
}
int first(int a)
{
	if (__builtin_expect(a < 0, 0)) {
#ifdef PATCHED
		complain(4);
#endif
		complain(read_mostly++);
	}
	alt("lfence");
	branch(__tracepoint_event.enabled);
	return read_mostly2 += a;
yes:
	return _printk("event %s", __func__);
}
int second(int a)
{
	static int count __used, __warned __used;

#ifdef PATCHED
	if (!__warned++)
		_printk("patched %d\n", a);
#endif
	lock(count);
	pv();
	handler = helper;
	switch (a) { case 0: return 5; case 1: return 99; case 2: return 7; case 3: return 31; case 4: return 8; }
	alt("call helper2");
	bug();
	return _printk("second %d\n", a);
}
#ifdef PATCHED
static int state;
static int pre(void) { return state++; }
CALLBACK(pre_patch, pre);
static void dtor(void *obj, void *data) { state = 0; }
static struct { const char *name; ulong id; void *fn[4]; const char *file, *objname; unsigned int word[4]; } \
	declared_state __used __section(".kpatch.states") __attribute__((aligned(8))) = { "state", 0, { pre }, "file.c" };
static struct { void *site; ulong id; void *fn[2]; const char *name, *file, *objname, *state; ulong size; unsigned int word[2]; } \
	declared_type __used __section(".kpatch.shadow_types") __attribute__((aligned(8))) = { 0, 3, { 0, dtor }, "ID", "file.c", 0, "state", 8 };
void shadow_free(void *obj, ulong id, void *dtor) asm("klp_shadow_free.kpatch_recorded");
#define recorded(id, how) do { asm volatile("775:\n.pushsection .kpatch.shadow, \"aw\"\n.quad 775b, %c0, 0, %c1, %c2, %c2, 0, 0, 8\n" \
	".long 1, " #how "\n.popsection" : : "i" (id), "i" (dtor), "i" ("name")); shadow_free(&state, id, dtor); } while (0)
void shadow(int a) { recorded(3, 2); recorded(4, 0x202); if (a) recorded(5, 0x102); }
int added(int a) { shadow(a); return second(a) + in_sched2(a); }
#endif
static void *ignore __used __section(".kpatch.ignore.functions") = helper;
END
exports vmlinux klp_shadow_free
another twin <<'END'
static noinline int helper(int a) { return a - 3; }
int user_of_twin(int a) { return helper(a) * 5; }
END
module twin.o test.plain.o
differ
kernel twin.o test.plain.o
differ
symbols_of vmlinux
differ

run=(create-diff-object --plain test.plain.o --report report.json)
objects=(test.orig.o test.patched.o)
bad=0
"$mutate" $((count * 6 / 10)) "$seed" "${objects[@]}" -- \
	"${run[@]}" "${objects[@]}" target target.ko Module.symvers patch output.o || bad=1
"$mutate" $((count * 2 / 10)) "$((seed + 1))" test.plain.o target.ko -- \
	"${run[@]}" "${objects[@]}" target target.ko Module.symvers patch output.o || bad=1
"$mutate" $((count / 10)) "$((seed + 2))" test.plain.o vmlinux -- \
	"${run[@]}" "${objects[@]}" vmlinux vmlinux Module.symvers patch output.o || bad=1
"$mutate" $((count / 10)) "$((seed + 3))" symbols.txt Module.symvers "${objects[@]}" -- \
	"${run[@]}" "${objects[@]}" vmlinux symbols.txt Module.symvers patch output.o || bad=1
exit $bad
