#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# Preparing: killed and interrupted at any point it leaves nothing running and a usable cache. A
# source tree (-s) is only read, and gives the same objects as the distribution's source package.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"
. "$KP_TOP/test/build/lib/kbuild.sh"

"$tool" target >"$tmp/target" 2>"$tmp/err" || skip "$(tr '\n' ' ' <"$tmp/err")"
master=$("$tool" prepare)
"$tool" compile "$tmp" fs/proc/meminfo.c | sed 's/ .*//' >"$tmp/wanted"

# On the cache's file system, where links can be made.
place=$(mktemp -d "$(dirname "$master")/work/test.XXXXXX")
trap 'rm -rf "$tmp" "$place"' EXIT
cp -al "$master" "$place/tree"
rm "$place/tree/.kpatch-ready"
find "$place/tree" -printf '%p %i %s %T@\n' | sort >"$tmp/before"
export KPATCH_CACHE=$place/cache

# busy PATTERN: processes that work in this test's cache
busy() {
	local pid
	for pid in /proc/[0-9]*; do
		readlink "$pid/cwd" 2>/dev/null | grep -F "$place/cache" || true
	done
}
# ended: they are all gone, soon
ended() {
	for _ in $(seq 50); do
		[ -n "$(busy)" ] || return 0
		sleep 0.2
	done
	fail "still running after $1: $(busy | sort | uniq -c)"
}
# stop SIGNAL FILE: prepare until FILE is in the new master, then SIGNAL
stop() {
	# What a killed one left must not be taken for ours; the next preparation copes with it.
	! compgen -G "$place/cache/*/master" >/dev/null || mv "$place"/cache/*/master/arch "$place/gone"
	rm -rf "$place/gone"
	"$tool" prepare >"$tmp/out" 2>"$tmp/err" &
	local pid=$!
	for _ in $(seq 600); do
		# shellcheck disable=SC2086 # a pattern
		compgen -G "$place/cache/*/master/$2" >/dev/null && break
		kill -0 $pid 2>/dev/null || fail "ended early: $(cat "$tmp/err")"
		sleep 0.1
	done
	kill "-$1" $pid
	got=0
	wait $pid || got=$?
	ended "SIG$1"
	compgen -G "$place/cache/*/master/.kpatch-ready" && fail "half a tree counts as prepared"
	true
}
stop KILL arch/x86/include
stop INT arch/x86/kernel
[ "$got" -eq 130 ] || fail "SIGINT: status $got"
expect interrupted "$tmp/err"
compgen -G "$place/cache/*/master" && fail "SIGINT left half a tree"
export SOURCE_DIR=$place/tree
stop TERM arch/x86/include
[ "$got" -eq 130 ] || fail "SIGTERM: status $got"
rm -rf "$place/cache"

# The tree says itself which kernel it is for.
env -u RELEASE "$tool" target >"$tmp/out"
expect "release $RELEASE" "$tmp/out"
expect "config $place/tree/.config" "$tmp/out"
# Without what kconfig made of the configuration the result is the same, too.
(cat "$place/tree/.config" && echo "# the same, and yet another file") >"$place/config"
export CONFIG=$place/config
env -u RELEASE "$tool" compile "$tmp" fs/proc/meminfo.c | sed 's/ .*//' >"$tmp/made"
for n in 1 2; do
	cmp "$(sed -n ${n}p "$tmp/wanted")" "$(sed -n ${n}p "$tmp/made")" ||
		fail "objects differ from those of the package's source"
done
find "$place/tree" -printf '%p %i %s %T@\n' | sort >"$tmp/after"
cmp "$tmp/before" "$tmp/after" || {
	diff "$tmp/before" "$tmp/after" | head >&2
	fail "the source tree has changed"
}
# Another content, another tree in the cache.
one=$("$tool" prepare)
[ "$one" = "$("$tool" prepare)" ] || fail "the tree is prepared twice"
cp "$place/tree/fs/namei.c" "$tmp/n" && echo "/* changed */" >>"$tmp/n" &&
	mv "$tmp/n" "$place/tree/fs/namei.c"
"$tool" prepare >"$tmp/out" &
pid=$!
sleep 2
kill -INT $pid
wait $pid || true
[ "$(find "$place/cache" -mindepth 1 -maxdepth 1 -type d | wc -l)" -eq 2 ] ||
	fail "a changed source tree must not use what was made of the old one"
