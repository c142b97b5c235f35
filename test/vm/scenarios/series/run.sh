# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A series of four cumulative patches, up and down, turned around half way and disabled, while tasks use the
# patched code all the time. What is called, and how many shadow variables there are, is what
# doc/patch-author-guide.md says.
HELD=7
READS=74666472 SETS=74666473

# called: "PATCH:CALLBACK" or "PATCH:CALLBACK-STATE" for each since the last calls(), in order
called() {
	dmesg | sed -n 's/.*series \([1-4]\): \(setup\|enable\|disable\|release\|p[a-z]*_[a-z]*\) *\([a-z_]*\)$/\1:\2-\3/p' |
		sed 's/-$//; s/-series_/-/' | tail -n +$((calls_seen + 1))
}

# calls WANTED...: these and no others, since the last time
calls() {
	local got
	got=$(called | tr '\n' ' ')
	[ "$got" = "$*${1:+ }" ] || fail "calls: '$got', expected '$*'"
	echo "   ok: calls: $*"
	calls_seen=$((calls_seen + $#))
}
calls_seen=0

# start_load, end_load: tasks that go through everything that is patched
start_load() {
	./timers churn >/tmp/churn.1 &
	churn1=$!
	./timers churn >/tmp/churn.2 &
	churn2=$!
	wait_until 10 grep -q ready /tmp/churn.1 || fail "the load does not start"
	wait_until 10 grep -q ready /tmp/churn.2 || fail "the load does not start"
}

end_load() {
	kill $churn1 $churn2
	wait $churn1 || fail "a task failed: $(cat /tmp/churn.1)"
	wait $churn2 || fail "a task failed: $(cat /tmp/churn.2)"
	[ "$(tail -n 1 /tmp/churn.1)" -gt 0 ] || fail "the load did nothing"
	echo "   load: $(tail -n 1 /tmp/churn.1) and $(tail -n 1 /tmp/churn.2) timers"
}

# live PATCH ID: shadow variables of that type
live() {
	sed -n "s/^$2 \([0-9]*\) .*/\1/p" "$(patch_dir kp_series_$1)/shadow_types"
}

# is_live PATCH ID NUMBER STRAYS: NUMBER variables, or up to STRAYS more
is_live() {
	[ "$(live "$1" "$2")" -ge "$3" ] && [ "$(live "$1" "$2")" -le $(($3 + $4)) ]
}

# counts PATCH READS SETS [STRAYS]: so many variables without the load; "-" where the patch has no such type. STRAYS of
# READS may be of timers that the original code has closed while a transition was under way, one for each task.
# The sleeper has read nothing, so it has none.
counts() {
	end_load
	wait_until 5 is_live "$1" $READS "$2" "${4:-0}" || fail "patch $1: $(live "$1" $READS) of READS, expected $2"
	if [ "$3" = - ]; then
		refute "$SETS" cat "$(patch_dir kp_series_$1)/shadow_types"
	else
		wait_until 5 is_live "$1" $SETS "$3" 0 || fail "patch $1: $(live "$1" $SETS) of SETS, expected $3"
		[ "$(info "sets live")" -eq "$3" ] || fail "ctors and dtors leave $(info "sets live") of SETS, expected $3"
	fi
	echo "   ok: live variables: $(live "$1" $READS) $3"
	start_load
}

# info LINE: what a timer that is held says
info() {
	sed -n "s/^$1: //p" /proc/$holder/fdinfo/3
}

# more_all_reads: the kept counter went on since the last time, and did not start afresh
more_all_reads() {
	local now
	now=$(info "all reads")
	[ "$now" -gt "$all_reads" ] || fail "all reads: $now, after $all_reads"
	echo "   ok: all reads: $now, after $all_reads"
	all_reads=$now
}

# gone OLD: a patch that was replaced can be removed
gone() {
	remove_module kp_series_$1
	check_gone kp_series_$1
}

# begin PATCH 0|1: start a transition that the sleeper holds up
begin() {
	say "towards $1 ($2), held up"
	if [ "$2" = 1 ]; then
		insmod kp_series_$1.ko
	else
		echo 0 >"$(patch_dir kp_series_$1)/enabled"
	fi
	sleep 1
	expect 1 cat "$(patch_dir kp_series_$1)/transition"
	wait_until 10 holds_up $sleeper kp_series_$1 "$2" || fail "the sleeper does not hold it up"
}

# turn PATCH 0|1: into the other direction
turn() {
	say "turned around"
	echo "$2" >"$(patch_dir kp_series_$1)/enabled"
}

start_sleeper() {
	./timers sleep >/tmp/sleep &
	sleeper=$!
	wait_until 10 grep -q ready /tmp/sleep || fail "the sleeper does not start"
	sleep 1
}

# freed PATCH: the variables of SETS that were left went with its dtor: those of the timers that are held, and at most
# one for each task of the load
freed() {
	local number
	wait_until 10 freed_enough "$1" || fail "patch $1 freed $(freed_lines) of SETS"
	sleep 1
	number=$(($(freed_lines) - freed_seen))
	[ $number -le $((HELD + 2)) ] || fail "patch $1 freed $number of SETS"
	dmesg | grep "series $1: freed" | tail -n 1 | grep -q ", 0 left" || fail "ctors and dtors: $(dmesg | grep freed | tail -n 1)"
	echo "   ok: patch $1 freed $number variables"
	freed_seen=$((freed_seen + number))
}
freed_seen=0

freed_lines() {
	dmesg | grep -c "series [1-4]: freed, set [1-9]"
}

freed_enough() {
	dmesg | grep -q "series $1: freed" && [ $(($(freed_lines) - freed_seen)) -ge $HELD ]
}

# refused PATCH: not compatible with what is in force
refused() {
	expect_status 22 insmod kp_series_$1.ko
	expect "not compatible" dmesg
	calls
}

dmesg -c >/dev/null
./timers hold $HELD >/tmp/hold &
holder=$!
wait_until 10 grep -q ready /tmp/hold || fail "no timers are held"
start_load

say "up: 1, 2, 3, 4"
load_patch kp_series_1.ko
calls 1:setup-base 1:pre_patch 1:post_patch 1:enable-base
sleep 1
counts 1 $HELD -
first=$(info reads)

load_patch kp_series_2.ko
calls 2:setup-extra 2:pre_patch 1:pre_unpatch 1:post_unpatch 2:post_patch 2:enable-extra
gone 1
sleep 1
counts 2 $HELD $HELD
[ "$(info reads)" -gt "$first" ] || fail "reads: $(info reads), after $first"
all_reads=0
more_all_reads

load_patch kp_series_3.ko
calls 3:pre_patch 2:pre_unpatch 2:post_unpatch 3:post_patch
expect "series 3: found version 1" dmesg
gone 2
counts 3 $HELD $HELD
more_all_reads

say "what does not know the state"
expect_status 22 insmod kp_series_other.ko
expect "not compatible" dmesg
calls

say "to 4, turned around half way"
start_sleeper
begin 4 1
calls 3:disable-extra 4:pre_patch 3:pre_unpatch
more_all_reads
turn 4 0
wait_until 10 test ! -e "$(patch_dir kp_series_4)" || fail "kp_series_4 does not go"
calls 4:post_unpatch 3:enable-extra 3:post_patch
gone 4
counts 3 $HELD $HELD
more_all_reads

say "turned around twice: one task sleeps in old code, one in new"
begin 4 1
first_sleeper=$sleeper
start_sleeper
turn 4 0
wait_until 10 holds_up $sleeper kp_series_4 0 || fail "the second sleeper does not hold it up"
turn 4 1
wait_until 10 holds_up $first_sleeper kp_series_4 1 || fail "the first sleeper does not hold it up"
refute "4:post" called
kill $first_sleeper
wait_until 10 transition_over kp_series_4 || fail "the transition to 4 does not end"
calls 3:disable-extra 4:pre_patch 3:pre_unpatch 3:post_unpatch 4:post_patch 3:release-extra
freed 3
gone 3
counts 4 $HELD -
more_all_reads

say "down: back to 3, but not to an older version of a state"
kill $sleeper
load_patch kp_series_3.ko
calls 3:setup-extra 3:pre_patch 4:pre_unpatch 4:post_unpatch 3:post_patch 3:enable-extra
gone 4
sleep 1
counts 3 $HELD $HELD
more_all_reads
refused 2
refused 1
counts 3 $HELD $HELD

say "disabled, turned around half way"
start_sleeper
begin 3 0
calls 3:disable-extra 3:disable-base 3:pre_unpatch
turn 3 1
wait_until 10 transition_over kp_series_3 || fail "the transition back to 3 does not end"
calls 3:post_patch 3:enable-base 3:enable-extra
sleep 1
counts 3 $HELD $HELD 2
more_all_reads

say "disabled"
kill $sleeper
unload_patch kp_series_3
calls 3:disable-extra 3:disable-base 3:pre_unpatch 3:post_unpatch 3:release-extra 3:release-base
freed 3
refute "series" cat /proc/$holder/fdinfo/3

[ "$(dmesg | grep -c "series 3: found")" -eq 1 ] || fail "found an older version more than once"

say "anew: nothing is left of what was kept, nor of the variables"
start_sleeper
begin 1 1
calls 1:setup-base 1:pre_patch
turn 1 0
wait_until 10 test ! -e "$(patch_dir kp_series_1)" || fail "kp_series_1 does not go"
calls 1:post_unpatch 1:release-base
remove_module kp_series_1
kill $sleeper
load_patch kp_series_2.ko
calls 2:setup-base 2:setup-extra 2:pre_patch 2:post_patch 2:enable-base 2:enable-extra
sleep 1
counts 2 $HELD $HELD
[ "$(info "all reads")" -lt "$all_reads" ] || fail "all reads did not start afresh"

say "down: to 1, which has the same version"
load_patch kp_series_1.ko
calls 2:disable-extra 1:pre_patch 2:pre_unpatch 2:post_unpatch 1:post_patch 2:release-extra
freed 2
gone 2
counts 1 $HELD -

say "from 1 to 4 at once, and out"
load_patch kp_series_4.ko
calls 4:pre_patch 1:pre_unpatch 1:post_unpatch 4:post_patch
gone 1
counts 4 $HELD -
unload_patch kp_series_4
calls 4:disable-base 4:pre_unpatch 4:post_unpatch 4:release-base

say "no variable is left"
end_load
kill $holder
wait $holder || fail "the holder failed: $(cat /tmp/hold)"
load_patch kp_series_2.ko
is_live 2 $READS 0 0 || fail "$(live 2 $READS) of READS are left"
is_live 2 $SETS 0 0 || fail "$(live 2 $SETS) of SETS are left"
unload_patch kp_series_2
rmmod kpatch || fail "kpatch.ko does not go: $(dmesg | tail -n 1)"
