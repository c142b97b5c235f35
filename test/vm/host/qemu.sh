# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts of boot
# Run QEMU and watch that guest and scenarios make progress.

# Two serial lines: the kernel's console, and the scenarios' own words, so that neither garbles
# the other. The guest panics on an oops (guest/init) and -no-reboot ends QEMU then.
start_qemu() {
	local args="console=ttyS0 ignore_loglevel printk.devkmsg=on panic=-1 \
		nmi_watchdog=0 no_timer_check random.trust_cpu=on rdinit=/init $batch_append $append"
	args=$(tr -s ' \t\n' ' ' <<<"$args")
	if [ -n "$secure_boot" ]; then
		boot_from_disk "$args"
	else
		boot_args=(-kernel "$image" -initrd "$work/initramfs" -append "$args")
	fi
	console=$work/console results=$work/results
	truncate -s 0 "$console" "$results"
	qemu-system-x86_64 "${accel_args[@]}" ${icount[@]+"${icount[@]}"} -smp "$batch_smp" -m "$memory" \
		-nodefaults -no-user-config -display none -no-reboot \
		-device virtio-rng-pci \
		-serial "file:$console" -serial "file:$results" \
		"${boot_args[@]}" \
		>"$work/qemu.log" 2>&1 &
	qemu_pid=$!
}

stop_qemu() {
	[ -n "${qemu_pid:-}" ] || return 0
	kill -KILL "$qemu_pid" 2>/dev/null
	wait "$qemu_pid" 2>/dev/null
	qemu_pid=''
}

# Sets ending to: done, exited (guest died), "no boot" or "hung".
# The guest itself ends a scenario at its limit; the host waits a little longer before it
# (KP_VM_GRACE seconds) before it takes silence for a hang.
# No process is started to look or to sleep: ten times a second that would cost a tenth of a CPU.
watch_qemu() {
	local current='' began=$SECONDS allowed=$((120 * scale)) shown=0 said=no part='' reader silence
	ending=''
	exec {reader}<"$results" {silence}<> <(:)
	while [ -z "$ending" ]; do
		read -r -t 0.1 -u "$silence"
		kill -0 "$qemu_pid" 2>/dev/null || ending=exited
		[ "$show" = no ] || show_progress
		read_marks
		if [ $said = yes ]; then
			ending='done'
		elif [ -z "$ending" ] && [ $((SECONDS - began)) -gt "$allowed" ]; then
			if [ -z "$current" ]; then ending='no boot'; else ending=hung; fi
		fi
	done
	# Give a guest that said goodbye the time to power off, so that its last lines are written.
	local patience=30
	while [ "$ending" = 'done' ] && [ $patience -gt 0 ] && kill -0 "$qemu_pid" 2>/dev/null; do
		read -r -t 0.1 -u "$silence"
		patience=$((patience - 1))
	done
	exec {reader}<&- {silence}<&-
	stop_qemu
	[ "$show" = no ] || show_progress
}

# read_marks: what is new among the results, for watch_qemu. A last line without its newline is still being written.
read_marks() {
	local line
	while IFS= read -r -u "$reader" line; do
		line=$part$line part=''
		line=${line%$'\r'}
		case $line in
		@begin\ *) allowed=$((${line##* } + ${KP_VM_GRACE:-20})) ;;
		@end\ * | @ready*) allowed=$((60 * scale)) ;;
		@bye*) said=yes && continue ;;
		*) continue ;;
		esac
		current=$line began=$SECONDS
	done
	part+=$line
}

# Print complete new lines of the scenarios' output; our own marks become headings.
show_progress() {
	local lines
	lines=$(grep -ac '' "$results")
	# A last line without its newline is still being written.
	[ -z "$(tail -c 1 "$results" | tr -d '\n')" ] || lines=$((lines - 1))
	[ "$lines" -gt "$shown" ] || return 0
	sed -n "$((shown + 1)),${lines}p" "$results" | tr -d '\r' | grep -av '^@'
	shown=$lines
}
