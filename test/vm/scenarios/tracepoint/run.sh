# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A tracepoint of vmlinux in patched code, switched on and off while the patch is in force.
events=/sys/kernel/tracing/events/task/task_rename/enable
rename() {
	sh -c 'printf kp-before >/proc/$$/comm; read -r comm </proc/$$/comm; echo "$comm"'
}
expect "kp-before" rename
load_patch kp_tracepoint.ko
expect "kp-after" rename
echo 1 >$events
expect "kp-after" rename
expect "newcomm=kp-after" cat /sys/kernel/tracing/trace
echo 0 >$events
echo >/sys/kernel/tracing/trace
expect "kp-after" rename
refute "newcomm=" cat /sys/kernel/tracing/trace
unload_patch kp_tracepoint
expect "kp-before" rename
