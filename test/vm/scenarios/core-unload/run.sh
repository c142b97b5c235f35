# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# kpatch.ko cannot go while a patch needs it. Without patches it goes, and leaves nothing behind;
# even before that no function is hooked any more.
load_patch kp_core_unload.ko
expect_status 1 rmmod kpatch
expect "VMALLOCCHUNK:" cat /proc/meminfo
unload_patch kp_core_unload
wait_until 20 unhooked || fail "still hooked: $(cat /sys/kernel/tracing/enabled_functions)"
rmmod kpatch
[ ! -d /sys/kernel/kpatch ] || fail "/sys/kernel/kpatch is still there"
# A patch alone says what it needs.
expect "unknown symbol" insmod kp_core_unload.ko
for _ in 1 2 3; do
	modprobe kpatch
	load_patch kp_core_unload.ko
	expect "VMALLOCCHUNK:" cat /proc/meminfo
	unload_patch kp_core_unload
	rmmod kpatch
	expect "VmallocChunk:" cat /proc/meminfo
done
