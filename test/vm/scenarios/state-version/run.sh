# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Versions of a declared state, for both cores: a newer one takes over, an older one is refused, and
# so is a cumulative patch that does not know the state.
refused() {
	expect_status 22 insmod "$1"
	expect "not compatible" dmesg
	expect "version 2" cat /proc/devices
	dmesg -c >/dev/null
}
dmesg -c >/dev/null
load_patch kp_version_one.ko
expect "version 1" cat /proc/devices
load_patch kp_version_two.ko
expect "version 2" cat /proc/devices
remove_module kp_version_one
refused kp_version_one.ko
refused kp_version_none.ko
# The command has the same words for it.
expect_status 1 kpatch load kp_version_none.ko
expect "not compatible" kpatch load kp_version_none.ko
expect "cannot be combined" kpatch load kp_version_none.ko
dmesg -c >/dev/null
unload_patch kp_version_two
load_patch kp_version_one.ko
expect "version 1" cat /proc/devices
unload_patch kp_version_one
