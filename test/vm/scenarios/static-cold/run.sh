# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A static local of which the compiler put the only uses into a .cold part.
over_limit() {
	dmesg -c >/dev/null
	echo "$1" >/proc/sys/fs/file-max
	./open-many || true
	echo 100000 >/proc/sys/fs/file-max
	dmesg
}
expect "file-max limit 500 reached" over_limit 500
load_patch kp_static_cold.ko
# Fewer files than the highest mark so far: an old_max that started anew would report a new one.
expect "limit reached again (patched)" over_limit 250
refute "limit 250 reached" over_limit 250
expect "limit 1000 reached (patched)" over_limit 1000
unload_patch kp_static_cold
refute "(patched)" over_limit 2000
