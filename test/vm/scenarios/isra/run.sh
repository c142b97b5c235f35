# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A function that the compiler specialised (do_sysinfo.isra.0), with a new static local.
refute "4000" ./sysinfo
load_patch kp_isra.ko
expect "40001 processes" ./sysinfo
expect "40002 processes" ./sysinfo
unload_patch kp_isra
refute "4000" ./sysinfo
