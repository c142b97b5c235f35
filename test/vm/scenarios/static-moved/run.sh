# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A static local moves: the compiler had split its function (.part.0), in the patch it is whole.
./shared-futex /tmp/one
./shared-futex /tmp/two
load_patch kp_static_moved.ko
./shared-futex /tmp/three
expect "(moved)" dmesg
id=$(dmesg | sed -n 's/.*futex: object id \([0-9]*\) (moved)/\1/p' | tail -n 1)
[ "$id" -ge 3 ] || fail "the third object has the id '$id'"
unload_patch kp_static_moved
