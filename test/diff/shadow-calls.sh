#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Types of shadow variables from the calls: the header that kpatch-build puts before the kernel's own
# describes each, whatever the compiler makes of it.
. "$(dirname "$0")/lib.sh"

# What of the kernel's headers these need.
mkdir -p fake/linux
touch fake/linux/gfp.h
cat >fake/linux/types.h <<'END'
typedef unsigned long long u64;
typedef unsigned char u8;
END
cat >fake/linux/livepatch.h <<'END'
#define IS_ENABLED(option) 1
#define NULL ((void *)0)
typedef unsigned long size_t;
typedef unsigned int gfp_t;
typedef int (*klp_shadow_ctor_t)(void *obj, void *shadow_data, void *ctor_data);
typedef void (*klp_shadow_dtor_t)(void *obj, void *shadow_data);
void *klp_shadow_get(void *obj, unsigned long id);
void *klp_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp, klp_shadow_ctor_t ctor, void *data);
void *klp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp, klp_shadow_ctor_t ctor, void *data);
void klp_shadow_free(void *obj, unsigned long id, klp_shadow_dtor_t dtor);
void klp_shadow_free_all(unsigned long id, klp_shadow_dtor_t dtor);
END
flags=(-fno-delete-null-pointer-checks -I"$KP_TOP/kmod/include/record" -I"$KP_TOP/kmod/include/kpatch" -Ifake)
exports vmlinux klp_shadow_{get,alloc,get_or_alloc,free,free_all}

# Each that is there, once; contrib/install-deps compilers installs what Debian has.
declare -A seen
compilers=()
for name in gcc clang gcc-{9..15} clang-{11..24}; do
	path=$(readlink -f "$(command -v "$name")") || continue
	[ -n "${seen[$path]:-}" ] || compilers+=("$name")
	seen[$path]=1
done
gcc_flags=("${kernel_flags[@]}")
mapfile -t clang_flags < <(printf '%s\n' -fno-addrsig "${kernel_flags[@]}" | grep -v -e -mrecord-mcount -e -fno-ipa-icf)

# Only GCC lists the calls of __fentry__ by itself.
with_clang() {
	local args=("$@") output=${*: -2:1} source=${*: -1}
	"$clang" "${args[@]:0:$# - 4}" -S -o listing.s "$source"
	sed -i 's/^\tcallq\t__fentry__.*/773: call __fentry__\n.pushsection __mcount_loc, "a"\n.quad 773b\n.popsection/' listing.s
	gcc -c -o "$output" listing.s
}

# use COMPILER: compile with it from now on
use() {
	case $1 in
	clang*) clang=$1 cc=with_clang kernel_flags=("${clang_flags[@]}") ;;
	*) cc=$1 kernel_flags=("${gcc_flags[@]}") ;;
	esac
}

cat >shapes.c <<'END'
#include <linux/livepatch.h>
enum { SV_ENUM = 7, SV_BRANCH };
#define SV_LARGE 0xdeadbeefcafe1234UL
struct data { long a[3]; };
static int ctor(void *obj, void *data, void *arg) { *(int *)data = 1; return 0; }
static void dtor(void *obj, void *data) { *(int *)data = 0; }
void extern_dtor(void *obj, void *data) { *(int *)data = 2; }
static inline __attribute__((always_inline)) void helper(void *o, unsigned long id, klp_shadow_dtor_t d) { klp_shadow_free(o, id, d); }
static inline void *may_inline(void *o, size_t n) { return klp_shadow_get_or_alloc(o, 0x11, n, 1, NULL, NULL); }
static void once(void *o, unsigned long id, size_t n) { _printk("once"); klp_shadow_alloc(o, id, n, 1, ctor, o); }
void *alloc(void *o)
{
#ifdef PATCHED
	return klp_shadow_alloc(o, SV_ENUM, sizeof(struct data), 1, ctor, 0);
#endif
	return 0;
}
void other(void *o, int n)
{
#ifdef PATCHED
	void *p = klp_shadow_get_or_alloc(o, SV_LARGE, 8, 1, NULL, &n);
	if (__builtin_expect(!p, 0)) {
		_printk("cold");
		klp_shadow_free(o, SV_LARGE, NULL);
		klp_shadow_free(o, SV_LARGE + 1, dtor);
	}
	for (int i = 0; i < n; i++)
		helper(klp_shadow_get(o, 3), 3, dtor);
	if (n == 1)
		klp_shadow_free(o, SV_BRANCH, dtor);
	else if (n == 2)
		klp_shadow_free(o, SV_BRANCH + 1, dtor);
	klp_shadow_free_all(SV_ENUM, extern_dtor);
#endif
}
/* Sizes: one for all, one that differs, one that is not constant. */
void sizes(void *o, int n)
{
#ifdef PATCHED
	klp_shadow_alloc(o, 0x10, 16, 1, NULL, NULL);
	if (n)
		klp_shadow_alloc(o, 0x10, 16, 1, NULL, NULL);
	may_inline(o, 24);
	klp_shadow_alloc(o, 0x12, 16, 1, NULL, NULL);
	klp_shadow_alloc(o, 0x12, 17, 1, NULL, NULL);
	klp_shadow_alloc(o, 0x13, 16, 1, NULL, NULL);
	klp_shadow_alloc(o, 0x13, n, 1, NULL, NULL);
	once(o, 0x14, 40);
#endif
}
void unchanged(void *o) { klp_shadow_free(o, 99, dtor); }
END
# Where the compiler keeps a helper as a function of its own it may or may not know what that is called with.
cat >want <<'END'
0x10 0x10 - - 16 test.c:40 test.c:42
0x11 0x11 - - 24 test.c:9
0x12 0x12 - - 0 test.c:44 test.c:45
0x13 0x13 - - 0 test.c:46 test.c:47
0x14 id ctor - 40 test.c:10
0x3 id - dtor 0 test.c:8
0x7 SV_ENUM ctor extern_dtor 24 test.c:14 test.c:33
0x8 SV_BRANCH - dtor 0 test.c:30
0x9 SV_BRANCH + 1 - dtor 0 test.c:32
0xdeadbeefcafe1234 SV_LARGE - - 8 test.c:21 test.c:24
0xdeadbeefcafe1235 SV_LARGE + 1 - dtor 0 test.c:25
END

# What cannot be known is refused, and says which line. Known not to be NULL is not known.
cat >unknown.c <<'END'
#include "kpatch-shadow.h"
static void dtor(void *obj, void *data) { *(int *)data = 0; }
static noinline void wrapper(void *o, unsigned long id) { klp_shadow_free(o, id, dtor); _printk("%lu", id); }
int by_id(void *o, unsigned long id, klp_shadow_dtor_t d, int c)
{
#ifdef PATCHED
	klp_shadow_free(o, id, dtor);
#endif
	return 0;
}
int by_dtor(void *o, unsigned long id, klp_shadow_dtor_t d, int c)
{
#ifdef PATCHED
	klp_shadow_free(o, 7, d);
#endif
	return 0;
}
int tested(void *o, unsigned long id, klp_shadow_dtor_t d, int c)
{
#ifdef PATCHED
	if (d) klp_shadow_free(o, 7, d);
#endif
	return 0;
}
int merged(void *o, unsigned long id, klp_shadow_dtor_t d, int c)
{
#ifdef PATCHED
	klp_shadow_free_all(c ? 7 : c + 8, dtor);
#endif
	return 0;
}
int wrapped(void *o, unsigned long id, klp_shadow_dtor_t d, int c)
{
#ifdef PATCHED
	wrapper(o, 7);
	wrapper(o, 8);
#endif
	return 0;
}
int named(void *o, unsigned long id, klp_shadow_dtor_t d, int c)
{
#ifdef PATCHED
	kpatch_shadow_alloc(o, (char *)id, 8, 1);
#endif
	return 0;
}
static __attribute__((unused)) char changing[4] = "abc";
int array(void *o, unsigned long id, klp_shadow_dtor_t d, int c)
{
#ifdef PATCHED
	changing[0] = c;
	kpatch_shadow_free(o, changing);
#endif
	return 0;
}
int two_names(void *o, unsigned long id, klp_shadow_dtor_t d, int c)
{
#ifdef PATCHED
	kpatch_shadow_free(o, c ? "y" : "z");
#endif
	return 0;
}
int plain(void *o, unsigned long id, klp_shadow_dtor_t d, int c)
{
#ifdef PATCHED
	(klp_shadow_free)(o, 7, dtor);
#endif
	return 0;
}
int pointer(void *o, unsigned long id, klp_shadow_dtor_t d, int c)
{
#ifdef PATCHED
	static void *(*volatile p)(void *, unsigned long, size_t, gfp_t, klp_shadow_ctor_t, void *) = klp_shadow_get_or_alloc;

	p(o, 7, 8, 1, 0, 0);
#endif
	return 0;
}
END
# One of two functions: the compiler ends it, and says where and why.
cat >either.c <<'END'
#include <linux/livepatch.h>
static void one(void *obj, void *data) { *(int *)data = 0; }
static void other(void *obj, void *data) { *(int *)data = 1; }
void f(void *o, int c)
{
	klp_shadow_free(o, 7, c ? one : other);
}
END
constant="shadow variable whose id, ctor or dtor is not constant at test.c"

for compiler in "${compilers[@]}"; do
	use "$compiler"
	for level in -O2 -Os; do
		echo "== $compiler $level"
		compile "${flags[@]}" $level <shapes.c
		module
		differ
		# In the order of the code, which is the compiler's; twice what is inlined or unrolled.
		perl -MJSON::PP -e 'local $/; my $r = decode_json(<STDIN>);
			for (@{$r->{shadow_types}}) { my %seen; $_->{where} = [ sort grep { !$seen{$_}++ } @{$_->{where}} ] }
			$r->{shadow_types} = [ sort { $a->{id} cmp $b->{id} } @{$r->{shadow_types}} ];
			print encode_json($r)' <report.json >sorted
		mv sorted report.json
		shadow_types <want
		"$describe" relocations output.o >relocs
		refute kpatch_recorded relocs
		expect ".text.alloc PLT32 klp_shadow_alloc" relocs
		# Nothing refers into the middle of code any more.
		refute ".kpatch.shadow 64 .text.other+" relocs
		refute ".kpatch.shadow 64 .text.unlikely" relocs

		compile "${flags[@]}" "$level" <unknown.c
		module
		refused "by_id: $constant:7" "by_dtor: $constant:14" "tested: $constant:21" \
			"merged: $constant:28" "wrapper: $constant:3" "named: shadow variable whose name is not constant at test.c:43" "KPATCH_SHADOW_NAMED(" \
			"array: shadow variable whose name is not constant at test.c:52" \
			"two_names: shadow variable whose name is not constant at test.c:59" \
			"plain: uses klp_shadow_free other than in a plain call" \
			"uses klp_shadow_get_or_alloc other than in a plain call" \
			"KPATCH_SHADOW_TYPE(id, ctor, dtor);"

		if "$cc" "${kernel_flags[@]}" "${flags[@]}" "$level" -c -o either.o either.c 2>log; then
			fail "one of two functions was taken for constant"
		fi
		expect "either.c:6:" log
		expect "not c ? f : g" log
	done
done
use gcc

# By name, as in old patches.
compile "${flags[@]}" <<'END'
#include "kpatch-shadow.h"
void *f(void *o)
{
#ifdef PATCHED
	kpatch_shadow_free(o, "old");
	return kpatch_shadow_alloc(o, "new", 8, 1) ?: kpatch_shadow_get(o, "new");
#endif
	return 0;
}
END
module
differ
perl -e 'use integer; for my $n ("old", "new") { my $h = 0xcbf29ce484222325;
	$h = ($h ^ ord) * 0x100000001b3 for split //, $n; no integer; printf "0x%x %s - - %d test.c:%d\n",
	$h | 0x8000000000000000, $n, $n eq "old" ? (0, 5) : (8, 6) }' >want
shadow_types <want

# Arguments called like the macros' own, with commas in them, and a name that comes through a helper. The code of the
# function shows that the id arrives.
compile "${flags[@]}" <<'END'
#include "kpatch-shadow.h"
struct init { int a, b; };
static int ctor(void *obj, void *data, void *arg) { *(int *)data = ((struct init *)arg)->b; return 0; }
static inline void *by_name(void *o, const char *kpatch_var) { return kpatch_shadow_alloc(o, kpatch_var, 8, 1); }
void *f(void *o, unsigned long kpatch_id, int kpatch_size)
{
#ifdef PATCHED
	void *kpatch_ctor = klp_shadow_get(o, kpatch_id);
	klp_shadow_alloc(kpatch_ctor, 77, 8, kpatch_size, ctor, &(struct init){ 1, 2 });
	klp_shadow_get_or_alloc(kpatch_ctor, 77, 8, kpatch_size, ctor, &(struct init){ 1, 2 });
	return by_name(o, "helped");
#endif
	return 0;
}
END
module
differ
shadow_types <<END
0x4d 77 ctor - 8 test.c:9 test.c:10
$(perl -e 'use integer; my $h = 0xcbf29ce484222325; $h = ($h ^ ord) * 0x100000001b3 for split //, "helped"; no integer;
	printf "0x%x", $h | 0x8000000000000000') helped - - 8 test.c:4
END
objdump -dr --no-show-raw-insn -j .text.f test.patched.o | sed '/klp_shadow_get/q' >code
refute "xor .*esi" code

# The author has said what it is. Of what size is then not known, unless that is said, too.
declare_types='static struct { void *p; unsigned long id; void *c, *d; const char *n, *f, *o, *s; unsigned long b; unsigned int l, h; }'
in_section='__used __section(".kpatch.shadow_types") __attribute__((aligned(8), __no_reorder__))'
{
	sed 's/^int wrapped/#define KNOWN(id) klp_shadow_alloc(o, id, 16, 1, NULL, NULL)\n&/; s/wrapper(o, 8);/& KNOWN(7); KNOWN(8);/' unknown.c
	echo '#ifdef PATCHED'
	echo "$declare_types kp_type_7 $in_section = { .id = 7, .d = dtor, .n = \"7\", .f = \"x.c\", .l = 1 };"
	echo "$declare_types kp_type_8 $in_section = { .id = 8, .d = dtor, .n = \"8\", .f = \"x.c\", .l = 2, .b = 16 };"
	echo '#endif'
} >declared.c
compile "${flags[@]}" <declared.c
module
differ
shadow_types <<'END'
0x7 7 - dtor 0 x.c:1 test.c:37
0x8 8 - dtor 16 x.c:2 test.c:37
END

# An entry that is gone although the call is there.
compile "${flags[@]}" <<'END'
#include <linux/livepatch.h>
void f(void *o)
{
#ifdef PATCHED
	KPATCH_RECORDED(klp_shadow_free)(o, 7, NULL);
#endif
}
END
module
refused "f: calls klp_shadow_free, but the compiler left out what the call says" "KPATCH_SHADOW_TYPE(id, ctor, dtor);"
echo "compilers: ${compilers[*]}"
