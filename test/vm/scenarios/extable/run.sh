# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Faults in patched code find their fixups: user accesses of all kinds. (An MSR
# that does not exist is read, too, but QEMU's TCG knows them all.)
load_patch kp_extable.ko
expect "get_user -14, put_user -14, __get_user -14, copy_from_user 8, rdmsr " cat /proc/softirqs
expect "TIMER" cat /proc/softirqs
unload_patch kp_extable
refute "get_user" cat /proc/softirqs
