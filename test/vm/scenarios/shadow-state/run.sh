# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A state owns shadow variables: they are taken over with it, and freed after its release. What would
# separate them, or have variables of another size, is refused.
dmesg_has() {
	dmesg | grep -q "$1"
}

shown() {
	cat "$(patch_dir "$1")/shadow_types"
}

# told: what happened, since the last time
told() {
	dmesg | sed -n 's/.*eventfd: //p' | tr '\n' ';'
	dmesg -c >/dev/null
}

# refused MODULE TEXT: it is not loaded, and the log says why
refused() {
	if insmod "$1.ko"; then
		fail "$1 was loaded"
	fi
	expect "$2" dmesg
	[ ! -e "$(patch_dir "$1")" ] || fail "$1 is there"
	dmesg -c >/dev/null
}
dmesg -c >/dev/null

load_patch kp_shadow_plain.ko
[ "$(shown kp_shadow_plain)" = "6576656e74 0 EVENTFD_WRITES" ] || fail "shown: $(shown kp_shadow_plain)"
./writer 5 300 >/tmp/out &
keeper=$!
wait_until 10 grep -q "eventfd-writes: 5" /tmp/out || fail "no counter"

say "another size is refused, and nothing changes"
refused kp_shadow_larger "Shadow type 6576656e74 (EVENTFD_WRITES) has 4 bytes in 'kp_shadow_plain', 8 in 'kp_shadow_larger': use another id"
[ "$(shown kp_shadow_plain)" = "6576656e74 1 EVENTFD_WRITES" ] || fail "shown: $(shown kp_shadow_plain)"

say "a state takes them"
load_patch kp_shadow_owned.ko
[ "$(shown kp_shadow_owned)" = "6576656e74 1 EVENTFD_WRITES eventfd_counted" ] ||
	fail "shown: $(shown kp_shadow_owned)"
remove_module kp_shadow_plain
[ "$(told)" = "counting starts;" ] || fail "not only the setup"

say "who has the state has them, too"
refused kp_shadow_ownerless "in 'kp_shadow_owned', but not in 'kp_shadow_ownerless', which has the state"
load_patch kp_shadow_owned_again.ko
remove_module kp_shadow_owned
said=$(told)
[ -z "$said" ] || fail "in a take-over: $said"
[ "$(shown kp_shadow_owned_again)" = "6576656e74 1 EVENTFD_WRITES eventfd_counted" ] ||
	fail "shown: $(shown kp_shadow_owned_again)"

say "they go after the state"
unload_patch kp_shadow_owned_again
wait_until 10 dmesg_has "a counter of 5 goes" || fail "the variable is not freed"
said=$(told)
[ "$said" = "counting is over;a counter of 5 goes;" ] || fail "at the end: $said"
kill $keeper
