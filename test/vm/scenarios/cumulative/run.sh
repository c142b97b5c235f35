# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A cumulative patch takes the place of two: one function changed again, one dropped, one new.
load_patch kp_one.ko
load_patch kp_two.ko
expect "one: " cat /proc/version
expect "two: " cat /proc/uptime
load_patch kp_three.ko
expect "three: " cat /proc/version
expect "three:" cat /proc/filesystems
refute "two: " cat /proc/uptime
wait_until 10 test ! -e "$(patch_dir kp_one)" || fail "kp_one was not replaced"
wait_until 10 test ! -e "$(patch_dir kp_two)" || fail "kp_two was not replaced"
remove_module kp_one
remove_module kp_two
expect "three: " cat /proc/version
unload_patch kp_three
refute "three: " cat /proc/version
refute "three:" cat /proc/filesystems
