# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A kernel that insists on signatures. Which way it was told to shows in how it words its refusal.
lockdown=
grep -q lockdown=integrity /proc/cmdline && lockdown=yes

# refused FILE WHY: by the kernel, and said so
refused() {
	echo "-- $1"
	expect_status 1 kpatch load "$1"
	expect "the kernel refused" kpatch load "$1"
	expect "$2" kpatch load "$1"
	expect "sign with kpatch-build --sign-key and enrol the key" kpatch load "$1"
	check_gone "$1"
}

missing="the kernel insists on module signatures and this one is missing, damaged or made with a key it does not know"
if [ "$lockdown" ]; then
	# systemd mounts it; without, the kernel's log has to do.
	expect "the kernel is locked down and takes only modules" kpatch load unsigned.ko
	mount -t securityfs securityfs /sys/kernel/security
	missing="the kernel is locked down (integrity) and takes only modules that are signed with a key it knows"
fi
cat /proc/keys | grep asymmetri

expect "VmallocChunk:" cat /proc/meminfo
refused unsigned.ko "$missing"
refused stranger.ko "$missing"
refused damaged.ko "the kernel insists on module signatures"
expect "VmallocChunk:" cat /proc/meminfo

if [ "$CORE" = kpatch ]; then
	rmmod kpatch
	expect_status 1 kpatch --core-module kpatch-unsigned.ko load trusted.ko
	expect "$missing" kpatch --core-module kpatch-unsigned.ko load trusted.ko
	[ ! -d /sys/module/kpatch ] || fail "the unsigned kpatch.ko is loaded"
fi

expect_status 0 kpatch load trusted.ko
expect "VMALLOCCHUNK:" cat /proc/meminfo
expect "trusted  enabled  (core $CORE)" kpatch status
expect_status 0 kpatch unload trusted
expect "VmallocChunk:" cat /proc/meminfo
