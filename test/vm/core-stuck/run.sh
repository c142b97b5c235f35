# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Each part: somebody is stuck, outside of old code, and the core must get on without him.
K=/sys/kernel/kpatch

wrong=''
bad() {
	say "WRONG: $*"
	wrong="$wrong${wrong:+; }$*"
}
settled() { [ "$(cat "$K/$1/transition" 2>/dev/null || echo 0)" = 0 ]; }

# A real-time task wakes up in a system call and never gets the CPU, as one of higher priority spins
# in user space. The real-time limit stops both at once.
starved() {
	./stuck starve 1 1 &
	starving=$!
	sleep 1
	./stuck spin 1 50 &
	spinning=$!
	sleep 1
	insmod kps_1.ko
	grep -q '^[0-9]* x\\ny running -$' $K/kps_1/blockers ||
		bad "a name with a newline is shown as $(cat $K/kps_1/blockers)"
	wait_until 20 settled kps_1 ||
		bad "the transition waits for a task that gets no CPU: $(tr '\n' ' ' <$K/kps_1/blockers)"
	kill -9 $starving $spinning
	wait_until 20 settled kps_1 || fail "the transition does not end"
	unload_patch kps_1
}

# The first process of a pid namespace waits, in its exit, for a zombie whose parent is outside and does
# not care. The module of a patch that it has never been in can go.
exiting() {
	./stuck namespace &
	parent=$!
	sleep 3
	load_patch kps_1.ko
	disable_patch kps_1
	wait_until 20 rmmod kps_1 || bad "a module waits for a task that waits in its exit"
	kill -9 $parent
	wait_until 20 test ! -e /sys/module/kps_1 || remove_module kps_1
}

starved
# The kernel with all checkers is small.
if [ -e /proc/self/ns/pid ]; then
	exiting
fi
[ -z "$wrong" ] || fail "$wrong"
