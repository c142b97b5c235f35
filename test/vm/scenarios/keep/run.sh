# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# KPATCH_KEEP(): cumulative patches count in the same variables, there and back; a changed one is
# refused, and a patch that does not have them drops them.
devices() {
	head -n 1 /proc/devices
}
version() {
	head -n 1 /proc/version
}

load_patch kp_keep_one.ko
expect "one: 100 seen, 1 by this patch, list empty" devices
expect "one: 101 seen, 2 by this patch, list empty" devices
expect "one: 0 here, 20 there" version
expect "vmlinux fs/proc/devices.c kp_seen 24" cat "$(patch_dir kp_keep_one)/kept"
expect "vmlinux fs/proc/version.c kp_seen 4" cat "$(patch_dir kp_keep_one)/kept"
expect "vmlinux fs/proc/devices.c kp_shared 8" cat "$(patch_dir kp_keep_one)/kept"

say "the next one goes on, and so does the one before"
load_patch kp_keep_two.ko
expect "two: 102 seen, 1 by this patch, list empty" devices
expect "two: 1 here, 30 there" version
remove_module kp_keep_one
expect "two: 103 seen, 2 by this patch, list empty" devices
load_patch kp_keep_one.ko
expect "one: 104 seen, 1 by this patch, list empty" devices
expect "one: 2 here, 50 there" version
remove_module kp_keep_two

say "another type, another size"
expect_status 22 insmod kp_keep_changed.ko
expect "kept variable 'kp_seen' of fs/proc/devices.c has not the type" dmesg
expect_status 22 insmod kp_keep_longer.ko
expect "kept variable 'kp_seen' of fs/proc/devices.c has 40 bytes, but 24 in patch 'kp_keep_one'" dmesg
expect "one: 105 seen, 2 by this patch, list empty" devices

say "a patch without them"
load_patch kp_keep_none.ko
expect "none: nothing kept" devices
remove_module kp_keep_one
load_patch kp_keep_one.ko
expect "one: 100 seen, 1 by this patch, list empty" devices
expect "one: 0 here, 10 there" version
remove_module kp_keep_none

unload_patch kp_keep_one
expect "Character devices:" devices
