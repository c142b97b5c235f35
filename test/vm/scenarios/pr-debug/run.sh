# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# pr_debug in patched code is a site of dynamic debug, off until it is switched on.
control=/sys/kernel/debug/dynamic_debug/control
load_patch kp_pr_debug.ko
dmesg -c >/dev/null
expect "debugged: " cat /proc/loadavg
refute "read by" dmesg
expect "loadavg: read by %s (patched)" grep patched $control
echo 'format "loadavg: read by" +p' >$control
expect "debugged: " cat /proc/loadavg
expect "loadavg: read by cat (patched)" dmesg
unload_patch kp_pr_debug
refute "loadavg: read by" grep patched $control
refute "debugged" cat /proc/loadavg
