# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A patch for another build of the kernel is refused before anything is written through its
# references: the static key that it uses is switched afterwards, and knows nothing of the patch.
cp kp_wrong_build.ko other.ko
at=$(strings -n 4 -t d other.ko | awk '$2 ~ /dipk$/ { print $1 + length($2) - 4; exit }')
[ -n "$at" ] || fail "no identification in the module"
# Magic number, version, build-id.
change_byte other.ko $((at + 8))
cmp other.ko kp_wrong_build.ko >/dev/null && fail "the module was not changed"
dmesg -c >/dev/null
expect "invalid module format" insmod other.ko
expect "was made for the kernel with build-id" dmesg
check_gone kp_wrong_build
for value in 1 0 1; do
	echo $value >/proc/sys/kernel/task_delayacct
	refute "delayacct" cat /proc/uptime
done

# Another version of the module format, and no identification at all.
for offset in 4 0; do
	cp kp_wrong_build.ko other.ko
	change_byte other.ko $((at + offset))
	expect "invalid module format" insmod other.ko
	check_gone kp_wrong_build
done
expect "is in format" dmesg
expect "was not finished by kpatch-build" dmesg
echo 0 >/proc/sys/kernel/task_delayacct

load_patch kp_wrong_build.ko
expect "delayacct off" cat /proc/uptime
unload_patch kp_wrong_build
