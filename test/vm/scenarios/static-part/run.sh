# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A static local of a function that the compiler split (.part.0): the numbers go on.
dmesg -c >/dev/null
./shared-futex /tmp/part-one
./shared-futex /tmp/part-two
load_patch kp_static_part.ko
./shared-futex /tmp/part-three
id=$(dmesg | sed -n 's/.*futex: object id \([0-9]*\) (patched)/\1/p' | tail -n 1)
[ "$id" -ge 3 ] || fail "the third object has the id '$id'"
unload_patch kp_static_part
./shared-futex /tmp/part-four
refute "object id $((id + 1))" dmesg
