#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 2400
# A day of an administrator on Debian with systemd, in a VM: the package is installed, patches are, the machine
# boots and is patched before anyone can log in; a bad patch does no harm; kpatch.enable=0; a cumulative patch, and back;
# all is removed, and nothing is left.
#   day.sh [--kernel REL]... [--debs FOLDER]   (Debian packages that are made already)
# A boot is a file in day/: its script, which runs in the guest when the boot is over. A line "# append: ARGUMENTS" in it
# has kernel arguments. The disk is the same all day, so the first failure ends the day.
# Patches for both cores are loaded side by side. kpatch.ko is built here and put into the guest: that DKMS builds it is
# shown in test/build/package.sh, and would take many minutes in an emulated machine. So dpkg is told to do without
# kpatch-dkms there, and without the kernel's package, which would put an image on the disk that nothing boots.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
need qemu-system-x86_64 busybox cpio mke2fs debootstrap dpkg-buildpackage flock unshare
[ "$(id -u)" = 0 ] || skip "only root can make a Debian file system"

releases=() debs=''
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) releases+=("${2:?}") && shift ;;
	--debs) debs=${2:?} && shift ;;
	*) sed -n '7s/^# *//p' "$0" >&2 && exit 2 ;;
	esac
	shift
done
[ ${#releases[@]} -gt 0 ] || read -r -a releases <<<"${KP_VM_KERNELS:-$(kernels | tr '\n' ' ')}"
[ ${#releases[@]} -gt 0 ] || skip "no kernel with headers is installed"
# Beside all other tests one is enough.
[ "${KP_BRIEF:-no}" = no ] || releases=("${releases[0]}")

# Who would log in waits for these. Each says what the kernel showed when it started.
login_services="serial-getty@ttyS0.service ssh.service systemd-logind.service"
# shellcheck source=../debian.sh
. "$here/../debian.sh"
# shellcheck source=disk.sh
. "$here/disk.sh"
# shellcheck source=machine.sh
. "$here/machine.sh"
trap 'stop_qemu || true; rm -rf "$tmp"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

make_package() {
	if [ -z "$debs" ]; then
		debs=$tmp/debs
		"$KP_TOP/contrib/package" deb "$debs" >"$tmp/log" 2>&1 ||
			{ tail -n 20 "$tmp/log"; fail "no Debian packages"; }
	fi
	deb=$(echo "$debs"/kpatch_*.deb)
	[ -e "$deb" ] || fail "there is no package of kpatch in $debs"
}

make_debian() {
	local names
	mapfile -t names < <(depends "$deb")
	debian_base system "${names[@]}" systemd systemd-sysv udev dbus kmod openssh-server libpam-systemd
}

# build MODULE WORD...: a patch module for $release into $tmp/patches
build() {
	local module=$1
	shift
	kpatch-build -a "$release" -n "$module" -o "$tmp/patches" "$@" >"$tmp/log" 2>&1 ||
		{ cat "$tmp/log"; fail "$module cannot be built for $release"; }
}

# make_patch_package VERSION PATCH...: a cumulative one
make_patch_package() {
	build day --core=kpatch --package deb --patch-version "$1" --author "A. U. Thor <thor@example.org>" "${@:2}"
}

make_patches() {
	local cases=$KP_TOP/test/vm/scenarios examples=$KP_TOP/examples
	rm -rf "$tmp/patches"
	mkdir "$tmp/patches"
	build day_version --core=kpatch -R "$cases/cumulative/one.patch"
	build day_meminfo --core=kpatch -R "$examples/meminfo-string.patch"
	build day_zram --core=livepatch -R "$examples/zram-version.patch"
	make_patch_package 1.0 "$cases/cumulative/one.patch" "$examples/meminfo-string.patch"
	make_patch_package 1.1 "$cases/cumulative/one.patch" "$examples/meminfo-string.patch" "$cases/cumulative/two.patch"
	# What must be refused: a function that the other core has patched, a kernel that is not this one, half a file.
	build day_clash --core=livepatch -R "$cases/cumulative/one.patch"
	LC_ALL=C sed "s/vermagic=${release%?????}...../vermagic=${release%?????}other/" "$tmp/patches/day_meminfo.ko" \
		>"$tmp/patches/day_foreign.ko"
	! cmp -s "$tmp/patches/day_meminfo.ko" "$tmp/patches/day_foreign.ko" || fail "no vermagic in day_meminfo.ko"
	head -c $(($(stat -c %s "$tmp/patches/day_zram.ko") / 2)) "$tmp/patches/day_zram.ko" >"$tmp/patches/day_half.ko"
}

make_machine() {
	image=/boot/vmlinuz-$release
	[ -r "$KP_BUILD/core/$release/kpatch.ko" ] || fail "there is no $KP_BUILD/core/$release/kpatch.ko; run make core"
	machine_initramfs
	debian_disk "$tmp/modules" "$tmp/disk"
}

# orders SCRIPT: what the guest finds on its second disk in this boot
orders() {
	rm -rf "$tmp/orders"
	mkdir "$tmp/orders"
	cp "$KP_TOP/test/vm/guest/lib.sh" "$tmp/orders/lib.sh"
	cp "$here/guest/more.sh" "$tmp/orders/more.sh"
	cp "$1" "$tmp/orders/run.sh"
	cp "$deb" "$tmp/patches"/*.{ko,deb} "$KP_BUILD/core/$release/kpatch.ko" "$tmp/orders/"
	echo "login_services=\"$login_services\"" >>"$tmp/orders/more.sh"
	tar -C "$tmp/orders" -cf "$tmp/orders.tar" .
}

# run_boot SCRIPT: one boot, its logs, its verdict
run_boot() {
	local name began=$SECONDS verdict=0
	name=$(basename "$1" .sh)
	orders "$1" || fail "what the guest is to do cannot be written; is $tmp full?"
	boot_machine "$tmp/disk" "$tmp/orders.tar" "$(sed -n 's/^# append: //p' "$1")"
	cp "$console" "$logs/$name.console"
	cp "$results" "$logs/$name.log"
	judge_machine "$release/$name" $((SECONDS - began)) || verdict=1
	[ $verdict = 0 ] || sed '/^@end /q' "$logs/$name.log" | tail -n 30 | sed 's/^/    | /'
	return $verdict
}

run_day() {
	local script over=no
	for script in "$here"/day/*.sh; do
		if [ $over = yes ]; then
			echo "@fail $release/$(basename "$script" .sh) not run: the boot before it failed"
		else
			run_boot "$script" || over=yes
		fi
	done
	[ $over = no ]
}

step make_package
step make_debian
image=/boot/vmlinuz-${releases[0]}
choose_accel
status=0
for release in "${releases[@]}"; do
	logs=$KP_BUILD/vm/$release/day
	rm -rf "$logs"
	mkdir -p "$logs"
	step make_patches
	step make_machine
	step run_day || status=1
done
exit $status
