# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with the test and with test/vm's parts
# The virtual machine of the day: its initramfs, one boot of it, and the verdict on that boot.

# Set for the parts of test/vm that are used here
work=$tmp kernel_root='' want_accel=${KP_VM_ACCEL:-auto} thread=single probe_only=no core=livepatch scale=${KP_TEST_SCALE:-1}
# shellcheck source=../vm/host/options.sh
. "$KP_TOP/test/vm/host/options.sh"
# shellcheck source=../vm/host/accel.sh
. "$KP_TOP/test/vm/host/accel.sh"
# shellcheck source=../vm/host/initramfs.sh
. "$KP_TOP/test/vm/host/initramfs.sh"
# shellcheck source=../vm/host/qemu.sh
. "$KP_TOP/test/vm/host/qemu.sh"
# shellcheck source=../vm/host/judge.sh
. "$KP_TOP/test/vm/host/judge.sh"

# What the guest has of the kernel's modules
extra_modules=(virtio_pci virtio_blk virtio_rng ext4 crc32c_generic autofs4 zram)

# machine_initramfs: work/initramfs and, for the disk, work/modules
machine_initramfs() {
	local root=$tmp/initramfs-root
	rm -rf "$root" "$tmp/modules"
	mkdir -p "$root"/{bin,sbin,dev,proc,sys,disk}
	cp "$(command -v busybox)" "$root/bin/busybox"
	install -m 755 "$here/guest/init" "$root/init"
	copy_modules "$root"
	(cd "$root" && find . -print0 | cpio --null --quiet -o -H newc -R 0:0) >"$tmp/initramfs" ||
		fail "the initramfs cannot be written; is $tmp full?"
	mv "$root/lib/modules" "$tmp/modules"
	rm -rf "$root"
}

# boot_machine DISK ORDERS ARGUMENT...: one boot, until the guest has said its result and is down; sets ending
boot_machine() {
	local disk=$1 orders=$2 deadline=$((SECONDS + 300 * scale))
	shift 2
	console=$tmp/console results=$tmp/results
	truncate -s 0 "$console" "$results"
	qemu-system-x86_64 "${accel_args[@]}" -smp 2 -m "${KP_VM_MEMORY:-1G}" \
		-nodefaults -no-user-config -display none -no-reboot \
		-device virtio-rng-pci -serial "file:$console" -serial "file:$results" \
		-drive "file=$disk,format=raw,if=virtio,cache=unsafe" \
		-drive "file=$orders,format=raw,if=virtio,readonly=on" \
		-kernel "$image" -initrd "$tmp/initramfs" \
		-append "console=ttyS0 ignore_loglevel printk.devkmsg=on panic=-1 oops=panic nmi_watchdog=0 \
no_timer_check random.trust_cpu=on systemd.show_status=0 $*" >"$tmp/qemu.log" 2>&1 &
	qemu_pid=$!
	ending=hung
	while [ $SECONDS -lt $deadline ]; do
		sleep 0.3
		kill -0 "$qemu_pid" 2>/dev/null || { ending=down && break; }
	done
	stop_qemu || true
}

# judge_machine NAME SECONDS: says @pass or @fail of the boot
judge_machine() {
	local mark status up why bad
	bad=$(grep -aE -m 1 "$bad_lines" "$console" | sed 's/^\[ *[0-9.]*\] *//' | tr -d '\r' | cut -c 1-160)
	read -r mark status up why < <(grep -a '^@end ' "$results" | tr -d '\r' | head -n 1) || true
	if [ -n "$bad" ]; then
		why="kernel log: $bad"
	elif [ -z "${mark:-}" ]; then
		why="no result, the guest is $ending: $(tail -qn 1 "$tmp/qemu.log" "$console" | tr -d '\r' | tail -n 1)"
	elif [ "$status" = 0 ] && [ "$ending" = hung ]; then
		why="the guest does not go down"
	elif [ "$status" = 0 ]; then
		echo "@pass $1 ($2 s, in the guest ${up%.*} s)"
		return 0
	fi
	echo "@fail $1 $why"
	return 1
}
