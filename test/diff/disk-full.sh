#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A full disk is an error, and no part of the output stays behind.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || skip "mounting a file system needs root"
compile <<'END'
#ifdef PATCHED
char new_data[60000] = { 1 };
#endif
int changed(int a)
{
#ifdef PATCHED
	a += new_data[a];
#endif
	return a * 3;
}
END
module
mkdir small
mount -t tmpfs -o size=32k none small 2>/dev/null || skip "cannot mount a tmpfs"
# shellcheck disable=SC2154 # tmp is test/lib.sh's
trap 'umount "$tmp/small"; rm -rf "$tmp"' EXIT
status 1 create-diff-object test.orig.o test.patched.o target target.ko Module.symvers patch \
	small/output.o >out 2>&1
says "cannot write small/output.o" "No space left on device"
[ -z "$(ls small)" ] || fail "something was left behind: $(ls small)"

# neither is an older output destroyed
echo old >small/output.o
status 1 create-diff-object test.orig.o test.patched.o target target.ko Module.symvers patch \
	small/output.o >out 2>&1
[ "$(cat small/output.o)" = old ] || fail "the old output is gone"
