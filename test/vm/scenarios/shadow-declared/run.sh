# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A fix with plain klp_shadow_*() calls and nothing else: id and dtor are declared for it, a
# cumulative patch with the same calls takes the variables over, and with the last one they go.
count() {
	cat "$(patch_dir "$1")/shadow_types"
}

load_patch kp_shadow_declared.ko
expect "6576656e74 0 EVENTFD_WRITES" count kp_shadow_declared
./writer 3 >/tmp/out
expect "eventfd-writes: 3" cat /tmp/out
expect "a counter of 3 goes" dmesg
./writer 5 60 >/tmp/out &
first=$!
./writer 6 60 >/tmp/out2 &
second=$!
sleep 1
expect "eventfd-writes: 5" cat /tmp/out
expect "6576656e74 2 EVENTFD_WRITES" count kp_shadow_declared

say "a cumulative patch keeps them"
load_patch kp_shadow_again.ko
expect "6576656e74 2 EVENTFD_WRITES" count kp_shadow_again
remove_module kp_shadow_declared
refute "a counter of 5 goes" dmesg

say "the last one frees them"
unload_patch kp_shadow_again
expect "a counter of 5 goes" dmesg
expect "a counter of 6 goes" dmesg
kill $first $second
rmmod kpatch || fail "kpatch.ko does not go: $(dmesg | tail -n 1)"
