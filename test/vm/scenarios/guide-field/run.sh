# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The author's guide, "Add a field": timers that were there before the patch get theirs when they are
# read, those that are closed lose it, and the patch takes the rest along.
types=$(patch_dir kp_reads)/shadow_types

# reads FD: what fdinfo says
reads() {
	sed -n 's/^reads: //p' "/proc/$holder/fdinfo/$1"
}

live() {
	grep "^74666472 $1 " "$types"
}

start_holder() {
	./timers hold 3 >/tmp/hold &
	holder=$!
	wait_until 10 grep -q ready /tmp/hold || fail "no timers are held"
}

start_holder
refute "reads" cat /proc/$holder/fdinfo/3
kill -STOP $holder
load_patch kp_reads.ko
expect "0" reads 3
live 0 || fail "variables without a read: $(cat "$types")"
kill -CONT $holder
wait_until 10 live 3 || fail "not a variable for each timer: $(cat "$types")"
sleep 1
[ "$(reads 5)" -gt 1 ] || fail "reads: $(reads 5)"

say "closed"
kill $holder
wait_until 10 live 0 || fail "left: $(cat "$types")"

say "the patch takes them along"
start_holder
wait_until 10 live 3 || fail "not a variable for each timer: $(cat "$types")"
kill -STOP $holder
unload_patch kp_reads
load_patch kp_reads.ko
live 0 || fail "left: $(cat "$types")"
expect "0" reads 3
unload_patch kp_reads
kill -9 $holder
