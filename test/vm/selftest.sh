#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The harness judged: a good scenario passes, each kind of bad one fails and does not spoil the next.

set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
release=$("$here/boot" --default-kernel)

cp -r "$here/selftest/." "$tmp"
make -s -C "/lib/modules/$release/build" M="$tmp/modules" modules >"$tmp/make.log" 2>&1 ||
	{ cat "$tmp/make.log"; exit 1; }
mv "$tmp/modules"/*.ko "$tmp"
cp "$tmp/kp_bad.ko" "$tmp/warn/"
cp "$tmp/kp_bad.ko" "$tmp/stuck/"
cp "$tmp/kp_selftest.ko" "$tmp/leftover/"
cp "$tmp/kp_selftest.ko" "$tmp/livepatch/"

order=(good livepatch warn hang leftover panic stuck after)
status=0
# The stuck guest is given up after two seconds, not twenty.
KP_VM_GRACE=2 "$here/boot" --kernel "$release" --quiet --logs "$tmp/logs" "${order[@]/#/$tmp/}" >"$tmp/out" || status=$?
sed 's/^/boot: /' "$tmp/out"

expect() {
	if grep -Eq "$2" "$tmp/out"; then
		echo "@pass selftest-$1"
	else
		echo "@fail selftest-$1 the harness did not report: $2"
	fi
}

expect good '^@pass good '
expect livepatch '^@pass livepatch '
expect warn '^@fail warn kernel log: WARNING: CPU'
expect hang '^@fail hang not finished after 3 s'
expect leftover '^@fail leftover the patch kp_selftest is still loaded'
expect panic '^@fail panic kernel log: .*(panic|BUG|Oops)'
expect stuck '^@fail stuck the guest hung'
expect after '^@pass after '
[ "$(grep -c '^@' "$tmp/out")" -eq ${#order[@]} ] || echo "@fail selftest-count not one verdict a scenario"
[ $status -eq 1 ] || echo "@fail selftest-status boot ended with $status instead of 1"
