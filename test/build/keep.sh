#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# KPATCH_KEEP() in patches of every kernel that is installed: all references to kept variables are rows
# for the core, types are compared across patches, and what cannot be kept is refused.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
. "$KP_TOP/test/build/lib/edit.sh"

devices='	int i = *(loff_t *) v;'
meminfo='	si_meminfo(&i);'

# edit_source FILE LINE STATEMENTS: adds to fix.patch: code from stdin before the function of LINE,
# STATEMENTS behind that line
edit_source() {
	local file=$1 line=$2 statements=$3
	cat >new/head
	python3 - "$master/$file" "$line" "$statements" >new/file <<-'END'
		import sys
		path, line, statements = sys.argv[1:]
		text = open(path).read()
		assert text.count(line) == 1, line
		where = text.rindex("\nstatic int ", 0, text.index(line))
		text = text[:where] + "\n" + open("new/head").read() + text[where:]
		sys.stdout.write(text.replace(line, line + "\n\t" + statements))
	END
	diff -u --label "a/$file" --label "b/$file" "$master/$file" new/file >>fix.patch || true
}

# fix STRUCT-MEMBERS: the patch of most of what follows
fix() {
	rm -f fix.patch
	edit_source fs/proc/devices.c "$devices" '{
		static int kp_local = 7;
		struct kp_hit *hit;
		KPATCH_KEEP(kp_local);

		for (hit = kp_hits; hit < kp_hits + ARRAY_SIZE(kp_hits); hit++)
			hit->count++;
		WRITE_ONCE(kp_shared, kp_local++ + kp_plain++ + list_empty(&kp_list));
	}' <<-END
		#include "kpatch-macros.h"
		struct kp_hit { struct list_head list; $1 };
		static struct kp_hit kp_hits[4];
		static LIST_HEAD(kp_list);
		static int kp_plain;
		long kp_shared;
		KPATCH_KEEP(kp_hits);
		KPATCH_KEEP(kp_list);
		KPATCH_KEEP(kp_shared);
	END
	edit_source fs/proc/meminfo.c "$meminfo" 'kp_shared += 3;' <<<'extern long kp_shared;'
}

# one_of_two: two static locals of one name, of which one is to be kept
one_of_two() {
	rm fix.patch
	edit_source fs/proc/devices.c "$devices" 'kp_one(); kp_two();' <<-'END'
		#include "kpatch-macros.h"
		static noinline void kp_one(void) { static int kp_n; barrier(); kp_n++; }
		static noinline void kp_two(void) { static int kp_n; KPATCH_KEEP(kp_n); barrier(); kp_n++; }
	END
	cannot "KPATCH_KEEP(kp_n) at fs/proc/devices.c:" \
		"is not the only variable of this name in its source file" "give it a name of its own"
	refute "keeps it" log
}

# inspect: the lines of ./lib/kept; the table's without the types, the rows counted
inspect() {
	"$KP_TOP/test/build/lib/kept" livepatch-fix.ko >found
	refute "other " found
	sed -n 's/^\(keep .*\) 0x[0-9a-f]*$/\1/p' found
	sed -n '/^late/p' found | LC_ALL=C sort | uniq -c | awk '{ $1 = $1 "x"; print }'
}

# types NAME...: the types of kept variables
types() {
	local name
	"$KP_TOP/test/build/lib/kept" livepatch-fix.ko >found
	for name; do
		sed -n "s/^keep [0-9]* $name .* \(0x[0-9a-f]*\)$/\1/p" found
	done
}

# cannot TEXT...: the patch in fix.patch is refused
cannot() {
	local text
	status 2 kpatch-build -q -a "$release" fix.patch >log 2>&1
	for text; do
		expect "$text" log
	done
}

check_kernel() {
	fix 'long count;'
	built fix.patch
	expect "kept data: kp_hits (96 bytes, fs/proc/devices.c:" log
	expect "kept data: kp_local of devinfo_show (4 bytes, fs/proc/devices.c:" log
	expect "new data: kp_plain (4 bytes): starts afresh when a cumulative patch replaces this one; KPATCH_KEEP(kp_plain) keeps it" log
	same "kept variables and references" "keep 0 kp_hits fs/proc/devices.c vmlinux 96 8 0000000000000000
keep 1 kp_list fs/proc/devices.c vmlinux 16 8 0000000000000000
keep 2 kp_shared fs/proc/devices.c vmlinux 8 8 0000000000000000
keep 3 kp_local fs/proc/devices.c vmlinux 4 4 07000000
2x late .data..kept kp_list 1 0
1x late .text kp_hits 0 0
1x late .text kp_hits 0 96
1x late .text kp_list 1 -4
1x late .text kp_list 1 0
2x late .text kp_local 3 -4
1x late .text kp_shared 2 -4
1x late .text kp_shared 2 -5" "$(inspect)"
	before=$(types kp_hits kp_list kp_shared kp_local)
	same "number of types" 4 "$(echo "$before" | wc -w)"

	# The same in another patch; a member more.
	fix $'long\t\tcount;'
	sed -i 's/WRITE_ONCE/kp_hits[2].count--; &/' fix.patch
	built fix.patch
	same "types" "$before" "$(types kp_hits kp_list kp_shared kp_local)"
	fix 'int count; int more;'
	built fix.patch
	same "types" "$(echo "$before" | tail -n 3)" "$(types kp_list kp_shared kp_local)"
	[ "$(types kp_hits)" != "$(echo "$before" | head -n 1)" ] || fail "other members, and the same type"

	# The kernel's own core cannot.
	status 2 kpatch-build -q --core=livepatch -a "$release" fix.patch >log 2>&1
	expect "kp_hits: the kernel's own livepatch keeps no variables (KPATCH_KEEP() at fs/proc/devices.c:" log
	expect "use --core=kpatch" log

	# One key in two objects.
	rm fix.patch
	for file in devices meminfo; do
		line=${!file}
		edit_source fs/proc/$file.c "$line" 'kp_same++;' <<-'END'
			#include "kpatch-macros.h"
			#line 1 "include/linux/kp.h"
			static int kp_same;
			KPATCH_KEEP(kp_same);
		END
	done
	cannot "kp_same: kept variable (include/linux/kp.h:2) of two objects of the patch"

	one_of_two

	# What goes with the patch, or is read too early.
	rm fix.patch
	edit_source fs/proc/devices.c "$devices" 'kp_ops.show(f, v); if (static_branch_unlikely(&kp_key)) barrier();' <<-'END'
		#include "kpatch-macros.h"
		static int kp_show(struct seq_file *f, void *v) { return 0; }
		static struct { int (*show)(struct seq_file *, void *); const char *text; void *other; } kp_ops = {
			kp_show, "text", jiffies_to_msecs };
		KPATCH_KEEP(kp_ops);
		static DEFINE_STATIC_KEY_FALSE(kp_key);
		KPATCH_KEEP(kp_key);
	END
	cannot "kp_ops: the kept variable (fs/proc/devices.c:" ") points to kp_show of the patch, which goes with it" \
		"do not keep this variable: no function of a patch outlives it" \
		"set it up at run time" "refers to the kept variable kp_key; __jump_table is read when the patch is loaded"
	refute "jiffies_to_msecs" log
}

for release in $(kernels); do
	prepare
	check_kernel
done
