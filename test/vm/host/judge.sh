# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts of boot
# From two logs to one verdict a scenario.

# Any of these lines in the kernel log fails the scenario that was running. There is no list of
# exceptions on purpose.
bad_lines='WARNING:|BUG:|kernel BUG at|Oops[: ]|general protection|Kernel panic|double fault'
bad_lines+='|INFO: (task|rcu)|rcu:.*(stall|starved)|detected stall|[Uu]nreliable stack|soft lockup|hard LOCKUP'
bad_lines+='|blocked for more than|possible (recursive|circular|irq lock)|suspicious RCU'
bad_lines+='|lockdep is turned off|DEBUG_LOCKS_WARN|inconsistent lock state|turning off the locking'
bad_lines+='|UBSAN:|KASAN:|KCSAN:|refcount_t:|scheduling while atomic|sleeping function called'
bad_lines+='|Bad page|bad unlock|stack-protector|unchecked MSR|ftrace (bug|failed)|Call Trace:'
bad_lines+='|paging request|NULL pointer dereference|stack guard page|ODEBUG:|list_(add|del) corruption'
bad_lines+='|kmemleak: .*disabled'

# report pass|fail|skip NAME [WHY]
report() {
	case $1 in
	pass) passed=$((passed + 1)) ;;
	fail) failed=$((failed + 1)) ;;
	skip) skipped=$((skipped + 1)) ;;
	esac
	echo "@$1 $2${3:+ $3}"
	[ "$1" != fail ] || [ "$quiet" = yes ] || show_failure "$2"
}

show_failure() {
	[ ! -s "$logs/$1.log" ] || tail -n 25 "$logs/$1.log" | sed 's/^/    | /'
}

# Lines of LOG between the marks of scenario NAME ("boot" is what precedes the first one).
section_of() {
	tr -d '\r' <"$1" | awk -v name="$2" -v begin="$3" '
		index($0, begin) { split(substr($0, index($0, begin) + length(begin)), word, " "); now = word[1]; next }
		BEGIN { now = "boot" }
		now == name'
}

write_log() {
	{
		echo "== scenario $1 on $release ($accel, $batch_smp CPUs), what it printed"
		section_of "$results" "$1" '@begin ' | grep -av '^@'
		echo "== kernel log"
		section_of "$console" "$1" 'kpatch-vm: begin '
	} >"$logs/$1.log"
}

first_bad_line() {
	section_of "$console" "$1" 'kpatch-vm: begin ' | grep -aE -m 1 "$bad_lines" |
		sed 's/^\[ *[0-9.]*\] *//' | cut -c 1-160
}

# One verdict for each scenario of the batch that was begun; the others go back to the queue.
judge_boot() {
	local dir name line why begun=0 rest=()
	cp "$console" "$logs/console-$boots.log"
	cp "$results" "$logs/results-$boots.log"
	for dir in "${batch[@]}"; do
		name=$(basename "$dir")
		if ! grep -aq "^@begin $name " "$results"; then
			rest+=("$dir")
			continue
		fi
		begun=$((begun + 1))
		write_log "$name"
		line=$(grep -a "^@end $name " "$results" | tr -d '\r' | head -n 1)
		why=$(first_bad_line "$name")
		judge_scenario "$name" "$line" "$why"
	done
	judge_outside "$begun"
	queue=(${rest[@]+"${rest[@]}"} ${queue[@]+"${queue[@]}"})
}

# judge_scenario NAME END_LINE BAD_LINE
judge_scenario() {
	local mark name status seconds text
	read -r mark name status seconds text <<<"$2"
	if [ -n "$3" ]; then
		report fail "$1" "kernel log: $3"
	elif [ -z "$2" ]; then
		case $ending in
		hung) report fail "$1" "the guest hung (no answer within the scenario's limit)" ;;
		*) report fail "$1" "the guest died while it ran" ;;
		esac
	elif [ "$status" = 0 ]; then
		report pass "$1" "($seconds s)"
	elif [ "$status" = 77 ]; then
		report skip "$1" "$text"
	else
		report fail "$1" "$text"
	fi
}

# What happened outside any scenario: a guest that does not come up, complaints of the boot itself.
judge_outside() {
	local why
	why=$(first_bad_line boot)
	section_of "$console" boot 'kpatch-vm: begin ' >"$logs/boot.log"
	if [ -n "$why" ]; then
		report fail boot "kernel log: $why"
	elif [ "$1" -eq 0 ]; then
		cat "$work/qemu.log" >>"$logs/boot.log"
		report fail boot "no scenario began (${ending}): $(tail -n 1 "$work/qemu.log")"
	fi
	# Without progress the queue would never get shorter.
	if [ "$1" -eq 0 ]; then
		local dir
		for dir in "${batch[@]}"; do
			report fail "$(basename "$dir")" "not run: the guest did not come up"
		done
		rest=()
	fi
}
