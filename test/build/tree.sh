#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# Master and working copies: nothing changes the master, and whatever ends a build leaves a usable
# cache.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"
. "$KP_TOP/test/build/lib/kbuild.sh"

"$tool" target >"$tmp/target" 2>"$tmp/err" || skip "$(tr '\n' ' ' <"$tmp/err")"
master=$("$tool" prepare)

# state: every file of the master with size, time and inode
state() {
	find "$master" -printf '%p %y %s %T@ %i\n' | sort
}
"$tool" compile "$tmp" fs/proc/meminfo.c >/dev/null
state >"$tmp/before"

# Changes of all kinds stay in the copy, and the next copy is as good as new.
"$tool" copy 'echo "#error" >new && mv new fs/namei.c && rm mm/mmap.c && mkdir -p fs/more/deep &&
	echo x >fs/more/deep/x.c && rm -r ipc && echo x >ipc && rm .config && mkdir .config &&
	ln -sf /etc/passwd Kbuild' >/dev/null
check_copy='cmp fs/namei.c "$MASTER/fs/namei.c" && cmp mm/mmap.c "$MASTER/mm/mmap.c" && test ! -e fs/more &&
	cmp ipc/sem.c "$MASTER/ipc/sem.c" && cmp .config "$MASTER/.config" && test ! -L Kbuild &&
	cmp Kbuild "$MASTER/Kbuild" && diff -rq "$MASTER/mm" mm && echo pristine'
export MASTER=$master
"$tool" copy "$check_copy" >"$tmp/out"
expect pristine "$tmp/out"

# Killed with a changed copy.
status 137 "$tool" copy 'echo "#error" >new && mv new fs/namei.c && kill -9 $PPID && sleep 1'
"$tool" copy "$check_copy" >"$tmp/out"
expect pristine "$tmp/out"
# Two at once.
"$tool" copy 'echo "#error" >new && mv new fs/namei.c && sleep 3' &
"$tool" copy "$check_copy" >"$tmp/out"
wait $!
expect pristine "$tmp/out"
# Compiling: a cached original, the same bytes from a copy, and the compiler's own words.
"$tool" compile "$tmp" fs/proc/meminfo.c >"$tmp/out"
[ "$(grep -c ' cached$' "$tmp/out")" -eq 2 ] || fail "originals are not cached: $(cat "$tmp/out")"
split=$(sed -n '2s/ .*//p' "$tmp/out")
cmp "$split" "$tmp/0.o" || fail "an object depends on where it is compiled"
readelf -SW "$split" >"$tmp/sections"
expect " .text.meminfo_proc_show " "$tmp/sections"
refute .debug "$tmp/sections"
refute .orc_unwind "$tmp/sections"
rm "$tmp/0.o"
status 1 env EDIT='sed "s/^static int meminfo_proc_show/static int typo meminfo_proc_show/" \
	fs/proc/meminfo.c >n && mv n fs/proc/meminfo.c' \
	"$tool" compile "$tmp" fs/proc/meminfo.c >"$tmp/out" 2>"$tmp/err"
expect "fs/proc/meminfo.c failed with exit status 1" "$tmp/err"
expect "fs/proc/meminfo.c:" "$tmp/err"
expect "error: expected" "$tmp/err"
[ ! -e "$tmp/0.o" ] || fail "a failed compilation left an object"

state >"$tmp/after"
cmp "$tmp/before" "$tmp/after" || {
	diff "$tmp/before" "$tmp/after" | head >&2
	fail "the master has changed"
}

# Caches that cannot be used.
status 1 env KPATCH_CACHE="$tmp/with space" "$tool" prepare 2>"$tmp/err"
expect "use --cache DIR" "$tmp/err"
status 1 env KPATCH_CACHE=/proc/nothing "$tool" prepare 2>"$tmp/err"
expect "cannot make the folder '/proc/nothing'" "$tmp/err"
# shellcheck disable=SC2016 # for the inner shell
if unshare -rm mount -t tmpfs none "$tmp" 2>/dev/null; then
	mkdir "$tmp/small"
	status 1 unshare -rm sh -c 'mount -t tmpfs -o size=60m none "$1" && KPATCH_CACHE=$1 "$2" prepare' \
		- "$tmp/small" "$tool" 2>"$tmp/err"
	expect "no space left on the disk that holds the cache folder" "$tmp/err"
fi
