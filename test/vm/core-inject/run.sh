# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Every step of the core that can fail is made to fail once, for each operation. After each failure the system is
# as it was before, and the same operation works when nothing fails. Needs a kpatch.ko of KP_TEST=1.

P=/sys/module/kpatch/parameters
K=/sys/kernel/kpatch

inject() { echo "$1" >$P/inject_at; }

# picture: everything of the system that an operation of the core may change. By few processes: it is taken
# hundreds of times.
picture() {
	read -r cmdline </proc/cmdline
	echo "cmdline: ${cmdline%% *}"
	for file in /proc/kpi "$K"/*/enabled "$K"/*/transition "$K"/*/stack_order "$K"/*/states "$K"/*/shadow_types \
		"$K"/*/kept "$K"/*/*/patched /sys/module/kpi_*/parameters/*balance; do
		[ ! -e "$file" ] || set -- "$@" "$file"
	done
	[ $# -eq 0 ] || grep -H '' "$@"
	{
		find "$K"
		awk '{ print "module", $1 }' /proc/modules
		grep -o -e kp_keep_bind -e bind_row -e new_kept /proc/vmallocinfo || true
	} | sort
}

# Entry calls are given back later, by a worker; so they are compared where nothing is patched any more.
unhooked() { ! grep -q -e kpi_ -e cmdline_proc_show /sys/kernel/tracing/enabled_functions; }

settle() { wait_until 30 settled "$1" || fail "the transition of $1 does not end"; }
settled() { ! { read -r now <"$K/$1/transition"; } 2>/dev/null || [ "$now" = 0 ]; }

gone() { wait_until 30 rmmod "$1" || fail "$1 cannot be removed"; }

# ---- the operations: NAME_before brings about the state they start from, NAME is the one that fails,
# NAME_after takes back what a success did, NAME_end what before did ----

load_before() { :; }
load() { ./load_once kpi_1.ko && settle kpi_1; }
load_after() { off kpi_1; }
load_end() { :; }

off() {
	echo 0 >"$K/$1/enabled" || fail "$1 cannot be disabled"
	settle "$1"
	gone "$1"
}

replace_before() { load; }
replace() { ./load_once kpi_2.ko && settle kpi_2; }
replace_after() {
	gone kpi_1
	load_old_again
	gone kpi_2
}
# Version 1 comes back as a cumulative patch of its own.
load_old_again() { ./load_once kpi_1.ko replace=1 && settle kpi_1; }
replace_end() { off kpi_1; }

coming_before() {
	rmmod kpi_target
	load
}
coming() { ./load_once kpi_target.ko; }
coming_after() { rmmod kpi_target; }
coming_end() {
	off kpi_1
	insmod kpi_target.ko
}

disable_before() { load; }
disable() { echo 0 >$K/kpi_1/enabled && settle kpi_1; }
disable_after() {
	gone kpi_1
	load
}
disable_end() { off kpi_1; }

# A task in old code holds the transition up, which is then turned around.
reverse_before() {
	load
	disable_held
}
disable_held() {
	./holder &
	holder=$!
	sleep 1
	echo 0 >$K/kpi_1/enabled
	expect 1 cat $K/kpi_1/transition
}
reverse() { echo 1 >$K/kpi_1/enabled && settle kpi_1; }
reverse_after() {
	echo 0 >$K/kpi_1/enabled
	expect 1 cat $K/kpi_1/transition
}
reverse_end() {
	kill -9 $holder
	settle kpi_1
	gone kpi_1
}

# ---- each of them, for each step ----

# once NAME STEP: the operation, with that step failing; 0 if it succeeded all the same
once() {
	picture >/tmp/before
	inject "$2"
	if "$1" >/tmp/said 2>&1; then
		inject 0
		return 0
	fi
	inject 0
	return 1
}

try() {
	name=$1
	picture >/tmp/start
	"${name}_before"
	inject 0
	"$name" || fail "$name does not work without injection"
	read -r steps <$P/inject_count
	"${name}_after"
	[ "$steps" -gt 0 ] || fail "$name passes no step that can fail"
	failed=0
	n=1
	while [ $n -le "$steps" ]; do
		# A hook that is still there from the last time would be taken back, without its steps.
		[ $name != load ] || wait_until 30 unhooked || fail "hooks are left"
		if once "$name" "$n"; then
			# The step was a comfort, or its work was done in another way.
			"${name}_after"
		else
			failed=$((failed + 1))
			picture >/tmp/after
			cmp -s /tmp/before /tmp/after || {
				diff /tmp/before /tmp/after || true
				fail "$name, step $n of $steps failed and left something: $(diff /tmp/before /tmp/after | grep '^[-+][^-+]' | head -n 2 | tr '\n' ' ')"
			}
			"$name" || fail "$name does not work after step $n had failed"
			"${name}_after"
		fi
		n=$((n + 1))
	done
	"${name}_end"
	picture >/tmp/end
	cmp -s /tmp/start /tmp/end || {
		diff /tmp/start /tmp/end || true
		fail "$name: something is left at the end"
	}
	say "$name: $steps steps, $failed of them made it fail"
	[ $failed -gt 0 ] || fail "no injected failure made $name fail"
}

memory() {
	sleep 2
	echo 3 >/proc/sys/vm/drop_caches
	sed -n 's/^SUnreclaim: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

[ -w $P/inject_at ] || fail "kpatch.ko is not a test build"
insmod kpi_target.ko
expect "1 1" cat /proc/kpi
slab=$(memory)
for operation in load disable replace coming reverse; do
	try $operation
done
expect "1 1" cat /proc/kpi
wait_until 60 unhooked || fail "still hooked: $(cat /sys/kernel/tracing/enabled_functions)"
now=$(memory)
say "slab $slab -> $now KiB"
! counts_memory || [ $((now - slab)) -lt 2048 ] || fail "$((now - slab)) KiB more in slabs"
rmmod kpi_target
