# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The four callbacks, of vmlinux and of a module that is loaded later; in the right order.
called() {
	dmesg | sed -n 's/.*callback \([a-z_]*\) of \([a-z]*\)$/\1-\2/p' | tr '\n' ' '
}
modprobe zram
dmesg -c >/dev/null
load_patch kp_callbacks.ko
expect "called back" cat /proc/devices
expect "version: 4" cat /sys/block/zram0/debug_stat
for one in pre_patch-vmlinux pre_patch-zram post_patch-vmlinux post_patch-zram; do
	expect "$one" called
done
refute unpatch called
dmesg -c >/dev/null
unload_patch kp_callbacks
for one in pre_unpatch-vmlinux pre_unpatch-zram post_unpatch-vmlinux post_unpatch-zram; do
	expect "$one" called
done
rmmod zram
dmesg -c >/dev/null
load_patch kp_callbacks.ko
refute "zram" called
dmesg -c >/dev/null
modprobe zram
expect "pre_patch-zram post_patch-zram" called
expect "version: 4" cat /sys/block/zram0/debug_stat
dmesg -c >/dev/null
rmmod zram
expect "pre_unpatch-zram post_unpatch-zram" called
unload_patch kp_callbacks
