# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts of boot
# KVM or TCG? /dev/kvm may exist and still hang every guest, so a guest is tried.

accel_memory() {
	echo "${XDG_CACHE_HOME:-$HOME/.cache}/kpatch/vm-accel"
}

# What the answer depends on: the host's kernel and boot, and QEMU. A new boot is asked anew.
accel_key() {
	echo "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null) $(uname -r) $(qemu-system-x86_64 --version | head -n 1)"
}

# A working KVM runs this 16-byte boot sector in milliseconds: mov dx,0xf4; mov al,0x10; out dx,al.
# The debug-exit device then ends QEMU with status (0x10 << 1) | 1 = 33.
probe_kvm() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
	local disk=$work/probe.img status=0
	{ printf '\xba\xf4\x00\xb0\x10\xee\xf4\xeb\xfd'; head -c 501 /dev/zero; printf '\x55\xaa'; } >"$disk"
	timeout -s KILL 5 qemu-system-x86_64 -accel kvm -cpu host -m 16 -display none -no-reboot \
		-nodefaults -device isa-debug-exit,iobase=0xf4,iosize=0x04 \
		-drive "file=$disk,format=raw,if=ide,readonly=on" >"$work/probe.log" 2>&1 || status=$?
	[ $status -eq 33 ] && probe_kvm_kernel
}

# Some hosts run real mode and hang in a kernel: the kernel must come as far as its first lines.
probe_kvm_kernel() {
	timeout -s KILL 8 qemu-system-x86_64 -accel kvm -cpu host -m 256 -display none -no-reboot \
		-nodefaults -serial "file:$work/probe.console" -kernel "$image" \
		-append 'console=ttyS0 earlyprintk=ttyS0 panic=-1' >>"$work/probe.log" 2>&1
	grep -q 'Kernel panic - not syncing: VFS\|Unable to mount root' "$work/probe.console"
}

choose_accel() {
	accel=$want_accel
	if [ "$accel" = auto ]; then
		local memory key known_key='' known=''
		memory=$(accel_memory)
		key=$(accel_key)
		if [ -r "$memory" ]; then
			{ read -r known; read -r known_key; } <"$memory"
		fi
		if [ "$known_key" = "$key" ]; then
			accel=$known
		else
			# In a subshell with its messages away: the shell announces a QEMU that aborts.
			if (probe_kvm) 2>/dev/null; then accel=kvm; else accel=tcg; fi
			mkdir -p "$(dirname "$memory")" &&
				printf '%s\n%s\n' "$accel" "$key" >"$memory.$$" && mv "$memory.$$" "$memory"
		fi
	fi
	case $accel in
	kvm) accel_args=(-accel kvm -cpu host) ;;
	tcg) accel_args=(-accel "tcg,thread=$thread" -cpu 'max,la57=off') ;;
	*) die "--accel is auto, kvm or tcg" ;;
	esac
	if [ "$probe_only" = yes ]; then
		echo "$accel"
		exit 0
	fi
}
