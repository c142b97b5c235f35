#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# shellcheck disable=SC2016 # sed expressions
# What cannot be patched is refused: the right exit status, a message that names the place and the
# remedy, no module, and nothing left in the cache's work folder.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"
need kpatch-build

release=$(kernels | grep '^6\.1\.' | tail -n 1)
[ -n "$release" ] || skip "no 6.1 kernel with headers is installed"
mkdir "$tmp/out" "$tmp/new"

# build ARGUMENT...: kpatch-build; its status is $got, what it printed in $tmp/log
build() {
	got=0
	kpatch-build -a "$release" -o "$tmp/out" "$@" >"$tmp/log" 2>&1 || got=$?
}

printf -- '--- a/fs/proc/meminfo.c\n+++ b/fs/proc/meminfo.c\n@@ -1,1 +1,1 @@\n-x\n+y\n' >"$tmp/no.patch"

# A kernel that kpatch.ko is not for.
config=/lib/modules/$release/build/.config
{ grep -v CONFIG_PREEMPT_RT "$config" && echo CONFIG_PREEMPT_RT=y; } >"$tmp/config"
build -c "$tmp/config" "$tmp/no.patch"
[ "$got" -eq 1 ] || { cat "$tmp/log"; fail "PREEMPT_RT: status $got"; }
expect "cannot have the core kpatch: CONFIG_PREEMPT_RT is on" "$tmp/log"
grep -v CONFIG_KALLSYMS_ALL "$config" >"$tmp/config"
build -c "$tmp/config" "$tmp/no.patch"
expect "cannot have the core kpatch: CONFIG_KALLSYMS_ALL is off" "$tmp/log"

# The first build prepares the tree; sources to edit come from there.
build "$tmp/no.patch"
[ "$got" -ne 0 ] || fail "a patch that does not apply was built"
expect fs/proc/meminfo.c "$tmp/log"
expect "line 1" "$tmp/log"
for master in "$KPATCH_CACHE/$release"-*/master; do
	! cmp -s "$master/Module.symvers" "/lib/modules/$release/build/Module.symvers" || break
done
[ -d "$master/fs" ] || fail "no prepared tree in $KPATCH_CACHE"

# edit FILE SED_ARGUMENT...: $tmp/fix.patch makes this change
edit() {
	local file=$1
	shift
	sed "$@" "$master/$file" >"$tmp/new/file"
	! cmp -s "$master/$file" "$tmp/new/file" || fail "$file is not what this test knows; adapt it"
	diff -u --label "a/$file" --label "b/$file" "$master/$file" "$tmp/new/file" >"$tmp/fix.patch" || true
}

# refused NAME STATUS TEXT...: building $tmp/fix.patch ends with STATUS and says all the TEXTs
refused() {
	local name=$1 want=$2 text
	shift 2
	build "$tmp/fix.patch"
	[ "$got" -eq "$want" ] || {
		sed 's/^/  | /' "$tmp/log"
		fail "$name: status $got, expected $want"
	}
	for text; do
		expect "$text" "$tmp/log"
	done
	[ -z "$(ls "$tmp/out")" ] || fail "$name: left $(ls "$tmp/out")"
	echo "ok $name"
}

edit arch/x86/entry/entry_64.S '$a\	nop'
refused assembly 2 arch/x86/entry/entry_64.S assembly

edit arch/x86/entry/vdso/vclock_gettime.c '$a\int kpatch_test;'
refused vdso 2 vclock_gettime.c vdso

edit arch/x86/boot/cmdline.c '$a\int kpatch_test;'
refused boot-code 2 arch/x86/boot/cmdline.c

edit fs/proc/meminfo.c '/^static int __init proc_meminfo_init/,/^}/s/"meminfo"/"meminf0"/'
refused init-only 2 proc_meminfo_init __init KPATCH_IGNORE_FUNCTION

edit fs/file.c 's/^\(unsigned int sysctl_nr_open __read_mostly = \)1024/\12048/'
refused data 2 sysctl_nr_open "changed data" CALLBACK

edit drivers/char/random.c '/^static struct {$/,/^} base_crng/s/unsigned long generation;/unsigned long generation, kpatch_test;/'
refused static-instance 2 base_crng "changed size" "shadow variable"

edit kernel/time/timekeeping.c '/^u64 notrace ktime_get_mono_fast_ns(void)/,/^}/s/return /return 1 + /'
refused no-fentry 2 ktime_get_mono_fast_ns fentry

edit mm/usercopy.c '/^void __check_object_size(/,/^}/s/if (!n)/if (n == 12345678 || !n)/'
refused read-only-key 2 __check_object_size bypass_usercopy_checks static_key_enabled

edit kernel/sched/core.c '/^asmlinkage __visible void __sched schedule(void)/,/^}/s/sched_submit_work(tsk);/sched_submit_work(tsk); barrier_data(tsk); if (!tsk) return;/'
refused schedule 2 schedule "every sleeping task"

edit include/linux/lcm.h 's/lcm(unsigned long a/lcm(unsigned int a/'
mv "$tmp/fix.patch" "$tmp/header.patch"
edit lib/math/lcm.c 's/lcm(unsigned long a/lcm(unsigned int a/'
cat "$tmp/header.patch" >>"$tmp/fix.patch"
refused crc 2 lcm CRC "shadow variable"

edit fs/proc/meminfo.c '1s|$|\n/* a comment */|'
refused comment-only 3 "no functional changes"

edit fs/proc/meminfo.c '$a\int kpatch_test(void); int kpatch_test(void) { return 1; }'
refused new-code-only 3 "no functional changes"

edit arch/x86/kernel/apic/x2apic_phys.c '1s|$|\n#error kpatch_test|'
refused compile-error 1 "kpatch_test"

file=$(cd "$master" && grep -rl --include='*.c' . drivers/eisa 2>/dev/null | head -n 1)
if [ -n "$file" ]; then
	edit "$file" '$a\int kpatch_test;'
	refused not-configured 3 "configuration"
fi

printf -- '--- a/../../etc/passwd\n+++ b/../../etc/passwd\n@@ -1,1 +1,1 @@\n-x\n+y\n' >"$tmp/fix.patch"
refused outside-the-tree 1 ../../etc/passwd

: >"$tmp/fix.patch"
refused empty 1 fix.patch

# A full disk where the module goes.
if [ "$(id -u)" -eq 0 ] && mkdir "$tmp/full" && mount -t tmpfs -o size=4k none "$tmp/full" 2>/dev/null; then
	trap 'umount "$tmp/full"; rm -rf "$tmp"' EXIT
	edit fs/proc/meminfo.c 's/"VmallocChunk:   "/"VMALLOCCHUNK:   "/'
	build "$tmp/fix.patch" -o "$tmp/full"
	[ "$got" -eq 1 ] || fail "full disk: status $got"
	expect "No space left" "$tmp/log"
	expect "free some space" "$tmp/log"
	[ -z "$(ls -A "$tmp/full")" ] || fail "full disk: left $(ls -A "$tmp/full")"
	echo "ok full-disk"
fi

# Sources that are not those of the kernel: found by comparing code, not versions.
if cp -al "$master" "$tmp/tree" 2>/dev/null || cp -a "$master" "$tmp/tree"; then
	sed 's/show_val_kb(m, "Mapped: /barrier(); if (m->private \&\& si_mem_available() == 4242) return 0; &/' \
		"$master/fs/proc/meminfo.c" >"$tmp/new/file"
	rm "$tmp/tree/fs/proc/meminfo.c"
	cp "$tmp/new/file" "$tmp/tree/fs/proc/meminfo.c"
	edit fs/proc/meminfo.c 's/"VmallocChunk:   "/"VMALLOCCHUNK:   "/'
	got=0
	kpatch-build --cache "$tmp/cache" -s "$tmp/tree" -v "/boot/vmlinuz-$release" -o "$tmp/out" "$tmp/fix.patch" \
		>"$tmp/log" 2>&1 || got=$?
	[ "$got" -eq 2 ] || { cat "$tmp/log"; fail "wrong source: status $got"; }
	expect meminfo_proc_show "$tmp/log"
	expect "differ at offset" "$tmp/log"
	echo "ok wrong-source"

	head -c 100000 "$master/Module.symvers" >"$tmp/new/symvers"
	rm -f "$tmp/tree/Module.symvers" "$tmp/tree/fs/proc/meminfo.c"
	cp "$tmp/new/symvers" "$tmp/tree/Module.symvers"
	cp "$master/fs/proc/meminfo.c" "$tmp/tree/fs/proc/meminfo.c"
	got=0
	kpatch-build --cache "$tmp/cache" -s "$tmp/tree" -v "/boot/vmlinuz-$release" -o "$tmp/out" "$tmp/fix.patch" \
		>"$tmp/log" 2>&1 || got=$?
	[ "$got" -eq 1 ] || { cat "$tmp/log"; fail "truncated Module.symvers: status $got"; }
	expect Module.symvers "$tmp/log"
	echo "ok truncated-symvers"
fi

left=$(left_in_cache "$release")
[ -z "$left" ] || fail "left in the cache: $left"
