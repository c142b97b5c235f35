# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A function of a module that is loaded when the patch comes.
modprobe zram
expect "version: 1" cat /sys/block/zram0/debug_stat
load_patch kp_zram.ko
patched kp_zram zram debug_stat_show
expect "version: 2" cat /sys/block/zram0/debug_stat
# The patched module still works.
echo 8M >/sys/block/zram0/disksize
expect "8388608" cat /sys/block/zram0/disksize
dd if=/dev/urandom of=/dev/zram0 bs=4k count=16 2>/dev/null
unload_patch kp_zram
expect "version: 1" cat /sys/block/zram0/debug_stat
