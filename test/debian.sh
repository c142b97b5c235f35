# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # base is for the tests, tmp is test/lib.sh's
# For tests that need a Debian of their own, after test/lib.sh: debootstrap makes it once, ~/.cache/kpatch keeps it.

# depends DEB...: what the packages depend on, without versions; the first of alternatives
depends() {
	local deb
	for deb; do
		dpkg-deb -f "$deb" Depends | tr ',' '\n'
	done | sed 's/^ *//; s/[ |(].*//' | grep .
}

# debian_prefix KIND: how folders of this kind begin
debian_prefix() {
	# shellcheck disable=SC1091
	echo "${XDG_CACHE_HOME:-$HOME/.cache}/kpatch/$1-$(. /etc/os-release && echo "$VERSION_CODENAME")"
}

# debian_lock KIND: one at a time makes or looks for them, until flock -u 9
debian_lock() {
	local prefix
	prefix=$(debian_prefix "$1")
	mkdir -p "${prefix%/*}"
	exec 9>"${prefix%/*}/$1.lock"
	flock 9
}

# debian_base KIND PACKAGE...: sets base to a folder with a Debian that has them. Nothing is fetched when they are
# installed again.
debian_base() {
	local kind=$1 names prefix
	names=$(printf '%s\n' "${@:2}" | sort -u | paste -sd,)
	prefix=$(debian_prefix "$kind")
	base=$prefix-$(sha256sum <<<"$names" | head -c 8)
	debian_lock "$kind"
	if [ ! -d "$base" ]; then
		rm -rf --one-file-system "$base.new"
		# Its mounts end with it, even if it is killed.
		unshare -m debootstrap --variant=minbase --include="$names" "${prefix##*-}" "$base.new" >"$tmp/log" 2>&1 || {
			tail -n 20 "$tmp/log"
			rm -rf --one-file-system "$base.new"
			fail "debootstrap failed; is the archive there?"
		}
		rm -rf "$base.new"/var/cache/apt/*.bin "$base.new"/var/cache/apt/archives/*.deb \
			"$base.new"/var/lib/apt/lists/*
		mv "$base.new" "$base"
	fi
	flock -u 9
}

# debian_any KIND PACKAGE...: sets base to any of this kind; only if there is none, one with the packages is made
debian_any() {
	local dir
	base=''
	debian_lock "$1"
	for dir in "$(debian_prefix "$1")"-????????; do
		[ ! -d "$dir" ] || base=$dir
	done
	flock -u 9
	[ -n "$base" ] || debian_base "$@"
}
