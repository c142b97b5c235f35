# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A function of a module that comes after the patch.
load_patch kp_loop_after.ko
modprobe loop
patched kp_loop_after loop loop_attr_do_show_offset
dd if=/dev/zero of=/tmp/disk bs=1k count=64 2>/dev/null
losetup -o 1024 /dev/loop0 /tmp/disk
expect "2 sectors" cat /sys/block/loop0/loop/offset
unload_patch kp_loop_after
expect "1024" cat /sys/block/loop0/loop/offset
refute "sectors" cat /sys/block/loop0/loop/offset
losetup -d /dev/loop0
