# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A task sleeps in a patched function. A second patch of another function completes at once, without
# signals (they come after 15 s), which needs a reliable stack trace through the first patch's code.
# The first patch cannot go until that task has left its function.
load_patch kp_sleeper.ko
./reader >/tmp/out &
reader=$!
wait_until 5 grep -q ready /tmp/out || fail "the reader does not start"
expect "eventfd: read by reader (patched)" dmesg
sleep 1
grep eventfd_read /proc/$reader/stack || fail "the reader does not sleep in eventfd_read"
# shellcheck disable=SC2034 # read by load_patch
TRANSITION_LIMIT=10
load_patch kp_on_top.ko
expect "on top: " cat /proc/uptime
refute "woken" cat /tmp/out
unload_patch kp_on_top
dir=$(patch_dir kp_sleeper)
echo 0 >"$dir/enabled"
sleep 3
expect 1 cat "$dir/transition"
holds_up $reader kp_sleeper 0 || fail "the reader does not hold the transition up"
kill -USR1 $reader
wait_until 10 test ! -e "$dir" || fail "kp_sleeper does not go"
remove_module kp_sleeper
kill $reader
