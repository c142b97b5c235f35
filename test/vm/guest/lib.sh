# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# What scenario scripts use. A script runs with `sh -e` in its own directory; the first failing
# command or `fail` ends it. $CORE is the core that patches are for, livepatch or kpatch: both show
# them in sysfs in the same way. $SCALE is how many times slower than usual everything is here.

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

# wait_until SECONDS COMMAND...: poll until COMMAND succeeds; SECONDS on a guest of usual speed
wait_until() {
	polls=$(($1 * 10 * SCALE))
	shift
	while ! "$@" >/dev/null 2>&1; do
		polls=$((polls - 1))
		[ $polls -gt 0 ] || return 1
		usleep 100000
	done
}

# counts_memory: whether the sizes in /proc/meminfo and /proc/slabinfo tell of leaks. Not with KASAN, which keeps what
# is freed in quarantine; there kmemleak looks for them (guest/init).
counts_memory() {
	[ ! -e /sys/kernel/debug/kmemleak ]
}

# start_core: the bundled core is a module
start_core() {
	[ "$CORE" != kpatch ] || modprobe kpatch || fail "kpatch.ko: $(dmesg | tail -n 1)"
}

# core_stays: a patch was forced out, so it stays, and kpatch.ko with it. For the only scenario of a boot.
core_stays() {
	touch /tmp/core-stays
}

# patch_dir NAME: where the core shows the patch
patch_dir() {
	echo "/sys/kernel/$CORE/$1"
}

transition_over() {
	state=$(cat "$(patch_dir "$1")/transition" 2>/dev/null) || return 0
	[ "$state" = 0 ]
}

# holds_up TASK NAME STATE: the task keeps patch NAME from getting to STATE (1 patched, 0 not)
holds_up() {
	case $CORE in
	kpatch) grep "^$1 " "$(patch_dir "$2")/blockers" ;;
	livepatch) [ "$(cat "/proc/$1/patch_state")" = $((1 - $3)) ] ;;
	esac
}

# show_blockers NAME STATE: the tasks that hold the transition up
show_blockers() {
	if [ "$CORE" = kpatch ]; then
		cat "$(patch_dir "$1")/blockers"
		return
	fi
	for task in /proc/[0-9]*/task/[0-9]*; do
		state=$(cat "$task/patch_state" 2>/dev/null) || continue
		[ "$state" = -1 ] && continue
		[ "$state" = "$2" ] && continue
		echo "-- held up by $(cat "$task/comm") (${task##*/}), patch state $state"
		cat "$task/stack"
	done
}

# load_patch FILE.ko: insert, and wait until its transition is over
load_patch() {
	patch_name=$(module_name "$1")
	say "load $patch_name"
	insmod "$1" || fail "insmod $1: $(dmesg | tail -n 2 | tr '\n' ' ')"
	local dir
	dir=$(patch_dir "$patch_name")
	[ -e "$dir" ] || fail "$patch_name is not in /sys/kernel/$CORE"
	wait_until "${TRANSITION_LIMIT:-30}" transition_over "$patch_name" || {
		show_blockers "$patch_name" 1
		fail "the transition to $patch_name does not end"
	}
	[ "$(cat "$dir/enabled")" = 1 ] || fail "$patch_name is not enabled"
}

# disable_patch NAME: back to the old code; the module stays
disable_patch() {
	say "disable $1"
	local dir
	dir=$(patch_dir "$1")
	echo 0 >"$dir/enabled" || fail "$1 cannot be disabled"
	wait_until "${TRANSITION_LIMIT:-30}" transition_over "$1" || {
		show_blockers "$1" 0
		fail "the transition away from $1 does not end"
	}
	wait_until 10 test ! -e "$dir" || fail "$1 is still in /sys/kernel/$CORE"
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
	[ ! -e "$(patch_dir "$name")" ] || fail "patch $name is still there"
}

# patched NAME OBJECT FUNCTION: the patch replaces that function
patched() {
	local dir
	dir=$(patch_dir "$1")/$2
	[ -n "$(find "$dir" -maxdepth 1 -name "$3,*")" ] ||
		fail "$1 does not patch $3 in $2: $(ls "$dir" 2>&1)"
	echo "   ok: $1 patches $2/$3"
}

# unhooked: nothing hooks into any function, so none costs more than before
unhooked() {
	[ ! -s /sys/kernel/tracing/enabled_functions ]
}

# change_byte FILE OFFSET: invert the byte there
change_byte() {
	old=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | hexdump -v -e '"%u"')
	# shellcheck disable=SC2059 # the format is what is written
	printf "\\$(printf %03o $((old ^ 255)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
