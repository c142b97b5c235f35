# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# States declared with KPATCH_STATE(): setup, enable, disable and release run when they should, in the
# order of the source, and a cumulative patch takes over what it declares as well.
called() {
	dmesg | sed -n 's/.*state \([a-z]*\) of kp_\([a-z]*\)$/\1-\2/p' | tr '\n' ' '
}

# calls WANTED...: these and no others, since the last time
calls() {
	[ "$(called)" = "$*${1:+ }" ] || fail "calls: '$(called)', expected '$*'"
	echo "   ok: calls: $*"
	dmesg -c >/dev/null
}
dmesg -c >/dev/null

load_patch kp_states_one.ko
expect "state one" cat /proc/devices
calls setup-apple setup-pear enable-apple enable-pear
expect "kp_apple enabled" cat "$(patch_dir kp_states_one)/states"
expect "1 kp_pear enabled" cat "$(patch_dir kp_states_one)/states"

say "a cumulative patch without one of them, with another"
load_patch kp_states_two.ko
expect "state two" cat /proc/devices
calls setup-plum disable-apple release-apple enable-plum
expect "2 kp_pear enabled" cat "$(patch_dir kp_states_two)/states"
remove_module kp_states_one

say "a setup that fails"
expect_status 12 insmod kp_states_refused.ko
refute refused cat /proc/devices
# (insmod may try twice)
[ "$(called | sed 's/setup-fig //g')" = "" ] || fail "calls: '$(called)', expected setup-fig"
expect setup-fig called
dmesg -c >/dev/null

unload_patch kp_states_two
calls disable-plum disable-pear release-plum release-pear
expect "Character devices:" cat /proc/devices
