# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A fix as it would be written for kpatch: klp_shadow_*() with a plain number as id, allocated, looked up and freed in three
# objects. The types of the objects are one type with one dtor, and what is left goes with the patch.
types=$(patch_dir kp_shadow_tasks)/shadow_types

birth() {
	sed -n 's/^birth:[[:space:]]*//p' "/proc/$1/status"
}

gone() {
	dmesg | grep -q "the task of birth $1 goes"
}

sleep 100 &
before=$!
load_patch kp_shadow_tasks.ko
[ -z "$(birth $before)" ] || fail "a task from before has a variable"
grep -q '^0 [0-9]* 0' "$types" || fail "types: $(cat "$types")"
sleep 100 &
first=$!
sleep 100 &
second=$!
expect 100 birth $first
one=$(birth $first)
two=$(birth $second)
[ "$two" -gt "$one" ] || fail "births: $one, $two"
kill $first
wait_until 10 gone "$one" || fail "birth $one was not freed"
refute "the task of birth $two goes" dmesg
unload_patch kp_shadow_tasks
wait_until 10 gone "$two" || fail "birth $two was not freed with the patch"
[ "$(dmesg | grep -c "the task of birth $two goes")" -eq 1 ] || fail "birth $two was freed more than once"
kill $before $second
rmmod kpatch || fail "kpatch.ko does not go: $(dmesg | tail -n 1)"
