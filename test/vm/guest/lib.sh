# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# What scenario scripts use. A script runs with `sh -e` in its own directory; the first failing
# command or `fail` ends it.

# fail WHY...: the scenario failed
fail() {
	echo "$*" >/tmp/why
	echo "FAILED: $*"
	exit 1
}

# skip WHY...: the scenario makes no sense here
skip() {
	echo "$*" >/tmp/why
	exit 77
}

say() {
	echo "-- $*"
	echo "kpatch-vm: $*" >/dev/kmsg
}

# expect TEXT COMMAND...: COMMAND's output contains TEXT (a fixed string)
expect() {
	text=$1
	shift
	output=$("$@" 2>&1) || true
	case $output in
	*"$text"*) echo "   ok: '$text' in: $*" ;;
	*) fail "expected '$text' from '$*', got: $(echo "$output" | tail -n 3 | tr '\n' ' ')" ;;
	esac
}

# refute TEXT COMMAND...: COMMAND's output does not contain TEXT
refute() {
	text=$1
	shift
	output=$("$@" 2>&1) || true
	case $output in
	*"$text"*) fail "did not expect '$text' from '$*'" ;;
	*) echo "   ok: no '$text' in: $*" ;;
	esac
}

# expect_status STATUS COMMAND...: COMMAND exits with STATUS
expect_status() {
	want=$1
	shift
	got=0
	"$@" || got=$?
	[ "$got" -eq "$want" ] || fail "'$*' ended with status $got, expected $want"
	echo "   ok: status $want: $*"
}

# name of the module in a .ko file, as sysfs spells it
module_name() {
	basename "$1" .ko | tr - _
}

# wait_until SECONDS COMMAND...: poll until COMMAND succeeds
wait_until() {
	polls=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		polls=$((polls - 1))
		[ $polls -gt 0 ] || return 1
		usleep 100000
	done
}

transition_over() {
	[ ! -e "/sys/kernel/livepatch/$1/transition" ] || [ "$(cat "/sys/kernel/livepatch/$1/transition")" = 0 ]
}

# Tasks that hold a transition up: those whose patch_state differs from the wanted one.
show_blockers() {
	for task in /proc/[0-9]*/task/[0-9]*; do
		state=$(cat "$task/patch_state" 2>/dev/null) || continue
		[ "$state" = -1 ] && continue
		[ "$state" = "$1" ] && continue
		echo "-- held up by $(cat "$task/comm") (${task##*/}), patch state $state"
		cat "$task/stack"
	done
}

# load_patch FILE.ko: insert, and wait until its transition is over
load_patch() {
	patch_name=$(module_name "$1")
	say "load $patch_name"
	insmod "$1" || fail "insmod $1: $(dmesg | tail -n 2 | tr '\n' ' ')"
	[ -e "/sys/kernel/livepatch/$patch_name" ] || fail "$patch_name is not in /sys/kernel/livepatch"
	wait_until "${TRANSITION_LIMIT:-30}" transition_over "$patch_name" || {
		show_blockers 1
		fail "the transition to $patch_name does not end"
	}
	[ "$(cat "/sys/kernel/livepatch/$patch_name/enabled")" = 1 ] || fail "$patch_name is not enabled"
}

# disable_patch NAME: back to the old code; the module stays
disable_patch() {
	say "disable $1"
	echo 0 >"/sys/kernel/livepatch/$1/enabled" || fail "$1 cannot be disabled"
	wait_until "${TRANSITION_LIMIT:-30}" transition_over "$1" || {
		show_blockers 0
		fail "the transition away from $1 does not end"
	}
	wait_until 10 test ! -e "/sys/kernel/livepatch/$1" || fail "$1 is still in /sys/kernel/livepatch"
}

# remove_module NAME: rmmod once nobody uses it any more
remove_module() {
	wait_until 10 rmmod "$1" || fail "rmmod $1: $(rmmod "$1" 2>&1)"
}

# unload_patch NAME|FILE.ko: disable and remove
unload_patch() {
	name=$(module_name "$1")
	disable_patch "$name"
	remove_module "$name"
	check_gone "$name"
}

# check_gone NAME|FILE.ko: no trace of the patch
check_gone() {
	name=$(module_name "$1")
	[ ! -e "/sys/module/$name" ] || fail "module $name is still there"
	[ ! -e "/sys/kernel/livepatch/$name" ] || fail "patch $name is still there"
}

# patched NAME OBJECT FUNCTION: the patch replaces that function
patched() {
	[ -n "$(find "/sys/kernel/livepatch/$1/$2" -maxdepth 1 -name "$3,*")" ] ||
		fail "$1 does not patch $3 in $2: $(ls "/sys/kernel/livepatch/$1/$2" 2>&1)"
	echo "   ok: $1 patches $2/$3"
}
