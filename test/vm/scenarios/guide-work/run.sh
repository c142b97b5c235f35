# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The author's guide, "Timers and work": a work item of the patch runs while the patch is in force, each cumulative
# patch has its own, and none runs code that is gone.
reports() {
	dmesg | grep -c 'timerfd: set [0-9]* times'
}

# reported: it goes on
reported() {
	local before
	before=$(reports)
	wait_until 5 more_than "$before" || fail "no more reports"
	echo "   ok: reports go on"
}

more_than() {
	[ "$(reports)" -gt $(($1 + 2)) ]
}

./timers churn >/tmp/churn &
churn=$!
load_patch kp_work.ko
reported
load_patch kp_work_again.ko
remove_module kp_work
reported
dmesg | grep -q 'timerfd: set [1-9]' || fail "nothing was counted"
unload_patch kp_work_again
before=$(reports)
sleep 1
[ "$(reports)" -eq "$before" ] || fail "reports of a patch that is gone"
kill $churn
wait $churn || fail "a task failed: $(cat /tmp/churn)"
