# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Transitions, with everything that makes them difficult. kp_trans.c says what the commands do.

figure() {
	awk -v name="$1" '$1 == name { print $2 }' /proc/kp_trans
}

tell() {
	echo "$1" >/proc/kp_trans || fail "$1: refused"
}

# is FIGURE VALUE
is() {
	[ "$(figure "$1")" = "$2" ] || fail "$1 is $(figure "$1"), not $2"
}

over() {
	[ "$(figure active)" = 0 ]
}

# finish WHAT: the transition ends
finish() {
	wait_until 30 over || {
		head -n 20 /proc/kp_trans_blockers
		fail "$1: does not end"
	}
	echo "   $1: $(figure us) us"
	is mixed 0
}

# there_and_back WHAT
there_and_back() {
	tell enable
	finish "$1, enable"
	is patched 1
	tell disable
	finish "$1, disable"
	is patched 0
}

# blocked_by TEXT: a task holds it up, and the list says which and where
blocked_by() {
	wait_until 5 grep -q "$1" /proc/kp_trans_blockers ||
		fail "no '$1' among the blockers: $(head -n 5 /proc/kp_trans_blockers | tr '\n' ';')"
	echo "   blocked by: $(grep -m 1 "$1" /proc/kp_trans_blockers)"
}

tasks() {
	awk '$1 == "task_struct" { print $2 }' /proc/slabinfo
}

kill_all() {
	killall -9 tt 2>/dev/null || true
	wait_until 20 sh -c '! pidof tt' || fail "loads do not die"
}

# over_now: without a process, which would take as long as the next pass
over_now() {
	while read -r name value; do
		[ "$name" != active ] || return "$value"
	done </proc/kp_trans
	fail "no figure 'active'"
}

insmod kp_trans.ko
there_and_back "few tasks"

if [ -w /sys/devices/system/cpu/cpu1/online ]; then
	say "with one processor, whoever starts a transition does not hold it up"
	echo 0 >/sys/devices/system/cpu/cpu1/online
	at_once=0
	for command in enable disable enable disable enable disable enable disable; do
		tell $command
		! over_now || at_once=$((at_once + 1))
		finish "one processor, $command"
	done
	echo 1 >/sys/devices/system/cpu/cpu1/online
	[ "$at_once" -ge 6 ] || fail "only $at_once of 8 transitions were over at once"
fi
echo 3 >/proc/sys/vm/drop_caches
sleep 6
tasks_before=$(tasks)

say "sleepers, spinners, busy kernel threads"
# Making a thread is what a slow kernel is slowest at.
many=$((4000 / (SCALE * SCALE)))
for count in $((many / 8)) $many; do
	./tt sleepers $count >/tmp/ready &
	wait_until 60 grep -q ready /tmp/ready || fail "no $count threads"
	rm /tmp/ready
	there_and_back "$count sleepers"
	kill_all
done
./tt sleepers "$many" >/tmp/ready &
wait_until 60 grep -q ready /tmp/ready || fail "no threads"
# More than processors. After the threads, which would take long to make beside them.
./tt spinners 3 &
tell spin_busy
there_and_back "$many sleepers, 3 spinners, a kernel thread that only calls cond_resched()"
there_and_back "the same again"
tell stop
tell spin_steps
there_and_back "$many sleepers, 3 spinners, a kernel thread that spends its time in a patched function"
tell stop
kill_all

# never_left COMMAND THREAD FUNCTION: a thread that does not leave old code is not switched
never_left() {
	tell "$1"
	sleep 1
	tell enable
	blocked_by "$2 running $3"
	sleep 4
	is active 1
	[ "$(wc -l </proc/kp_trans_blockers)" -eq 1 ] || fail "more than one blocker: $(cat /proc/kp_trans_blockers)"
	tell reverse
	finish "turned around because of it"
	is patched 0
	tell enable
	blocked_by "$2 running $3"
	tell stop
	finish "after it returned"
	dmesg | grep -q "$2 returned version 0" || fail "$2 was in new code"
	tell disable
	finish "$3, disable"
}

say "a leaf of the old code is never left alone"
never_left spin_leaf kp_leaf leaf
say "nor is old code below a retpoline"
never_left spin_twirl kp_twirl twirl

say "tasks that sleep in old code"
head -c 2 /proc/kp_trans_sleep >/tmp/slept &
head -c 2 /proc/kp_trans_deep >/tmp/slept_deep &
sleep 0.5
tell enable
blocked_by 'head sleeping doze$'
blocked_by 'head sleeping doze_deep'
sleep 1
# Signals come after 5 seconds; the one that can be interrupted starts its system call again: in new code.
wait_until 10 test -s /tmp/slept || fail "no signal"
[ "$(cat /tmp/slept)" = 1 ] || fail "it slept in version $(cat /tmp/slept)"
dmesg | grep -q 'signaling remaining tasks' || fail "not logged"
refute doze$ cat /proc/kp_trans_blockers
is active 1
tell wake
finish "woken"
wait_until 5 test -s /tmp/slept_deep
[ "$(cat /tmp/slept_deep)" = 0 ] || fail "deep sleeper: version $(cat /tmp/slept_deep)"
tell disable
finish "sleepers, disable"

say "one that hardly ever leaves old code is switched when it does"
tell close
(while :; do head -c 2 /proc/kp_trans_sleep; done) >/dev/null &
sleep 0.3
tell enable
blocked_by 'sleeping doze$'
tell wake
finish "a loop of sleeps"
kill $!
tell disable
finish "loop, disable"
tell close

say "one that uses up its invitation in old code is switched when its system call ends"
# One process, which goes back at once.
while read -r _; do :; done </proc/kp_trans_chores &
chores=$!
sleep 0.3
for command in enable disable; do
	tell $command
	blocked_by 'sleeping chores'
	sleep 1
	blocked_by 'sleeping chores'
	tell tick
	wait_until 2 over || fail "$command: it returned and was not switched: $(cat /proc/kp_trans_blockers)"
	finish "waits that run task works, $command"
done
kill $chores
wait $chores || true

say "force"
head -c 2 /proc/kp_trans_deep >/tmp/forced &
sleep 0.3
tell enable
blocked_by doze_deep
tell force
finish "forced"
is patched 1
tell wake
tell disable
finish "forced, disable"

say "storms"
for load in 'pairs 3' 'forks 2' 'threads 1' 'execs 1' 'vforks 1' 'uring 1' 'zombies 100' 'graces 1'; do
	# shellcheck disable=SC2086
	./tt $load &
done
sleep 1
./tt drive "${DRIVES:-$((300 / SCALE))}" || {
	head -n 20 /proc/kp_trans_blockers
	fail "drive"
}
is mixed 0
uring=$(pidof tt | wc -w)
[ "$uring" -ge 8 ] || fail "loads died early: $uring left"
echo "   $(figure calls) calls, $(figure new) of them new, $(figure mixed) mixed"
[ "$(figure new)" -gt 1000 ] || fail "hardly any new calls"

say "processors come and go"
if [ -w /sys/devices/system/cpu/cpu1/online ]; then
	(while :; do
		echo 0 >/sys/devices/system/cpu/cpu1/online
		echo 1 >/sys/devices/system/cpu/cpu1/online
	done) &
	hotplug=$!
	./tt drive $((40 / SCALE)) || fail "drive under hotplug"
	kill $hotplug
	wait $hotplug 2>/dev/null || true
	echo 1 >/sys/devices/system/cpu/cpu1/online
	is mixed 0
fi
# What others who wait for RCU have to expect, whoever they are.
echo "   a wait for RCU took $(cat /tmp/graces) ms at most"
kill_all
[ "$(figure patched)" = 0 ] || { tell disable && finish "storms, disable"; }

if [ -e /sys/module/kp_trans/parameters/exit_no_memory ]; then
	say "no memory to remember exits"
	echo 1 >/sys/module/kp_trans/parameters/exit_no_memory
	./tt forks 2 &
	./tt threads 2 &
	sleep 1
	echo 0 >/sys/module/kp_trans/parameters/exit_no_memory
	kill_all
	wait_until 20 sh -c 'echo enable >/proc/kp_trans' || fail "never enabled again"
	finish "after exits without memory"
	tell disable
	finish "the same, disable"

	say "a transition that is held keeps old tasks in old code"
	echo 1 >/sys/module/kp_trans/parameters/hold_transition
	cat /proc/self/stat >/dev/null
	tell enable
	blocked_by 'waiting -'
	# This shell is in the set; a process that is created now is not.
	read -r version </proc/kp_trans_pair
	[ "$version" = 0 ] || fail "an old task ran version $version"
	version=$(head -c 1 /proc/kp_trans_pair)
	[ "$version" = 1 ] || fail "a new task ran version $version"
	tell reverse
	read -r version </proc/kp_trans_pair
	[ "$version" = 0 ] || fail "turned around: an old task ran version $version"
	echo 0 >/sys/module/kp_trans/parameters/hold_transition
	finish "held"
	is patched 0
fi

say "nothing is left"
tell quiesce
sleep 7
tasks_after=$(tasks)
echo "   task_struct: $tasks_before before, $tasks_after after"
! counts_memory || [ "$tasks_after" -le $((tasks_before + 60)) ] || fail "tasks leak: $tasks_before before, $tasks_after now"
rmmod kp_trans
