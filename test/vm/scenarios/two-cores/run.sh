# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Both cores at once: of different functions, and of the same one, which only the first one gets.
enabled() {
	for name; do
		cat /sys/kernel/*/"$name"/enabled
	done | tr -d '\n'
}
load_patch kp_ours.ko
expect "resource busy" insmod kp_theirs.ko
check_gone kp_theirs
expect "first: " cat /proc/version
refute "theirs: " cat /proc/version
CORE=livepatch
load_patch kp_other.ko
expect "second: " cat /proc/uptime
expect "first: " cat /proc/version
expect 11 enabled kp_ours kp_other
expect "kp_ours  enabled  (core kpatch)" kpatch list
expect "kp_other  enabled  (core livepatch)" kpatch list
CORE=kpatch
unload_patch kp_ours
refute "first: " cat /proc/version
expect "second: " cat /proc/uptime

# The other way round. The function is free for others a moment after its patch has gone.
CORE=livepatch
free() {
	! grep -q '^version_proc_show ' /sys/kernel/tracing/enabled_functions
}
wait_until 20 free || fail "version_proc_show is still hooked"
load_patch kp_theirs.ko
expect "theirs: " cat /proc/version
expect_status 1 kpatch load kp_ours.ko
expect "loaded are: kp_other (core livepatch), kp_theirs (core livepatch)" kpatch load kp_ours.ko
CORE=kpatch
check_gone kp_ours
refute "first: " cat /proc/version
load_patch kp_also_ours.ko
expect "third: " cat /proc/loadavg
expect "theirs: " cat /proc/version
CORE=livepatch
unload_patch kp_theirs
unload_patch kp_other
CORE=kpatch
expect "third: " cat /proc/loadavg
load_patch kp_ours.ko
expect "first: " cat /proc/version
unload_patch kp_ours
unload_patch kp_also_ours
