# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The module runs its tests in its init function and says what went wrong.
report() {
	dmesg | grep 'kp_state_test: ' | sed 's/^\[[^]]*\] *//'
}

insmod kp_state_test.ko || {
	report
	fail "$(report | grep FAILED | head -n 1)"
}
report
rmmod kp_state_test
[ "$(report | grep -c 'kp_state_test: ok:')" -eq 11 ] || fail "not all tests ran"
