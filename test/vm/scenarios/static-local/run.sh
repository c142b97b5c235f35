# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A static local keeps its value: writing 4 made it quiet before the patch came.
dmesg -c >/dev/null
echo 1 >/proc/sys/vm/drop_caches
expect "drop_caches: 1" dmesg
echo 4 >/proc/sys/vm/drop_caches
load_patch kp_static_local.ko
dmesg -c >/dev/null
echo 1 >/proc/sys/vm/drop_caches
expect "drop_caches: patched, quiet is 4" dmesg
refute "drop_caches: 1" dmesg
unload_patch kp_static_local
dmesg -c >/dev/null
echo 1 >/proc/sys/vm/drop_caches
refute "drop_caches:" dmesg
