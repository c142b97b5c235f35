# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A patched module starts to call an export of another module, which is not loaded: kpatch loads it, it
# stays as long as the patch, and the loader refuses the patch without it.
crc=$(find /lib/modules -name 'crc-itu-t.ko')
rx=/sys/class/net/dummy0/statistics/rx_packets
modprobe dummy numdummies=1
expect 0 cat $rx
[ ! -d /sys/module/crc_itu_t ] || fail "crc_itu_t is loaded already"

expect "crc-itu-t" modinfo -F depends kp_third.ko
refute "dummy" modinfo -F depends kp_third.ko
! insmod kp_third.ko || fail "inserted without the module that it calls"
expect "Unknown symbol crc_itu_t" dmesg
check_gone kp_third
mv "$crc" /tmp/
expect_status 1 kpatch load kp_third.ko
expect "kp_third needs module crc-itu-t, which is not installed for kernel $(uname -r)" kpatch load kp_third.ko
check_gone kp_third
mv /tmp/crc-itu-t.ko "$crc"

expect_status 0 kpatch load kp_third.ko
patched kp_third dummy dummy_get_stats64
# The checksum of 123456789 is known.
expect $((0x31c3)) cat $rx
! rmmod crc_itu_t || fail "a module that the patch calls can be removed"
rmmod dummy
modprobe dummy numdummies=1
expect $((0x31c3)) cat $rx
expect_status 0 kpatch unload kp_third
check_gone kp_third
expect 0 cat $rx
rmmod crc_itu_t
