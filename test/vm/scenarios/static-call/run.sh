# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Static calls in patched code (cond_resched, might_sleep), while the kernel changes their targets.
mode=/sys/kernel/debug/sched/preempt
before=$(sed 's/.*(\(.*\)).*/\1/' $mode)
load_patch kp_static_call.ko
expect "rescheduled 100 times" cat /proc/filesystems
for to in full none voluntary; do
	echo $to >$mode
	expect "($to)" cat $mode
	expect "rescheduled 100 times" cat /proc/filesystems
done
echo "$before" >$mode
unload_patch kp_static_call
refute "rescheduled" cat /proc/filesystems
