# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# One patch over vmlinux and two modules, one loaded before and one after; a new function and new
# data in one object, used by the other two.
modprobe zram
load_patch kp_shared.ko
expect "shared: last nobody, call 1" cat /proc/version
expect "version: 102" cat /sys/block/zram0/debug_stat
expect "shared: last zram, call 3" cat /proc/version
modprobe loop
dd if=/dev/zero of=/tmp/disk bs=1k count=64 2>/dev/null
losetup /dev/loop0 /tmp/disk
expect "0, call 4" cat /sys/block/loop0/loop/offset
expect "shared: last loop, call 5" cat /proc/version
unload_patch kp_shared
refute "shared:" cat /proc/version
expect "version: 1" cat /sys/block/zram0/debug_stat
refute "call" cat /sys/block/loop0/loop/offset
losetup -d /dev/loop0
