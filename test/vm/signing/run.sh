# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# A kernel that insists on signatures.
how=$(cat how)

# refused FILE WHY: by the kernel, and said so
refused() {
	echo "-- $1"
	expect_status 1 kpatch load "$1"
	expect "the kernel refused" kpatch load "$1"
	expect "$2" kpatch load "$1"
	expect "sign with kpatch-build --sign-key and enrol the key" kpatch load "$1"
	check_gone "$1"
}

insists="the kernel insists on module signatures and this one is missing, damaged or made with a key it does not know"
takes="takes only modules that are signed with a key it knows"
unknown="$insists"
expect "VmallocChunk:" cat /proc/meminfo
case $how in
secure)
	dmesg | grep 'Kernel is locked down from EFI Secure Boot' || fail "the guest does not run with Secure Boot"
	grep 'asymmetri Example live patches' /proc/keys || fail "the key is not enrolled" ;;
enforce)
	refused trusted.ko "$unknown" ;;
lockdown)
	# systemd mounts it; without, the kernel's log has to do.
	refused unsigned.ko "the kernel is locked down and $takes"
	mount -t securityfs securityfs /sys/kernel/security
	unknown="the kernel is locked down (integrity) and $takes"
	refused trusted.ko "$unknown" ;;
esac
refused unsigned.ko "$unknown"
refused stranger.ko "$unknown"
[ "$how" != secure ] || refused damaged.ko "$insists"
expect "VmallocChunk:" cat /proc/meminfo
[ "$how" = secure ] || exit 0

if [ "$CORE" = kpatch ]; then
	rmmod kpatch
	expect_status 1 kpatch --core-module kpatch-unsigned.ko load trusted.ko
	expect "$insists" kpatch --core-module kpatch-unsigned.ko load trusted.ko
	[ ! -d /sys/module/kpatch ] || fail "the unsigned kpatch.ko is loaded"
fi

expect_status 0 kpatch load trusted.ko
expect "VMALLOCCHUNK:" cat /proc/meminfo
expect "trusted  enabled  (core $CORE)" kpatch status
expect_status 0 kpatch unload trusted
expect "VmallocChunk:" cat /proc/meminfo
