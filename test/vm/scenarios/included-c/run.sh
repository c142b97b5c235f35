# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A .c file that another .c file includes (kernel/sched/build_utility.c).
refute "42.00" cat /proc/loadavg
load_patch kp_included_c.ko
expect "42.00" cat /proc/loadavg
unload_patch kp_included_c
refute "42.00" cat /proc/loadavg
