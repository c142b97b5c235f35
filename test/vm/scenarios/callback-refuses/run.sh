# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A pre_patch callback that fails: the patch is not loaded, and nothing is left of it.
expect "resource busy" insmod kp_callback_refuses.ko
expect "callback refuses the patch" dmesg
check_gone kp_callback_refuses
refute "never seen" cat /proc/devices
