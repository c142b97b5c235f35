# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # variables of test/lib.sh and of the test
# The disk of the guest.

# Work of Debian's own that would go off in the middle of the test
masked="apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
	systemd-tmpfiles-clean.timer"

# debian_disk MODULES DISK: a file system of base, the kernel's modules in MODULES and the test's own units
debian_disk() {
	local root=$tmp/root name
	rm -rf "$root"
	cp -a "$base" "$root"
	mkdir -p "$root/lib/modules" "$root/opt/day"
	cp -a "$1/." "$root/lib/modules/"
	echo "/dev/vda / ext4 defaults 0 1" >"$root/etc/fstab"
	echo patched >"$root/etc/hostname"
	# With an empty one systemd takes this for the very first boot, and presets all units.
	tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
	for name in $masked; do
		ln -sf /dev/null "$root/etc/systemd/system/$name"
	done
	install -m 755 "$here/guest/orders" "$here/guest/witness" "$root/opt/day/"
	install -m 644 "$here/guest/orders.service" "$root/etc/systemd/system/"
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	ln -s ../orders.service "$root/etc/systemd/system/multi-user.target.wants/"
	for name in $login_services; do
		# An instance takes the file of its template.
		mkdir -p "$root/etc/systemd/system/${name/@*./@.}.d"
		printf '[Service]\nExecStartPre=+/opt/day/witness %%n\n' \
			>"$root/etc/systemd/system/${name/@*./@.}.d/witness.conf"
	done
	truncate -s 2G "$2"
	mke2fs -q -t ext4 -d "$root" "$2" || fail "the disk's file system cannot be made; is $tmp full?"
	rm -rf "$root"
}
