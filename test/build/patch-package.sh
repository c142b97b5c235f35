#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# Packages of patches: what is in them, that the same patch makes the same package, what is refused; and that dpkg and
# rpm install, upgrade and remove them in a Debian of their own. What their scripts would do to a running kernel is
# recorded there; test/vm does it.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
need kpatch-build kpatch dpkg-deb lintian rpmbuild python3 shellcheck
# shellcheck source=test/build/lib/chroot.sh
. "$KP_TOP/test/build/lib/chroot.sh"
unset DEBFULLNAME DEBEMAIL SOURCE_DATE_EPOCH
. "$KP_TOP/test/build/lib/edit.sh"
name=kpatch-patch-$release
image=$(dpkg-query -W -f '${Version}' "linux-image-$release")
who=(--author 'A. U. Thor <thor@example.org>')

# ---- refused, with nothing left ----

mkdir out
# says STATUS TEXT ARGUMENT...
says() {
	local status=$1 text=$2
	shift 2
	status "$status" kpatch-build -q -a "$release" -o out "$@" "$KP_TOP/examples/meminfo-string.patch" >log 2>&1
	expect "$text" log
	[ -z "$(ls -A out)" ] || { ls -A out; fail "this is left"; }
}

check_refusals() {
	says 64 "there is no such kind of package" --package ebuild --patch-version 1
	says 64 "--package needs --patch-version" --package deb
	says 64 "must begin with a digit" --package deb --patch-version v1
	says 64 "have no '-' or '_'" --package rpm --patch-version 1-2
	says 64 "longer than a module's name may be" --package deb --patch-version 1 -n "$(printf '%054d' 0)"
	says 1 'cannot be who is responsible for the package; set DEBFULLNAME and DEBEMAIL' --package deb --patch-version 1
}

check_tool_failures() {
	local tool
	# All programs but two
	cp -rs /usr/bin few
	rm -f few/dpkg-deb few/rpmbuild
	for tool in deb rpm; do
		PATH=$KP_BUILD/bin:$PWD/few says 1 "is not installed; install it: apt-get install" --package "$tool" \
			--patch-version 1 "${who[@]}"
	done
	rm -rf few
	mkdir bin
	for tool in deb rpm; do
		case $tool in deb) set -- dpkg-deb deb ;; rpm) set -- rpmbuild rpm ;; esac
		printf '#!/bin/sh\necho "no space left" >&2\nexit 2\n' >"bin/$1"
		chmod 755 "bin/$1"
		PATH=$PWD/bin:$PATH says 1 "$1 failed with exit status 2" --package "$2" --patch-version 1 "${who[@]}"
		rm "bin/$1"
	done
}

# ---- what is in them ----

# package KIND VERSION FOLDER OPTION...
package() {
	local kind=$1 version=$2 folder=$3
	shift 3
	mkdir -p "$folder"
	kpatch-build -a "$release" --json "$folder/report.json" -o "$folder" --package "$kind" \
		--patch-version "$version" "${who[@]}" "$@" "a b.patch" >log 2>&1 || { cat log; fail "no $kind package"; }
}

make_diffs() {
	{
		printf 'From: A. U. Thor <thor@example.org>\nSubject: [PATCH] proc: 100%% of 5%% {x} $(id) `id`\n\n'
		printf 'Fixes CVE-2024-1086.\n---\n'
		cat "$KP_TOP/examples/meminfo-string.patch"
	} >"a b.patch"
	touch -d '2026-01-02 03:04:05 UTC' "a b.patch"
}

check_deb() {
	package deb 1.0 d1
	deb=d1/${name}_1.0_amd64.deb
	[ -e "$deb" ] && [ -e d1/livepatch-1-0.ko ] || { ls d1; fail "$deb is missing"; }
	same "depends" "linux-image-$release (= $image) | linux-image-$release-unsigned (= $image), kpatch (>= $(version)), kpatch-dkms (>= $(version))" \
		"$(dpkg-deb -f "$deb" Depends)"
	same "version" "$name 1.0 amd64 A. U. Thor <thor@example.org>" \
		"$(dpkg-deb -W --showformat='${Package} ${Version} ${Architecture} ${Maintainer}' "$deb")"
	dpkg-deb -f "$deb" Description >text
	for text in "live patch 1.0 of kernel $release" 'proc: 100% of 5% {x} $(id) `id`' "fixes CVE-2024-1086" "by A. U. Thor"; do
		expect "$text" text
	done
	dpkg-deb -x "$deb" d1/x
	cmp d1/livepatch-1-0.ko "d1/x/var/lib/kpatch/$release/livepatch_1_0.ko"
	cmp "a b.patch" "d1/x/usr/share/$name/01-a-b.patch"
	kpatch info --json "d1/x/var/lib/kpatch/$release/livepatch_1_0.ko" >info.json
	python3 - "d1/x/usr/share/$name/patch.json" <<-'END' || fail "patch.json or the report is wrong"
		import hashlib, json, sys
		patch, info, report = (json.load(open(f)) for f in (sys.argv[1], "info.json", "d1/report.json"))
		for key in "fixes", "titles", "authors", "diffs_sha256", "patch_version":
		    assert patch[key] == info[key] == report[key] and info[key], key
		assert patch["module"]["sha256"] == hashlib.sha256(open("d1/livepatch-1-0.ko", "rb").read()).hexdigest()
		assert patch["objects"][0]["changed"] == ["meminfo_proc_show"]
		deb = report["package"]
		assert hashlib.sha256(open(deb["path"], "rb").read()).hexdigest() == deb["sha256"]
	END
	lintian --allow-root --fail-on warning "$deb" || fail "lintian has warnings"
	dpkg-deb -e "$deb" d1/scripts
	shellcheck d1/scripts/postinst d1/scripts/prerm d1/scripts/postrm
	[ -z "$(dpkg-deb -c "$deb" | grep -v ' root/root .* 2026-01-02 03:04 ' || true)" ] ||
		{ dpkg-deb -c "$deb"; fail "owner or time is wrong"; }
}

# Room for the module, and not quite for its package
check_full_disk() {
	local pages
	pages=$(stat -c %s d1/livepatch-1-0.ko "$deb" | awk '{ n += int(($1 + 4095) / 4096) } END { print n - 1 }')
	mkdir full
	mount -t tmpfs -o "size=$((pages * 4096))" none full
	status 1 kpatch-build -q -a "$release" -o full --package deb --patch-version 1.0 "${who[@]}" "a b.patch" >log 2>&1
	expect "No space left on device" log
	[ -z "$(ls -A full)" ] || { ls -lA full; fail "a full disk leaves this"; }
	umount full
}

# The same again, elsewhere and by somebody else
check_reproducible() {
	(umask 077 && TZ=Asia/Tokyo LC_ALL=C package deb 1.0 again)
	cmp "$deb" "again/${deb#*/}"
	(umask 077 && TZ=Asia/Tokyo package rpm 1.0 again)
	package rpm 1.0 r1
	cmp "r1/$name-1.0-1.x86_64.rpm" "again/$name-1.0-1.x86_64.rpm"
	SOURCE_DATE_EPOCH=1700000000 package deb 1.0 epoch
	dpkg-deb -c "epoch/${deb#*/}" >text
	expect "2023-11-14 22:13" text
}

check_rpm() {
	local rpm=r1/$name-1.0-1.x86_64.rpm
	rpm -qp --requires --provides "$rpm" >text 2>/dev/null
	for text in "/boot/vmlinuz-$release" "kpatch >= $(version)" "kpatch-dkms >= $(version)" "kpatch-cumulative-kpatch-$release"; do
		expect "$text" text
	done
	rpm -qpi "$rpm" >text 2>/dev/null
	for text in "live patch 1.0 of kernel $release" ' - proc: 100% of 5% {x} $(id) `id`' "fixes CVE-2024-1086"; do
		expect "$text" text
	done
	rpm -qpl "$rpm" >text 2>/dev/null
	expect "/var/lib/kpatch/$release/livepatch_1_0.ko" text
	{ echo '#!/bin/sh'; rpm -qp --qf '%{POSTTRANS}\n%{PREUN}\n%{POSTUN}\n' "$rpm" 2>/dev/null; } >script
	shellcheck script
}

# Stacked patches: several for a kernel, each with its name
check_stacked() {
	package deb 2.0 stacked -R -n My_Fix --core=livepatch
	same "name" "$name-my-fix" "$(dpkg-deb -f "stacked/$name-my-fix_2.0_amd64.deb" Package)"
	[ -z "$(dpkg-deb -f "stacked/$name-my-fix_2.0_amd64.deb" Conflicts)" ] || fail "stacked patches conflict"
	same "depends" "kpatch (>= $(version))" \
		"$(dpkg-deb -f "stacked/$name-my-fix_2.0_amd64.deb" Depends | sed 's/.*, //')"
}

version() { kpatch --version | cut -d' ' -f2; }

# ---- installing ----

# Any Debian of test/build/package.sh will do.
enter_chroot() {
	debian_any chroot kmod
	copy_base
	mkdir -p "$root/root/p"
	mount --bind "$tmp" "$root/root/p"
}

# dependency PACKAGE VERSION: an empty package of this name
dependency() {
	mkdir -p "dep/$1/DEBIAN"
	printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: A <a@example.org>\nDescription: a\n' "$1" "$2" \
		>"dep/$1/DEBIAN/control"
	dpkg-deb --root-owner-group -b "dep/$1" "dep/$1_$2.deb" >log
	inside dpkg -i "/root/p/dep/$1_$2.deb" >log 2>&1 || { cat log; fail "dpkg cannot install $1"; }
}

# record PROGRAM STATUS: the program only writes down that it was called. rpm's scripts look in /sbin first as well.
record() {
	printf '#!/bin/sh\necho "%s $*" >>/root/calls\nexit %s\n' "$1" "$2" >"$root/usr/sbin/$1"
	chmod 755 "$root/usr/sbin/$1"
}

# calls TEXT: what was recorded since the last time
calls() {
	local got
	got=$(cat "$root/root/calls" 2>/dev/null || true)
	rm -f "$root/root/calls"
	same "calls" "$1" "$got"
}

installed() {
	same "patches of $release" "$1" "$(ls "$root/var/lib/kpatch/$release" 2>/dev/null | tr '\n' ' ' | sed 's/ $//')"
}

# runs RELEASE: the chroot believes to be a machine with systemd that runs this kernel
runs() {
	printf '#!/bin/sh\necho %s\n' "$1" >"$root/usr/sbin/uname"
	chmod 755 "$root/usr/sbin/uname"
	mkdir -p "$root/run/systemd/system"
}

check_dpkg() {
	local list=/root/p/d1/${name}_1.0_amd64.deb newer=/root/p/d2/${name}_1.10_amd64.deb
	package deb 1.10 d2
	dependency kpatch "$(version)"
	dependency kpatch-dkms "$(version)"
	dependency "linux-image-$release" "$image+other"
	status 1 inside dpkg -i "$list" >log 2>&1
	expect "linux-image-$release (= $image)" log
	calls ""
	inside dpkg -P "$name" >log 2>&1
	dependency "linux-image-$release" "$image"
	record deb-systemd-invoke 0
	record kpatch 0
	# A chroot: there is nobody to load for.
	inside dpkg -i "$list" >log 2>&1 || { cat log; fail "dpkg -i failed"; }
	installed livepatch_1_0.ko
	inside dpkg -P "$name" >log 2>&1 || { cat log; fail "dpkg -P failed"; }
	installed ""
	calls ""
	runs 6.1.0-0-other
	inside dpkg -i "$list" >log 2>&1
	calls ""
	runs "$release"
	inside dpkg -i "$list" >log 2>&1
	calls "deb-systemd-invoke restart kpatch.service"
	# Nothing is unloaded on the way up or back.
	mkdir -p "$root/sys/module/livepatch_1_0" "$root/sys/module/livepatch_1_10"
	inside dpkg -i "$newer" >log 2>&1
	installed livepatch_1_10.ko
	calls "deb-systemd-invoke restart kpatch.service"
	inside dpkg -i "$list" >log 2>&1
	installed livepatch_1_0.ko
	calls "deb-systemd-invoke restart kpatch.service"
	# Neither a patch that cannot be loaded nor one that cannot be unloaded stops dpkg.
	record deb-systemd-invoke 1
	record journalctl 0
	inside dpkg -i "$newer" >log 2>&1 || { cat log; fail "a failed load fails dpkg"; }
	expect "live patch 1.10 of kernel $release is installed, but not in force" log
	calls "$(printf 'deb-systemd-invoke restart kpatch.service\njournalctl -q -o cat -n 10 -u kpatch.service')"
	record kpatch 1
	inside dpkg -r "$name" >log 2>&1 || { cat log; fail "a failed unload fails dpkg"; }
	expect "stays in force until the next boot, or: kpatch unload livepatch_1_10" log
	calls "$(printf 'kpatch unload livepatch_1_10\ndeb-systemd-invoke restart kpatch.service')"
	installed ""
	# Another cumulative patch for the same kernel and core
	package deb 1.0 other -n other
	inside dpkg -i "$list" >log 2>&1
	status 1 inside dpkg -i "/root/p/other/$name-other_1.0_amd64.deb" >log 2>&1
	expect "conflict" log
	inside dpkg -P "$name" >log 2>&1
	rm -f "$root/root/calls"
}

check_rpm_scripts() {
	local rpm=("${clean[@]}" rpm --root "$root" --dbpath /root/rpm --nodeps)
	package rpm 1.10 r2
	record systemctl 0
	record kpatch 0
	"${rpm[@]}" -i "r1/$name-1.0-1.x86_64.rpm" >log 2>&1 || { cat log; fail "rpm -i failed"; }
	installed livepatch_1_0.ko
	calls "$(printf 'systemctl -q is-enabled kpatch.service\nsystemctl restart kpatch.service')"
	"${rpm[@]}" -U "r2/$name-1.10-1.x86_64.rpm" >log 2>&1 || { cat log; fail "rpm -U failed"; }
	installed livepatch_1_10.ko
	calls "$(printf 'systemctl -q is-enabled kpatch.service\nsystemctl restart kpatch.service')"
	"${rpm[@]}" -e "$name" >log 2>&1 || { cat log; fail "rpm -e failed"; }
	installed ""
	calls "$(printf 'kpatch unload livepatch_1_10\nsystemctl -q is-enabled kpatch.service\nsystemctl restart kpatch.service')"
}

check_refusals_of_date() {
	SOURCE_DATE_EPOCH=soon says 1 'SOURCE_DATE_EPOCH is "soon"' --package deb --patch-version 1 "${who[@]}"
}

for name_of_step in check_refusals check_refusals_of_date check_tool_failures make_diffs check_deb \
	check_full_disk check_reproducible check_rpm check_stacked enter_chroot check_dpkg check_rpm_scripts; do
	step "$name_of_step"
done
