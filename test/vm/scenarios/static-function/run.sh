# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A static function that only an operations table refers to.
refute "(patched)" cat /proc/devices
load_patch kp_static_function.ko
expect "Character devices (patched):" cat /proc/devices
expect "Block devices (patched):" cat /proc/devices
expect "1 mem" cat /proc/devices
unload_patch kp_static_function
refute "(patched)" cat /proc/devices
