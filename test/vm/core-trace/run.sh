# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154 # CORE is the harness's
# Tracers and BPF on a patched function of vmlinux: before it is patched, while tasks are switched,
# while it is patched, after. Whoever comes or goes, what runs is the version that sysfs says.

T=/sys/kernel/tracing

original() { expect "console=" cat /proc/cmdline; }
replaced() { expect "kpt version 1" cat /proc/cmdline; }

# Each tracer: NAME_on, NAME_off, and NAME_saw, whether it notices a call.
function_on() {
	echo cmdline_proc_show >$T/set_ftrace_filter
	echo function >$T/current_tracer
}
function_off() {
	echo nop >$T/current_tracer
	echo >$T/set_ftrace_filter
}
function_saw() { saw cmdline_proc_show; }
graph_on() {
	echo cmdline_proc_show >$T/set_ftrace_filter
	echo function_graph >$T/current_tracer
}
graph_off() { function_off; }
# Where a direct call is, the graph tracer may leave the function out.
graph_saw() { cat /proc/cmdline >/dev/null; }
kprobe_on() {
	echo 'p:kpt_probe cmdline_proc_show' >$T/kprobe_events
	echo 1 >$T/events/kprobes/kpt_probe/enable
}
kprobe_off() {
	echo 0 >$T/events/kprobes/kpt_probe/enable
	echo >$T/kprobe_events
}
kprobe_saw() { saw kpt_probe; }
bpf_on() { attach count.bpf.o /sys/fs/bpf/kpt; }
bpf_off() {
	rm -r /sys/fs/bpf/kpt
	# The trampoline goes when a grace period is over.
	usleep 500000
}
bpf_count() { bpftool -j map dump pinned /sys/fs/bpf/kpt/data | sed 's/.*"kpt_count": *\([0-9]*\).*/\1/'; }
bpf_saw() {
	was=$(bpf_count)
	cat /proc/cmdline >/dev/null
	[ "$(bpf_count)" -gt "$was" ]
}

saw() {
	echo >$T/trace
	cat /proc/cmdline >/dev/null
	grep -q "$1" $T/trace
}

join() {
	say "$1 attached: $2"
	"$1_on" || fail "$1 cannot be attached: $2"
	must_see "$1" "$2"
}
must_see() { "$1_saw" || fail "$1 does not see calls: $2"; }

# No function that we patched has a hook left.
unhooked() { ! grep -q cmdline_proc_show $T/enabled_functions; }

load_kpt() {
	load_patch kpt_1_0.ko
	replaced
}
unload_kpt() {
	unload_patch kpt_1_0
	original
}

# hold_up: a task that is in old code for as long as we want
hold_up() {
	./sleeper &
	sleeper=$!
	sleep 1
}
let_go() {
	kill -9 $sleeper
	wait $sleeper || true
}

# may_attach_later NAME: a BPF program cannot join a function that the bundled core has; that is known
may_attach_later() { [ "$1" != bpf ] || [ "$CORE" != kpatch ]; }

# refuse NAME WHEN
refuse() {
	! "$1_on" 2>/tmp/refused || fail "$1 could be attached $2, and only one of the two can run"
	say "$1 $2 is refused: $(head -n 1 /tmp/refused)"
}

try_tracer() {
	tracer=$1
	join "$tracer" before
	load_kpt
	must_see "$tracer" "patched"
	"${tracer}_off"
	replaced
	if may_attach_later "$tracer"; then
		# Whoever was there first may have left its kind of hook.
		join "$tracer" during
		replaced
		"${tracer}_off"
	fi
	unload_kpt
	wait_until 30 unhooked || [ "$CORE" = livepatch ] || fail "a hook is left after $tracer"

	load_kpt
	if may_attach_later "$tracer"; then
		join "$tracer" "while patched"
		replaced
		unload_kpt
		must_see "$tracer" "after"
		original
		"${tracer}_off"
	else
		refuse "$tracer" "while patched"
		replaced
		unload_kpt
	fi
	original

	# While tasks are switched, both ways.
	hold_up
	insmod kpt_1_0.ko
	expect 1 cat "$(patch_dir kpt_1_0)/transition"
	if may_attach_later "$tracer"; then
		join "$tracer" "in transition"
		"${tracer}_off"
	else
		refuse "$tracer" "in transition"
	fi
	let_go
	wait_until 30 transition_over kpt_1_0 || fail "the transition does not end"
	replaced
	unload_kpt
	wait_until 30 unhooked || fail "a hook is left"
	join "$tracer" after
	original
	"${tracer}_off"
}

# ---- kernel.ftrace_enabled ----

switch_off() { echo 0 >/proc/sys/kernel/ftrace_enabled; }
switch_on() { echo 1 >/proc/sys/kernel/ftrace_enabled; }

try_switch() {
	say "ftrace off, nothing patched"
	wait_until 30 unhooked
	wait_until 30 switch_off || fail "ftrace cannot be switched off though nothing is patched"
	! insmod kpt_1_0.ko || fail "a patch was loaded though ftrace is off"
	original
	switch_on
	load_kpt
	say "ftrace off, patched"
	! switch_off || fail "ftrace could be switched off under a patch"
	replaced
	say "ftrace off, in transition"
	hold_up
	echo 0 >"$(patch_dir kpt_1_0)/enabled"
	expect 1 cat "$(patch_dir kpt_1_0)/transition"
	! switch_off || fail "ftrace could be switched off in a transition"
	let_go
	wait_until 30 transition_over kpt_1_0 || fail "the transition does not end"
	original
	remove_module kpt_1_0
	say "ftrace off, just after"
	switch_off || true
	original
	switch_on
	wait_until 30 switch_off || fail "ftrace cannot be switched off any more"
	original
	switch_on
}

insmod kpt_target.ko
mkdir -p /sys/fs/bpf
mount -t bpf bpf /sys/fs/bpf 2>/dev/null || true
original
for tracer in function graph kprobe bpf; do
	if [ $tracer = bpf ] && [ ! -e /sys/kernel/btf/vmlinux ]; then
		say "no BTF: BPF is left out"
		continue
	fi
	try_tracer $tracer
done
try_switch
rmmod kpt_target
