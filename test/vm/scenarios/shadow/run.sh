# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A shadow variable as a new member of the kernel's struct eventfd_ctx; freed with its owner, and
# by a callback when the patch goes.
./writer 3 >/tmp/out
refute "eventfd-writes" cat /tmp/out
load_patch kp_shadow.ko
./writer 3 >/tmp/out
expect "eventfd-writes: 3" cat /tmp/out
./writer 5 >/tmp/out
expect "eventfd-writes: 5" cat /tmp/out
./writer 2 30 >/tmp/out &
sleep 1
expect "eventfd-writes: 2" cat /tmp/out
unload_patch kp_shadow
expect "write counters are gone" dmesg
kill $!
./writer 3 >/tmp/out
refute "eventfd-writes" cat /tmp/out
