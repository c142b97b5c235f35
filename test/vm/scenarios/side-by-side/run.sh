# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Two patches that do not replace each other; the first one goes first.
load_patch kp_first.ko
expect "first: " cat /proc/version
load_patch kp_second.ko
expect "first: " cat /proc/version
expect "second: " cat /proc/uptime
disable_patch kp_second
remove_module kp_second
expect "first: " cat /proc/version
refute "second: " cat /proc/uptime
load_patch kp_second.ko
unload_patch kp_first
refute "first: " cat /proc/version
expect "second: " cat /proc/uptime
unload_patch kp_second
refute "second: " cat /proc/uptime
