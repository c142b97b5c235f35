# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The author's guide, "Add a field": a variable with a lock. ctor and dtor are declared by the calls; each variable gets
# both once, whether its timer is closed or the patch goes first.
freed() {
	[ "$(dmesg | grep -c 'timerfd: [1-9][0-9]* reads in all')" -eq "$1" ]
}
load_patch kp_lock.ko
expect "74667374 0 TIMERFD_STATS" cat "$(patch_dir kp_lock)/shadow_types"
./timers hold 4 >/tmp/hold &
holder=$!
wait_until 10 grep -q ready /tmp/hold || fail "no timers are held"
sleep 1
expect "reads: " cat /proc/$holder/fdinfo/6
expect "ms ago" cat /proc/$holder/fdinfo/6
refute "reads in all" dmesg
kill $holder
wait_until 10 freed 4 || fail "not 4 freed: $(dmesg | tail -n 4)"

./timers hold 5 >/tmp/hold &
holder=$!
wait_until 10 grep -q ready /tmp/hold || fail "no timers are held"
expect "74667374 5 TIMERFD_STATS" cat "$(patch_dir kp_lock)/shadow_types"
unload_patch kp_lock
wait_until 10 freed 9 || fail "not 5 freed: $(dmesg | tail -n 5)"
sleep 1
freed 9 || fail "more than 5 freed: $(dmesg | tail -n 6)"
kill $holder
