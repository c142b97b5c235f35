# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The patched module goes and comes back, several times, while the patch is in force. The patched
# function calls another one of its module, which is not always at the same place.
comes_and_goes() {
	modprobe zram
	patched kp_module_again zram '*comp_algorithm_show'
	expect "patched: " cat /sys/block/zram0/comp_algorithm
	expect "[lz" cat /sys/block/zram0/comp_algorithm
	awk '$3 == "zcomp_available_show" { print $1 }' /proc/kallsyms >>/tmp/places
	rmmod zram
}
load_patch kp_module_again.ko
for _ in 1 2 3; do
	comes_and_goes
	# These take the place that has just become free.
	modprobe -a dummy loop
	comes_and_goes
	rmmod dummy
	rmmod loop
done
[ "$(sort -u /tmp/places | wc -l)" -gt 1 ] || fail "zram was at the same place each time"
modprobe zram
unload_patch kp_module_again
refute "patched" cat /sys/block/zram0/comp_algorithm
expect "[lz" cat /sys/block/zram0/comp_algorithm
rmmod zram
