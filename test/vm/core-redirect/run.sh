# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Redirection alone: slots, chooser, registration and its end, beside tracers, BPF and livepatch.
tracing=/sys/kernel/tracing
p=/sys/module/kp_rd/parameters

# must COMMAND: succeeds; gives COMMAND TEXT: and leaves TEXT in result; quick COMMAND MS: in less time
try() {
	echo "$1" >$p/run 2>/tmp/error
}
must() {
	try "$1" || fail "'$1' failed: $(cat /tmp/error)"
}
gives() {
	must "$1"
	got=$(cat $p/result)
	[ "$got" = "$2" ] || fail "'$1' gave '$got' instead of '$2'"
	echo "   ok: $1: $2"
}
refused() {
	! try "$1" || fail "'$1' was not refused"
	grep -q "$2" /tmp/error || fail "'$1' was refused with: $(cat /tmp/error), expected $2"
	echo "   ok: $1: $2"
}
quick() {
	must "$1"
	[ "$(cat $p/ms)" -lt $(($2 * SCALE)) ] || fail "'$1' took $(cat $p/ms) ms"
	echo "   ok: $1 took $(cat $p/ms) ms"
}
enabled() {
	grep -v '^	' $tracing/enabled_functions
}
nothing_enabled() {
	[ -z "$(enabled)" ]
}
ftrace_enabled() {
	sysctl -w "kernel.ftrace_enabled=$1"
}

insmod kp_rd_target.ko
insmod kp_rd.ko
wait_until 10 nothing_enabled || fail "functions are traced before the test"

say "stores"
gives "call add" 3
must "get add"
gives "call add" 3
must "new add"
gives "call add" 1003
must "old add"
gives "call add" 3
must "get gcd"
must "new gcd"
gives "call gcd" 4711
must "put gcd"
gives "call gcd" 6
must "get sum"
must "get eight"
refused "get untraceable" "Invalid argument"

say "chooser: nobody in a set, not in this set, pending, done"
gives "chooser add" "3 1003 3 3 1003 1003 3 1003 3"
gives "chooser sum" "127 -127 127 127 -127 -127 127 -127 127"
gives "chooser eight" "87654321 -87654321 87654321 87654321 -87654321 -87654321 87654321 -87654321 87654321"
gives "in-transit" "11111 000"

say "users are counted, and an idle one comes back at once"
must "get add"
must "new add"
must "put add"
gives "call add" 1003
must "put add"
gives "call add" 3
must "get add"
must "new add"
gives "call add" 1003
for name in add sum eight; do must "put $name"; done
wait_until 20 nothing_enabled || fail "still enabled: $(enabled)"
gives "call add" 3
must "get add"
must "put add"
must "module-gone"
! enabled | grep -q rdt_ || fail "still enabled after the module went: $(enabled)"
must "get add"
must "new add"
gives "call add" 1003

say "ftrace_enabled"
! ftrace_enabled 0 || fail "ftrace can be switched off while a function is patched"
gives "call add" 1003
must "put add"
wait_until 20 nothing_enabled || fail "still enabled: $(enabled)"
ftrace_enabled 0 || fail "ftrace cannot be switched off any more"
refused "get add" "busy"
gives "call add" 3
ftrace_enabled 1
must "get add"
must "new add"
gives "call add" 1003

say "function tracer, before and while"
echo rdt_add >$tracing/set_ftrace_filter
echo function >$tracing/current_tracer
gives "call add" 1003
grep -q rdt_add $tracing/trace || fail "the tracer sees nothing"
must "old add"
gives "call add" 3
must "put add"
sleep 3
gives "call add" 3
must "get add"
must "new add"
gives "call add" 1003
gives "chooser add" "3 1003 3 3 1003 1003 3 1003 3"
must "new add"
echo nop >$tracing/current_tracer
gives "call add" 1003

say "function_graph"
echo rdt_add >$tracing/set_graph_function
echo function_graph >$tracing/current_tracer
gives "call add" 1003
grep -q rdt_add $tracing/trace || fail "function_graph sees nothing"
must "put add"
sleep 3
gives "call add" 3
must "get add"
must "new add"
gives "call add" 1003
echo nop >$tracing/current_tracer
: >$tracing/set_graph_function
: >$tracing/set_ftrace_filter
gives "call add" 1003

say "kprobe"
echo 'p:kp_rd_probe rdt_add' >$tracing/kprobe_events
echo 1 >$tracing/events/kprobes/kp_rd_probe/enable
gives "call add" 1003
grep -q kp_rd_probe $tracing/trace || fail "the kprobe does not fire"
must "put add"
sleep 3
gives "call add" 3
must "get add"
must "new add"
gives "call add" 1003
echo 0 >$tracing/events/kprobes/kp_rd_probe/enable
gives "call add" 1003
echo >$tracing/kprobe_events

say "livepatch after us"
! insmod kp_rd_klp.ko || fail "livepatch patches the same function"
gives "call add" 1003
must "put add"
wait_until 20 nothing_enabled || fail "still enabled: $(enabled)"
say "livepatch before us"
load_patch kp_rd_klp.ko
gives "call add" 7003
refused "get add" "busy"
gives "call add" 7003
unload_patch kp_rd_klp
wait_until 20 nothing_enabled || fail "still enabled: $(enabled)"
must "get add"
must "put add"

say "a direct call that shares: an ip modifying handler, in both orders"
must "bpf-attach"
must "get bpf"
gives "call bpf" 2
must "new bpf"
gives "call bpf" 2001
gives "chooser bpf" "2 2001 2 2 2001 2001 2 2001 2"
must "new bpf"
must "bpf-detach"
gives "call bpf" 2001
must "bpf-attach"
gives "call bpf" 2001
must "put bpf"
gives "call bpf" 2
sleep 3
must "bpf-detach"
wait_until 20 nothing_enabled || fail "still enabled: $(enabled)"
must "get bpf"
must "new bpf"
refused "bpf-attach" "busy"
gives "call bpf" 2001
must "put bpf"

say "every step fails once"
step=1
while [ $step -lt 50 ]; do
	wait_until 20 nothing_enabled || fail "still enabled: $(enabled)"
	echo $step >$p/inject_at
	! try "get add" || break
	gives "call add" 3
	step=$((step + 1))
done
echo 0 >$p/inject_at
[ $step -ge 5 ] || fail "only $step steps can fail"
[ $step -lt 50 ] || fail "it never succeeded"
gives "call add" 3
must "new add"
gives "call add" 1003
must "put add"

say "100 functions"
must "get-many"
echo "   get: $(cat $p/ms) ms"
gives "call-many" 0
must "put-many"
gives "call-many" 14950
wait_until 30 nothing_enabled || fail "still enabled: $(enabled | head -n 3)"
must "plain-many"
echo "   without redirect.c: $(cat $p/result) ms"

say "a kernel thread that only calls cond_resched()"
must "spin $((25 * SCALE))"
quick "get-many" 4000
gives "call-many" 0
quick "put-many" 500
quick "get-many" 1000
quick "put-many" 500
wait_until 15 nothing_enabled || fail "unregistering waits for the thread"
quick "get add" 500
must "new add"
gives "call add" 1003
quick "put add" 500
quick "module-gone" 500
grep -qx kp_rd_spin /proc/[0-9]*/comm || fail "the thread has ended already"
must "stop-spin"

say "slots that wait for such a thread: only the function that had one gets it back"
ended() {
	! grep -qx kp_rd_spin /proc/[0-9]*/comm
}
wait_until 30 ended || fail "the thread does not end"
no_space() {
	! try "get eight" && grep -q "No space left" /tmp/error
}
# So that nothing waits for both threads.
echo 0 >$p/slots_max
wait_until 60 no_space || fail "without slots: $(cat /tmp/error)"
gives "call eight" 87654321
echo 4096 >$p/slots_max
must "spin $((12 * SCALE))"
must "get add"
must "put add"
wait_until 8 nothing_enabled || fail "still enabled: $(enabled)"
echo 0 >$p/slots_max
refused "get eight" "temporarily unavailable"
must "get add"
must "new add"
gives "call add" 1003
! ended || fail "the thread has ended already"
must "stop-spin"
must "put add"
gives "call add" 3
wait_until 60 no_space || fail "without slots: $(cat /tmp/error)"
echo 4096 >$p/slots_max
must "get eight"
must "put eight"
wait_until 20 nothing_enabled || fail "still enabled: $(enabled)"

say "while the worker is at it"
# Between unregistering and what follows.
echo 1500 >$p/leave_delay
must "get add"
must "put add"
no_add() {
	! enabled | grep -q rdt_add
}
wait_until 10 no_add || fail "rdt_add is not unregistered"
quick "other-gone" 700
quick "module-gone" 700
must "get add"
must "new add"
gives "call add" 1003
must "put add"
wait_until 10 nothing_enabled || fail "still enabled: $(enabled)"
# The companion went last, and is at that point now.
quick "get-many" 8000
gives "call-many" 0
must "put-many"
echo 0 >$p/leave_delay
wait_until 60 nothing_enabled || fail "still enabled: $(enabled | head -n 3)"

say "the end"
rmmod kp_rd
rmmod kp_rd_target
nothing_enabled || fail "still enabled: $(enabled)"
insmod kp_rd_target.ko
insmod kp_rd.ko
must "get add"
must "new add"
must "put add"
rmmod kp_rd
nothing_enabled || fail "still enabled: $(enabled)"
