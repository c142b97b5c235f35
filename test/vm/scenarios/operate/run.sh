# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# What an administrator does: install, load --all, verify, unload --all; and a transition that a task
# holds up: status, signal, force.
store=/var/lib/kpatch/$(uname -r)
expect "no patches are installed, and none are loaded" kpatch verify
expect_status 0 kpatch status

say "installed in order: the cumulative one makes the one before it unnecessary"
expect_status 0 kpatch install kp_op_one.ko kp_op_two.ko
expect_status 0 kpatch install kp_op_three.ko
expect "is installed already" kpatch install kp_op_three.ko
expect_status 1 kpatch verify
[ "$CORE" != kpatch ] || rmmod kpatch
expect "kp_op_one is not needed: kp_op_two replaces it" kpatch load --all
refute "one: " cat /proc/version
expect "three: " cat /proc/version
expect "two: " cat /proc/uptime
expect_status 0 kpatch verify
expect_status 0 kpatch status
expect "kp_op_two  enabled  (core $CORE)" kpatch status
expect "already-loaded" kpatch --json load --all

say "a bad one does not keep the others out"
expect_status 0 kpatch unload --all
check_gone kp_op_two
check_gone kp_op_three
echo "not a module" >"$store/bad.ko"
expect_status 1 kpatch load --all
expect "kp_op_three is loaded already" kpatch load kp_op_three
expect "two: " cat /proc/uptime
expect "bad (unusable)" kpatch verify
expect_status 0 kpatch uninstall bad

say "loaded but not installed, and left over"
expect_status 0 kpatch verify
expect_status 0 kpatch install --replace kp_op_three.ko
expect_status 0 kpatch uninstall kp_op_two
expect "kp_op_two (not-installed)" kpatch verify
expect_status 0 kpatch install kp_op_two.ko
# Now it is the last one.
expect_status 0 kpatch unload --all
expect_status 0 kpatch load kp_op_three
expect_status 0 kpatch load --all
refute "three: " cat /proc/version
expect "kp_op_three  replaced (by kp_op_two; kpatch unload kp_op_three)" kpatch verify
expect "kp_op_three  not in force" kpatch status
expect_status 0 kpatch unload --all
check_gone kp_op_three
expect_status 0 kpatch uninstall kp_op_one kp_op_two kp_op_three
[ ! -e "$store" ] || fail "$store is left: $(ls -A "$store")"

say "a transition that is held up"
./parent &
parent=$!
wait_until 5 grep -E "vfork|clone" /proc/$parent/stack || fail "the parent does not sleep in vfork()"
expect "no patch is in transition" kpatch signal
kpatch --keep-waiting load kp_op_vfork.ko >/tmp/load 2>&1 &
loader=$!
wait_until 10 test -e "$(patch_dir kp_op_vfork)/transition" || fail "not inserted: $(cat /tmp/load)"
sleep 1
expect_status 1 kpatch status
expect "kp_op_vfork  enabling  (core $CORE), for " kpatch status
expect "held up by $parent parent (" kpatch status
expect "clone" kpatch status
expect "not in force: kp_op_vfork (enabling)" kpatch status --wait 1
expect '"seconds": ' kpatch --json status
expect "signals the tasks in the way by itself" kpatch signal
expect "another kpatch has been at work" kpatch --wait 0 unload --all
expect "nobody is there to ask" kpatch force kp_op_vfork
expect 1 cat "$(patch_dir kp_op_vfork)/transition"
expect "kp_op_vfork forced" kpatch force --yes kp_op_vfork
status=0
wait $loader || status=$?
[ $status -eq 0 ] || fail "the waiting load ended with $status: $(cat /tmp/load)"
expect_status 0 kpatch status
expect "is enabled and in no transition" kpatch force --yes kp_op_vfork
refute "vfork: parent" dmesg
kill -9 $parent
expect_status 0 kpatch unload --all
check_gone kp_op_vfork
