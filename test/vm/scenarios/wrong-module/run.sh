# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The patched module is another build of the same version: whichever comes second is refused.
file=$(find /lib/modules -name zram.ko)
# What it depends on stays.
modprobe zram
rmmod zram
size=$(wc -c <"$file")
# The last note of that name; the first one may say which CPU features the module uses.
at=$(strings -n 3 -t d "$file" | awk '$2 == "GNU" { at = $1 + 4 } END { print at }')
[ -n "$at" ] || fail "zram has no build-id"
cp "$file" /tmp/zram.ko
# Without the signature, which would not fit any more; modules need none here.
truncate -s $((size - 28)) /tmp/zram.ko
insmod /tmp/zram.ko
load_patch kp_wrong_module.ko
expect "version: 2" cat /sys/block/zram0/debug_stat
unload_patch kp_wrong_module
rmmod zram
change_byte /tmp/zram.ko $((at + 19))

dmesg -c >/dev/null
insmod /tmp/zram.ko
expect "invalid module format" insmod kp_wrong_module.ko
expect "module 'zram' has build-id" dmesg
check_gone kp_wrong_module
expect "version: 1" cat /sys/block/zram0/debug_stat
rmmod zram

load_patch kp_wrong_module.ko
dmesg -c >/dev/null
expect "invalid module format" insmod /tmp/zram.ko
expect "module 'zram' has build-id" dmesg
[ ! -d /sys/module/zram ] || fail "the wrong zram is loaded"
modprobe zram
expect "version: 2" cat /sys/block/zram0/debug_stat
unload_patch kp_wrong_module
expect "version: 1" cat /sys/block/zram0/debug_stat
rmmod zram
