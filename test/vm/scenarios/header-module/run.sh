# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A macro in a module's header with some forty users: every message of ext4.
modprobe ext4
dd if=/dev/zero of=/tmp/disk bs=1k count=8192 2>/dev/null
mke2fs -F /tmp/disk >/dev/null 2>&1
modprobe loop
losetup /dev/loop0 /tmp/disk
mkdir -p /tmp/mnt
remount() {
	dmesg -c >/dev/null
	mount -t ext4 /dev/loop0 /tmp/mnt
	echo kept >/tmp/mnt/file
	umount /tmp/mnt
	dmesg
}
expect "mounted filesystem" remount
refute "(patched)" remount
load_patch kp_header_module.ko
expect "(patched) mounted filesystem" remount
unload_patch kp_header_module
expect "mounted filesystem" remount
refute "(patched)" remount
losetup -d /dev/loop0
