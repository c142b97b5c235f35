# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Shadow variables of a module's objects: the type is declared for the module, and they go with it, while
# the patch stays.
types=$(patch_dir kp_shadow_module)/shadow_types
load_patch kp_shadow_module.ko
modprobe zram
expect "version: 101" cat /sys/block/zram0/debug_stat
expect "version: 102" cat /sys/block/zram0/debug_stat
expect "7265616473 1 0x7265616473" cat "$types"
rmmod zram
expect "shadow: 2 reads" dmesg
expect "7265616473 0 0x7265616473" cat "$types"
modprobe zram
dmesg -c >/dev/null
expect "version: 101" cat /sys/block/zram0/debug_stat
unload_patch kp_shadow_module
expect "shadow: 1 reads" dmesg
expect "version: 1" cat /sys/block/zram0/debug_stat
rmmod zram
