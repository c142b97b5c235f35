# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2154 # store is for the scripts; the host adds login_services
# What the scripts of the day use besides test/vm/guest/lib.sh, which polls with busybox's usleep.
usleep() {
	sleep 0.1
}

store=/var/lib/kpatch/$(uname -r)

# same WHAT WANTED GOT
same() {
	[ "$2" = "$3" ] || fail "$1 is '$3', expected '$2'"
	echo "   ok: $1 is $2"
}

# property UNIT NAME: the value alone
property() {
	systemctl show --value -p "$2" "$1"
}

# system STATE: how the boot ended
system() {
	same "the system" "$1" "$SYSTEM"
}

# unit STATE: of kpatch.service
unit() {
	same "the state of kpatch.service" "$1" "$(property kpatch.service ActiveState)"
}

# fixed, not_fixed: what the patches of day_version and day_meminfo show, or that they do not
fixed() {
	expect "one: Linux" cat /proc/version
	expect VMALLOCCHUNK cat /proc/meminfo
}

not_fixed() {
	refute "one: " cat /proc/version
	refute VMALLOCCHUNK cat /proc/meminfo
}

# patch_package VERSION: the cumulative one in this version; see day.sh for what it depends on
patch_package() {
	say "patch package $1"
	expect_status 0 dpkg -i --force-depends "$(echo kpatch-patch-*_"$1"_amd64.deb)"
}

patch_package_name() {
	dpkg-deb -f "$(echo kpatch-patch-*_1.0_amd64.deb)" Package
}

# nothing_loaded: no patch of either core
nothing_loaded() {
	left=$(find /sys/kernel/livepatch /sys/kernel/kpatch -mindepth 1 -maxdepth 1 -type d 2>/dev/null || true)
	[ -z "$left" ] || fail "loaded: $left"
	not_fixed
}

# before_login: kpatch.service had ended before whatever serves a login began to start, and that saw a fixed kernel
before_login() {
	ended=$(property kpatch.service ExecMainExitTimestampMonotonic)
	[ "$ended" -gt 0 ] || fail "kpatch.service did not run"
	for service in $login_services; do
		began=$(property "$service" InactiveExitTimestampMonotonic)
		[ "$began" -gt "$ended" ] || fail "$service began at $began us, kpatch.service ended at $ended us"
		expect "one: Linux" cat "/run/witness/$service"
		expect VMALLOCCHUNK cat "/run/witness/$service"
		echo "   $service began $(((began - ended) / 1000)) ms after kpatch.service had ended"
	done
}
