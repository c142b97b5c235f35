# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# What a patch declares is shown from its file, and when it is loaded, with the number of variables.
expect "state kp_shown: id 0x" kpatch info kp_declared_shown.ko
expect "callback pre_unpatch: kp_before (fs/proc/devices.c:" kpatch info kp_declared_shown.ko
load_patch kp_declared_shown.ko
expect "  states: kp_shown (enabled)" kpatch list
expect "  shadow types: KP_READER (0 variables)" kpatch list
expect "  kept data: kp_reads (8 bytes)" kpatch list
expect "Character devices, declared:" cat /proc/devices
expect "  shadow types: KP_READER (1 variable)" kpatch list
kpatch list --json >/tmp/list
expect '"status": "enabled"' cat /tmp/list
expect '"variables": 1' cat /tmp/list
expect '"file": "fs/proc/devices.c"' cat /tmp/list
unload_patch kp_declared_shown
expect "pre_unpatch after 1 reads" dmesg
expect "no patches are loaded" kpatch list
