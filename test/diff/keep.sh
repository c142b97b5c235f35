#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# KPATCH_KEEP(): the variable comes along in a section of its own, with its size, type and place; what
# cannot be kept is refused with the reason.
. "$(dirname "$0")/lib.sh"

# As in kmod/include/kpatch, which needs the kernel's headers.
{
	cat <<-'END'
		typedef unsigned long long u64;
		#define __aligned(n) __attribute__((aligned(n)))
		#define __PASTE_(a, b) a##b
		#define __PASTE(a, b) __PASTE_(a, b)
		#define __UNIQUE_ID(prefix) __PASTE(__PASTE(__UNIQUE_ID_, prefix), __COUNTER__)
	END
	sed -n '/^struct kp_keep/,/^};/p' "$KP_TOP/kmod/include/kpatch/kpatch-core.h"
	sed -n '/^#if __has_attribute(__no_reorder__)/,/^#endif/p; /^#define __kpatch_entry/,/[^\\]$/p
		/^#define KPATCH_KEEP/,/[^\\]$/p' "$KP_TOP/kmod/include/kpatch/kpatch-macros.h"
} >macros.h

# kept [FLAG...]: C on stdin, also compiled for its types
kept() {
	compile -include ./macros.h "$@"
	gcc "${kernel_flags[@]}" -ffunction-sections -fdata-sections -include ./macros.h "$@" -DPATCHED -g -gz=none \
		-c -o test.types.o test.c
}

# Its own section shows as "kept:VARIABLE".
describe_kept() {
	"$describe" symbols output.o |
		sed -n 's/.* object \([^ ]*\) \(\.data\.\.kept\.[0-9a-f]*\)+0$/s|\2|kept:\1|g/p' >names.sed
	"$describe" "$1" output.o | sed -f names.sed
}

# not_kept TEXT...: refused; CODE on stdin is new in the patch
not_kept() {
	{
		echo 'extern int elsewhere; int old = 1; static int old_static; int user(void) { return old_static++; }'
		echo '#ifdef PATCHED'
		echo '#line 1 "test.c"'
		cat
		echo '#endif'
	} | kept
	module
	ends 2 --types test.types.o
	says "$@"
}

cat >source <<'END'
int old;
struct hit { struct hit *next; int count : 3; long more; };
#ifdef PATCHED
static struct hit hits[4];
static int count = 5;
int global;
static int shared1 __section(".data..read_mostly") = 1, shared2 __section(".data..read_mostly") = 2;
static struct hit list = { &list, 1 };
static int plain;
static int unused;
KPATCH_KEEP(hits);
KPATCH_KEEP(count);
KPATCH_KEEP(global);
KPATCH_KEEP(shared2);
KPATCH_KEEP(list);
KPATCH_KEEP(unused);
#endif
int changed(int a)
{
#ifdef PATCHED
	static int count_here;
	struct hit *h;
	KPATCH_KEEP(count_here);

	for (h = hits; h < hits + 4; h++)
		h->more += a;
	a += count++ + shared1++ + shared2++ + plain++ + count_here++ + (list.next == &list);
#endif
	return a + old++;
}
END
kept <source
module
differ --types test.types.o
same "sections" "$(describe_kept sections | grep kept: | sort)" <<'END'
kept:count WA
kept:count_here.0 WA
kept:global WA
kept:hits WA
kept:list WA
kept:shared2 WA
kept:unused WA
END
same "relocations" "$(describe_kept relocations | grep -v fentry)" <<'END'
.kpatch.keep 64 kept:hits
.kpatch.keep 64 .rodata.str1.1"hits"
.kpatch.keep 64 .rodata.str1.1"test.c"
.kpatch.keep 64 .kpatch.strings"target"
.kpatch.keep 64 kept:count
.kpatch.keep 64 .rodata.str1.1"count"
.kpatch.keep 64 .rodata.str1.1"test.c"
.kpatch.keep 64 .kpatch.strings"target"
.kpatch.keep 64 global@kept:global
.kpatch.keep 64 .rodata.str1.1"global"
.kpatch.keep 64 .rodata.str1.1"test.c"
.kpatch.keep 64 .kpatch.strings"target"
.kpatch.keep 64 kept:shared2
.kpatch.keep 64 .rodata.str1.1"shared2"
.kpatch.keep 64 .rodata.str1.1"test.c"
.kpatch.keep 64 .kpatch.strings"target"
.kpatch.keep 64 kept:list
.kpatch.keep 64 .rodata.str1.1"list"
.kpatch.keep 64 .rodata.str1.1"test.c"
.kpatch.keep 64 .kpatch.strings"target"
.kpatch.keep 64 kept:unused
.kpatch.keep 64 .rodata.str1.1"unused"
.kpatch.keep 64 .rodata.str1.1"test.c"
.kpatch.keep 64 .kpatch.strings"target"
.kpatch.keep 64 kept:count_here.0
.kpatch.keep 64 .rodata.str1.1"count_here"
.kpatch.keep 64 .rodata.str1.1"test.c"
.kpatch.keep 64 .kpatch.strings"target"
.text.changed 32S kept:hits
.text.changed 32S kept:hits+96
.text.changed PC32 kept:count
.text.changed PC32 kept:shared2
.text.changed PC32 .bss.plain
.text.changed PC32 kept:count
.text.changed PC32 .data..read_mostly
.text.changed PC32 .data..read_mostly
.text.changed PC32 kept:shared2
.text.changed PC32 .bss.plain
.text.changed PC32 kept:count_here.0
.text.changed PC32 kept:list-4
.text.changed 32S kept:list
.text.changed PC32 kept:count_here.0
.text.changed PC32 late.old..target.0
.text.changed PC32 late.old..target.0
__mcount_loc 64 .text.changed
kept:list 64 kept:list
END
new_data <<'END'
count_here/changed 4 kept test.c:23
unused 4 kept test.c:16
plain 4 new
list 24 kept test.c:15
shared2 4 kept test.c:14
shared1 4 new
global 4 kept test.c:13
count 4 kept test.c:12
hits 96 kept test.c:11
END

# types VARIABLE...: the hashes of their types
types() {
	perl -MJSON::PP -e '
		local $/;
		my %type = map { $_->{name} => $_->{type} } @{decode_json(<STDIN>)->{new_data}};
		print map { "$type{$_}\n" } @ARGV' "$@" <report.json
}
types hits list count global count_here >before
[ "$(sort -u before | wc -l)" = 3 ] || fail "hits, list and int have $(sort -u before | wc -l) types"
# FNV-1a of what create-diff-object/type-hash.h says.
fnv() {
	perl -e '
		use integer;
		my $h = 0xcbf29ce484222325;
		$h = ($h ^ ord) * 0x100000001b3 for split //, $ARGV[0];
		printf "0x%x\n", $h' "$1"
}
hit='struct hit:24{0000000000:next:*struct hit;0000000064/3:count:base:5:4;0000000128:more:base:5:8;}'
same "types" "$(cat before)" <<END
$(fnv "[4]$hit")
$(fnv "$hit")
$(fnv base:5:4)
$(fnv base:5:4)
$(fnv base:5:4)
END

# What the name of a type is, or the order and the compiler's options, does not count. A member does.
before=$(types hits list)
sed -i 's/long more;/number_t more;/; s/^struct hit {/typedef long number_t; extern struct hit hit_to_come; &/' source
kept -Os <source
differ --types test.types.o
[ "$(types hits list)" = "$before" ] || fail "the types differ"
sed -i 's/number_t more;/&\n\tint third;/' source
kept <source
differ --types test.types.o
[ "$(types hits)" != "$(echo "$before" | head -n 1)" ] || fail "another member, and the same type"

# Without the types there is no telling.
ends 2
says "KPATCH_KEEP(): the types of variables are not known" "--types"
gcc "${kernel_flags[@]}" -ffunction-sections -fdata-sections -include ./macros.h -DPATCHED -c -o test.types.o test.c
ends 2 --types test.types.o
says "KPATCH_KEEP(): the types of variables are not known: test.types.o: no debug information"
echo 'int x;' | gcc -g -c -o test.types.o -x c -
ends 2 --types test.types.o
says "KPATCH_KEEP(hits) at test.c:" "its type is not known: test.types.o: there is no variable hits"

# What cannot be kept.
not_kept "KPATCH_KEEP(old) at test.c:1: is the kernel's own variable" <<'END'
KPATCH_KEEP(old);
END
not_kept "KPATCH_KEEP(old_static) at test.c:1: is the kernel's own variable" <<'END'
KPATCH_KEEP(old_static);
END
not_kept "KPATCH_KEEP(elsewhere) at test.c:1: is not defined in this source" <<'END'
KPATCH_KEEP(elsewhere);
END
not_kept "KPATCH_KEEP(user) at test.c:1: is not defined in this source" <<'END'
KPATCH_KEEP(user);
END
not_kept "KPATCH_KEEP(constant) at test.c:2: is constant" <<'END'
static const int constant = 3;
#undef KPATCH_KEEP
#define KPATCH_KEEP(v) static struct kp_keep __UNIQUE_ID(k) __kpatch_entry(".kpatch.keep") = { (void *)&v, sizeof(v), \
	4, 0, #v, __FILE__, 0, 2 }
KPATCH_KEEP(constant);
END
not_kept "KPATCH_KEEP(cpu) at test.c:2: is per-CPU" <<'END'
static int cpu __section(".data..percpu");
KPATCH_KEEP(cpu);
END
not_kept "KPATCH_KEEP(once) at test.c:2: becomes read-only" <<'END'
static int once __section(".data..ro_after_init");
KPATCH_KEEP(once);
END
not_kept "KPATCH_KEEP(early) at test.c:2: is freed when the patch is loaded" <<'END'
static int early __section(".init.data") = 3;
KPATCH_KEEP(early);
END
not_kept "KPATCH_KEEP(own) at test.c:2: is in a section of its own kind" <<'END'
static int own __section("my_list") = 3;
KPATCH_KEEP(own);
END
not_kept "KPATCH_KEEP(pair.b) at test.c:2: is not the name of a variable" \
	"keep the whole variable" <<'END'
static struct { int a, b; } pair;
KPATCH_KEEP(pair.b);
END
not_kept "KPATCH_KEEP(pair.a) at test.c:2: is not the name of a variable" <<'END'
static struct { int a, b; } pair;
KPATCH_KEEP(pair.a);
END
not_kept "KPATCH_KEEP(flex) at test.c:2: has 12 bytes, and its type says 4" <<'END'
static struct { int n; int list[]; } flex = { 2, { 1, 2 } };
KPATCH_KEEP(flex);
END
not_kept "KPATCH_KEEP(wide) at test.c:2: is aligned to more than a page" <<'END'
static int wide __aligned(8192);
KPATCH_KEEP(wide);
END
not_kept "KPATCH_KEEP(twice) at test.c:3: is kept already, at test.c:2" <<'END'
static int twice;
KPATCH_KEEP(twice);
KPATCH_KEEP(twice);
END
not_kept "KPATCH_KEEP(empty) at test.c:2: has no bytes: there is nothing to keep" <<'END'
static struct { } empty;
KPATCH_KEEP(empty);
END

# The name is the key: two variables of one name, also when only one is to be kept, and the kernel's.
other='is not the only variable of this name in its source file'
not_kept "KPATCH_KEEP(same) at test.c:1: $other" "KPATCH_KEEP(same) at test.c:2: $other" <<'END'
int one(int a) { static int same; KPATCH_KEEP(same); return same += a; }
int two(int a) { static long same; KPATCH_KEEP(same); return same += a; }
END
not_kept "KPATCH_KEEP(same) at test.c:2: $other" "give it a name of its own" <<'END'
int one(int a) { static int same; return same += a; }
int two(int a) { static int same; KPATCH_KEEP(same); return same += a; }
END
kept <<'END'
int changed(int a)
{
	static int same;
#ifdef PATCHED
	if (a) {
		static long same, alone;
		KPATCH_KEEP(same);
		return same += a + alone++;
	}
#endif
	return same += a;
}
END
module
ends 2 --types test.types.o
says "KPATCH_KEEP(same) at test.c:7: $other"

# Qualifiers are no reason for a warning.
kept -Werror <<'END'
#ifdef PATCHED
static volatile int hot;
KPATCH_KEEP(hot);
#endif
int changed(int a)
{
#ifdef PATCHED
	hot++;
#endif
	return a;
}
END
module
differ --types test.types.o
new_data <<'END'
hot 4 kept test.c:3
END

# The report says "keepable" only of what would be kept.
kept <<'END'
#ifdef PATCHED
struct { } empty;
int wide __aligned(8192);
#endif
int changed(int a)
{
#ifdef PATCHED
	static int alone;
	asm volatile("" : : "m" (empty));
	a += alone++ + wide++;
	{ static int same; a += same++; }
	{ static int same; a += same++; }
#endif
	return a;
}
END
module
differ
new_data <<'END'
same/changed 4 cannot be kept
same/changed 4 cannot be kept
alone/changed 4 new
wide 4 cannot be kept
empty 0 cannot be kept
END

not_kept "a kept variable without name or place" <<'END'
static int var;
static struct kp_keep entry __kpatch_entry(".kpatch.keep") = { &var, 4, 4 };
END
