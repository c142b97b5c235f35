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
flags=(-I"$KP_TOP/kmod/include/record" -Ifake)
exports vmlinux klp_shadow_{get,alloc,get_or_alloc,free,free_all}

compile_shapes() {
	compile "${flags[@]}" "$@" <<'END'
#include <linux/livepatch.h>
enum { SV_ENUM = 7, SV_BRANCH };
#define SV_LARGE 0xdeadbeefcafe1234UL
static int ctor(void *obj, void *data, void *arg) { *(int *)data = 1; return 0; }
static void dtor(void *obj, void *data) { *(int *)data = 0; }
void extern_dtor(void *obj, void *data) { *(int *)data = 2; }
static inline __attribute__((always_inline)) void helper(void *o, unsigned long id, klp_shadow_dtor_t d) { klp_shadow_free(o, id, d); }
void *alloc(void *o)
{
#ifdef PATCHED
	return klp_shadow_alloc(o, SV_ENUM, 8, 1, ctor, 0);
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
void unchanged(void *o) { klp_shadow_free(o, 99, dtor); }
END
}
for level in -O2 -Os; do
	echo "== $level"
	compile_shapes "$level"
	module
	differ
	# In the order of the code, which is the compiler's.
	perl -MJSON::PP -e 'local $/; my $r = decode_json(<STDIN>);
		$r->{shadow_types} = [ map { $_->{where} = [ sort @{$_->{where}} ]; $_ } sort { $a->{id} cmp $b->{id} } @{$r->{shadow_types}} ];
		print encode_json($r)' <report.json >sorted
	mv sorted report.json
	shadow_types <<-'END'
		0x3 id - dtor test.c:7
		0x7 SV_ENUM ctor extern_dtor test.c:11 test.c:30
		0x8 SV_BRANCH - dtor test.c:27
		0x9 SV_BRANCH + 1 - dtor test.c:29
		0xdeadbeefcafe1234 SV_LARGE - - test.c:18 test.c:21
		0xdeadbeefcafe1235 SV_LARGE + 1 - dtor test.c:22
	END
	"$describe" relocations output.o >relocs
	refute kpatch_recorded relocs
	expect ".text.alloc PLT32 klp_shadow_alloc" relocs
	# Nothing refers into the middle of code any more.
	refute ".kpatch.shadow 64 .text.other+" relocs
	refute ".kpatch.shadow 64 .text.unlikely" relocs
done

# The same from every other compiler that is there: "ID LINE HOW" of each entry, once, since what is
# unrolled is there several times.
cat >entries <<'END'
undef $/;
my %seen;
my $data = pack "H*", join "", map { /^ +0x\S+ ((?:[0-9a-f]+ ){1,4})/ ? $1 =~ s/ //gr : () } split /\n/, <STDIN>;
for (my $at = 0; $at < length $data; $at += 64) {
	my @field = unpack "Q<7L<2", substr $data, $at, 64;
	$seen{sprintf "%x %d %x", @field[1, 7, 8]} = 1;
}
print "$_\n" for sort keys %seen;
END
tried=0
for compiler in gcc-{9..15} clang-{11..22} clang; do
	command -v "$compiler" >/dev/null || continue
	for level in -O2 -Os; do
		tried=$((tried + 1))
		"$compiler" -std=gnu11 $level -mcmodel=kernel -fno-pie -DPATCHED "${flags[@]}" -c -o other.o test.c
		readelf -x .kpatch.shadow other.o | perl entries >got
		same "calls of $compiler $level" "$(cat got)" <<-'END'
			3 7 2
			63 33 2
			7 11 1
			7 30 3
			8 27 2
			9 29 2
			deadbeefcafe1234 18 1
			deadbeefcafe1234 21 2
			deadbeefcafe1235 22 2
		END
	done
done
echo "$tried other builds"

# By name, as in old patches.
compile "${flags[@]}" -I"$KP_TOP/kmod/include/kpatch" <<'END'
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
	$h = ($h ^ ord) * 0x100000001b3 for split //, $n; no integer; printf "0x%x %s - - test.c:%d\n",
	$h | 0x8000000000000000, $n, $n eq "old" ? 5 : 6 }' >want
shadow_types <want

# What cannot be known is refused, with the line that solves it.
unknown() {
	local text=$1
	{
		cat <<-'END'
			#include <linux/livepatch.h>
			static void dtor(void *obj, void *data) { *(int *)data = 0; }
			void f(void *o, unsigned long id, klp_shadow_dtor_t d)
			{
			#ifdef PATCHED
		END
		cat
		printf '\n#endif\n}\n#ifdef PATCHED\n%s\n#endif\n' "${2:-}"
	} >unknown.c
	compile "${flags[@]}" <unknown.c
	module
	if [ -z "${2:-}" ]; then
		refused "$text" "KPATCH_SHADOW_TYPE(id, ctor, dtor);"
	else
		differ
	fi
}
constant="shadow variable whose id, ctor or dtor is not constant at test.c:6"
unknown "f: $constant" <<<'klp_shadow_free(o, id, dtor);'
unknown "$constant" <<<'klp_shadow_free(o, 7, d);'
# Known not to be NULL is not known.
unknown "$constant" <<<'if (d) klp_shadow_free(o, 7, d);'
unknown "$constant" <<<'klp_shadow_free(o, id ? 7 : 8, dtor);'
unknown "uses klp_shadow_free other than in a plain call" <<<'(klp_shadow_free)(o, 7, dtor);'
unknown "uses klp_shadow_free other than" <<<'static void (*volatile p)(void *, unsigned long, klp_shadow_dtor_t) = klp_shadow_free; p(o, 7, dtor);'
# The author has said what it is.
unknown "" 'static struct { void *p; unsigned long id; void *c, *d; const char *n, *f, *o; unsigned int l, h; } kp_type __used __section(".kpatch.shadow_types") __attribute__((aligned(8))) = { .id = 7, .d = dtor, .n = "7", .f = "x.c", .l = 1 };' \
	<<<'klp_shadow_free(o, id, dtor);'
shadow_types <<'END'
0x7 7 - dtor x.c:1
END
