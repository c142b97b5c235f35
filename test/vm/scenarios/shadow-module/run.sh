# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Shadow variables of a module's objects: the type is declared for the module, and they go with it, while
# the patch stays. On the kernel's own core as well, with no other patch in force.
# counts N: variables of the type, where the core says so
counts() {
	[ "$CORE" = livepatch ] || expect "7265616473 $1 0x7265616473" cat "$(patch_dir kp_shadow_module)/shadow_types"
}

load_patch kp_shadow_module.ko
modprobe zram
expect "version: 101" cat /sys/block/zram0/debug_stat
expect "version: 102" cat /sys/block/zram0/debug_stat
counts 1
rmmod zram
expect "shadow: 2 reads" dmesg
counts 0
modprobe zram
dmesg -c >/dev/null
expect "version: 101" cat /sys/block/zram0/debug_stat
unload_patch kp_shadow_module
expect "shadow: 1 reads" dmesg
expect "version: 1" cat /sys/block/zram0/debug_stat
rmmod zram
