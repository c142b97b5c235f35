#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1200
# Packages: they are made, lintian has nothing to warn of, and in a Debian of their own they are installed, build
# kpatch.ko, upgrade, are removed and purged, after which nothing is left. The rpm packages have
# the same files, and their scripts work.
# The Debian is made once, and kept in ~/.cache/kpatch.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
need dpkg-buildpackage dh_dkms lintian rpmbuild
# shellcheck source=test/build/lib/chroot.sh
. "$KP_TOP/test/build/lib/chroot.sh"
programs="kpatch kpatch-build kpatch-dkms"

make_debs() {
	"$KP_TOP/contrib/package" deb "$tmp/debs" >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "no Debian packages"; }
	version=$(dpkg-deb -f "$(echo "$tmp"/debs/kpatch_*.deb)" Version)
	lintian -i --allow-root --fail-on warning "$tmp"/debs/*.changes || fail "lintian has warnings"
}

# An older version of the packages: the same files, under other names where the version is part of them
make_old_debs() {
	local program root
	old=0.0.0
	mkdir "$tmp/old"
	for program in $programs; do
		root=$tmp/old/$program
		dpkg-deb -R "$tmp/debs/${program}_${version}_amd64.deb" "$root"
		sed -i "s/${version//./\\.}/$old/g" "$root"/DEBIAN/*
		[ ! -d "$root/usr/src" ] || {
			mv "$root/usr/src/kpatch-$version" "$root/usr/src/kpatch-$old"
			sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$old\"/" "$root/usr/src/kpatch-$old/dkms.conf"
		}
		dpkg-deb --root-owner-group -b "$root" "$tmp/debs/${program}_${old}_amd64.deb" >/dev/null
	done
}

make_chroot() {
	local program names debs=()
	for program in $programs; do
		debs+=("$tmp/debs/${program}_${version}_amd64.deb")
	done
	mapfile -t names < <(depends "${debs[@]}" | grep -v '^kpatch$')
	debian_base chroot "${names[@]}" systemd
}

# The copy that the packages go into, with a kernel's headers and image
enter_chroot() {
	local dir
	copy_base
	mount -t proc none "$root/proc"
	release=$(kernels | head -n 1)
	[ -n "$release" ] || skip "no kernel with headers is installed"
	for dir in /usr/src/linux-headers-* /usr/lib/linux-kbuild-*; do
		mkdir -p "$root$dir"
		mount --bind -o ro "$dir" "$root$dir"
	done
	mkdir -p "$root/lib/modules/$release" "$root/boot" "$root/root/debs"
	cp -P "/lib/modules/$release/build" "$root/lib/modules/$release"
	cp "/lib/modules/$release"/modules.{builtin,order}* "$root/lib/modules/$release"
	cp "/boot/vmlinuz-$release" "/boot/config-$release" "$root/boot"
	mount --bind "$tmp/debs" "$root/root/debs"
}

# dpkg ARGUMENT...: its words are shown when it fails
dpkg_inside() { inside dpkg "$@" >"$tmp/dpkg" 2>&1 || { cat "$tmp/dpkg"; fail "dpkg $* failed"; }; }

# check_nothing_left LOG: what removing said is shown when something is. depmod's tables, and DKMS's folder, are there for
# the next module.
check_nothing_left() {
	files >"$tmp/after"
	diff "$tmp/before" "$tmp/after" >"$tmp/left" || true
	sed -i -e '/^[<>]/!d' -e "\\,/lib/modules/$release/modules\.,d" -e '\,/var/lib/dkms$,d' "$tmp/left"
	[ ! -s "$tmp/left" ] || { cat "$tmp/left" "$1"; fail "removed packages leave these"; }
}

# files: all there are but logs, caches and what dpkg keeps for itself
files() {
	(cd "$root" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache -o -path ./tmp \
		-o -path ./root -o -path ./run \) -prune -o -print | sort)
}

check_installed() {
	local core=/lib/modules/$release/updates/dkms/kpatch.ko program
	for program in $programs; do
		inside dpkg-query -W -f '${db:Status-Abbrev}${Version}\n' "$program" >"$tmp/out"
		expect "ii $1" "$tmp/out"
	done
	inside dkms status >"$tmp/out"
	expect "kpatch/$1, $release, x86_64: installed" "$tmp/out"
	[ "$(grep -c kpatch "$tmp/out")" = 1 ] || { cat "$tmp/out"; fail "another version is left in DKMS"; }
	inside modinfo -F vermagic "$core" >"$tmp/out"
	expect "$release SMP" "$tmp/out"
	[ "$(inside systemctl is-enabled kpatch.service)" = enabled ] || fail "the unit is not enabled"
}

check_programs() {
	inside kpatch --version >"$tmp/out"
	expect "kpatch $version" "$tmp/out"
	status 0 inside kpatch list >"$tmp/out" 2>&1
	inside kpatch-build --help >"$tmp/out"
	expect "PATCH..." "$tmp/out"
	inside kpatch-build --version >"$tmp/out"
	expect "kpatch-build $version" "$tmp/out"
	inside kpatch-post-link --version >"$tmp/out"
	expect "kpatch-post-link $version" "$tmp/out"
	# As far as its glue and its helper, which it finds in the installation.
	printf -- '--- a/fs/namei.c\n+++ b/fs/namei.c\n@@ -1 +1 @@\n-a\n+b\n' >"$root/root/fix.patch"
	status 1 inside kpatch-build -a "$release" /root/fix.patch >"$tmp/out" 2>&1
	expect "apt-get install" "$tmp/out"
}

check_unit() {
	inside systemd-analyze verify --man=no kpatch.service >"$tmp/out" 2>&1 ||
		{ cat "$tmp/out"; fail "systemd-analyze finds fault with the unit"; }
	if grep -i kpatch "$tmp/out"; then
		fail "systemd-analyze warns of the unit"
	fi
	# Where the network comes up before sysinit.target, as with cloud-init, nothing waits for itself.
	local units=$root/run/units
	local unit='[Unit]\nDefaultDependencies=no\nAfter=%s\nBefore=%s\n[Service]\nExecStart=/bin/true\n'
	mkdir -p "$units/sysinit.target.wants"
	# shellcheck disable=SC2059
	{
		printf "$unit" "local-fs.target network-pre.target" network.target >"$units/net.service"
		printf "$unit" net.service "network-online.target sysinit.target" >"$units/cloud.service"
	}
	ln -s ../net.service ../cloud.service "$units/sysinit.target.wants"
	inside env SYSTEMD_UNIT_PATH=/run/units: systemd-analyze verify --man=no multi-user.target >"$tmp/out" 2>&1 || true
	refute "ordering cycle" "$tmp/out"
	for file in "$root"/etc/systemd/system/*.wants/kpatch.service; do
		[ "$(basename "$(dirname "$file")")" = sysinit.target.wants ] || fail "$file is the wrong place"
	done
}

# patches RELEASE...: the folders of installed patches there are, and no others
patches() {
	[ "$(ls "$root/var/lib/kpatch" 2>/dev/null)" = "$(printf '%s\n' "$@")" ] ||
		{ ls "$root/var/lib/kpatch"; fail "$* and no other should have patches"; }
}

# What a kernel package's postrm does.
kernel_goes() {
	inside env DEB_MAINT_PARAMS="$1" run-parts --exit-on-error --arg="$2" --arg="/boot/vmlinuz-$2" \
		/etc/kernel/postrm.d
}

check_kernel_removal() {
	local name
	for name in 6.1.0-1-gone 6.1.0-2-stays; do
		mkdir -p "$root/var/lib/kpatch/$name"
		touch "$root/var/lib/kpatch/$name/livepatch-a.ko"
	done
	touch "$root/boot/vmlinuz-6.1.0-1-gone"
	kernel_goes purge 6.1.0-1-gone
	patches 6.1.0-1-gone 6.1.0-2-stays
	rm "$root/boot/vmlinuz-6.1.0-1-gone"
	kernel_goes remove 6.1.0-1-gone
	patches 6.1.0-1-gone 6.1.0-2-stays
	kernel_goes purge ../kpatch
	patches 6.1.0-1-gone 6.1.0-2-stays
	kernel_goes purge 6.1.0-1-gone
	patches 6.1.0-2-stays
	cp "$KP_TOP/contrib/rpm/60-kpatch.install" "$root/root"
	inside /root/60-kpatch.install add 6.1.0-2-stays /
	inside /root/60-kpatch.install remove .. /
	patches 6.1.0-2-stays
	mkdir "$root/var/lib/kpatch/6.1.0-1-gone"
	inside /root/60-kpatch.install remove 6.1.0-1-gone /
	patches 6.1.0-2-stays
}

debs() { printf "/root/debs/%s_$1_amd64.deb\n" $programs; }

check_debs() {
	files >"$tmp/before"
	# shellcheck disable=SC2046
	dpkg_inside -i $(debs "$old")
	check_installed "$old"
	check_kernel_removal
	# shellcheck disable=SC2046
	dpkg_inside -i $(debs "$version")
	check_installed "$version"
	check_programs
	check_unit
	patches 6.1.0-2-stays
	# An administrator's choice is kept.
	inside systemctl disable kpatch.service 2>/dev/null
	# shellcheck disable=SC2046
	dpkg_inside -i "$(debs "$version" | head -n 1)"
	[ "$(inside systemctl is-enabled kpatch.service)" = disabled ] || fail "an upgrade enables the unit"

	# shellcheck disable=SC2086
	dpkg_inside -r $programs
	patches 6.1.0-2-stays
	[ ! -e "$root/usr/sbin/kpatch" ] && [ ! -e "$root/lib/modules/$release/updates/dkms/kpatch.ko" ] ||
		fail "programs are left after removal"
	# shellcheck disable=SC2086
	dpkg_inside -P $programs
	check_nothing_left "$tmp/dpkg"
}

# The lists agree when the places are put on one side that distributions differ in, and what only one of them has.
check_rpms() {
	local program
	"$KP_TOP/contrib/package" rpm "$tmp/rpms" >"$tmp/log" 2>&1 || { tail -n 30 "$tmp/log"; fail "no rpm packages"; }
	for program in $programs; do
		dpkg-deb --fsys-tarfile "$tmp/debs/${program}_${version}_amd64.deb" | tar -t | sed -n \
			-e '/\/$/d; s/^\.//; s/\.gz$//; /\/share\/doc\//d' \
			-e 's,^/lib/,/usr/lib/,; s,zsh/vendor-completions,zsh/site-functions,' \
			-e 's,^/etc/kernel/postrm.d/kpatch$,/usr/lib/kernel/install.d/60-kpatch.install,; p' |
			sort >"$tmp/of-deb"
		rpm -qplv "$tmp/rpms/$program-$version-"*.x86_64.rpm 2>/dev/null | sed -n 's/^-.* //p' |
			sed -e '/\/share\/doc\//d; s/\.gz$//' | sort >"$tmp/of-rpm"
		[ -s "$tmp/of-rpm" ] || fail "$program: rpm shows no files"
		diff "$tmp/of-deb" "$tmp/of-rpm" || fail "$program: the rpm has other files"
	done
	rpm -qp --requires "$tmp/rpms/kpatch-dkms-$version-"*.x86_64.rpm >"$tmp/out" 2>/dev/null
	expect "kpatch = $version-" "$tmp/out"
	[ -e "$(echo "$tmp/rpms/kpatch-$version-"*.src.rpm)" ] || fail "no source rpm"
}

# The scripts of the rpm packages, where the files of the Debian packages were. rpm hands them its environment.
check_rpm_scripts() {
	local rpm=("${clean[@]}" rpm --root "$root" --dbpath /root/rpm)
	"${rpm[@]}" -i --nodeps "$tmp"/rpms/kpatch*.x86_64.rpm >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "rpm -i failed"; }
	[ "$(inside systemctl is-enabled kpatch.service)" = enabled ] || fail "the unit is not enabled"
	inside kpatch --version >"$tmp/out"
	expect "kpatch $version" "$tmp/out"
	# The script builds for the running kernel, which is none of the chroot's.
	inside dkms install "kpatch/$version" -k "$release" >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "DKMS failed"; }
	inside modinfo -F vermagic "/lib/modules/$release/updates/dkms/kpatch.ko" >"$tmp/out"
	expect "$release SMP" "$tmp/out"
	# shellcheck disable=SC2086
	"${rpm[@]}" -e --nodeps $programs >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "rpm -e failed"; }
	check_nothing_left "$tmp/log"
}

for name in make_debs make_old_debs make_chroot enter_chroot check_debs check_rpms check_rpm_scripts; do
	step "$name"
done
