# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Code of a module that calls exports of a module it depends on: patched before and after it is loaded.
# new_tunnel: a network namespace gets a tunnel device of its own
new_tunnel() {
	dmesg -c >/dev/null
	unshare -n true
	dmesg
}
expect_status 0 kpatch load kp_depended.ko
[ ! -d /sys/module/ipip ] || fail "the patched module was loaded for the patch"
[ -d /sys/module/ip_tunnel ] || fail "the module that it needs was not"
dmesg -c >/dev/null
modprobe ipip
expect "ipip: new tunnel tunl0 (patched)" dmesg
patched kp_depended ipip ipip_tunnel_init
expect "ipip: new tunnel tunl0 (patched)" new_tunnel
rmmod ipip
! rmmod ip_tunnel || fail "a module that the patch calls can be removed"
modprobe ipip
expect "ipip: new tunnel tunl0 (patched)" new_tunnel
expect_status 0 kpatch unload kp_depended
check_gone kp_depended
refute "patched" new_tunnel

expect_status 0 kpatch load kp_depended.ko
expect "ipip: new tunnel tunl0 (patched)" new_tunnel
expect_status 0 kpatch unload kp_depended
refute "patched" new_tunnel
rmmod ipip
rmmod ip_tunnel
