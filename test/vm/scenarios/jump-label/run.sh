# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A static key of vmlinux in patched code: right when the patch comes, and when it is switched.
echo 0 >/proc/sys/kernel/task_delayacct
load_patch kp_jump_label.ko
expect "delayacct off" cat /proc/uptime
echo 1 >/proc/sys/kernel/task_delayacct
expect "delayacct on" cat /proc/uptime
unload_patch kp_jump_label
refute "delayacct" cat /proc/uptime
# Once more, with the key switched on beforehand.
load_patch kp_jump_label.ko
expect "delayacct on" cat /proc/uptime
echo 0 >/proc/sys/kernel/task_delayacct
expect "delayacct off" cat /proc/uptime
unload_patch kp_jump_label
