# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# BUG_ON, WARN_ON_ONCE and WARN in patched code, none of them triggered.
load_patch kp_bug_table.ko
expect "no bug: " cat /proc/loadavg
expect "no bug: " cat /proc/loadavg
unload_patch kp_bug_table
refute "no bug" cat /proc/loadavg
