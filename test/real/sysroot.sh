# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # old, new, series, dir are set by run
# An older kernel beside this system: versions, sources, and an overlay in which it is installed.

# headers_of VERSION: the release (6.1.0-54-amd64) that has headers and an image of that version
headers_of() {
	local packages release
	packages=$(apt-cache pkgnames "linux-headers-$series" | grep -E -- '[0-9](\+deb[0-9]+)?-amd64$')
	# shellcheck disable=SC2086 # one word a package
	for release in $(apt-cache madison $packages | awk -F' *[|] *' -v version="$1" \
			'$2 == version { sub(/^ *linux-headers-/, "", $1); print $1 }' | sort -u); do
		if apt-cache show "linux-image-$release=$1" >/dev/null 2>&1; then
			echo "$release"
			return
		fi
	done
	return 1
}

source_versions() {
	apt-cache madison "linux-source-$series" | awk -F' *[|] *' '{ print $2 }' | sort -V -r -u
}

choose_versions() {
	local version
	[ -n "$new" ] || new=$(source_versions | head -n 1)
	[ -n "$new" ] || fail "apt knows no linux-source-$series; run apt-get update"
	if [ -z "$old" ]; then
		for version in $(source_versions); do
			# Another revision of the same upstream version has next to no changes.
			[ "${version%-*}" != "${new%-*}" ] || continue
			dpkg --compare-versions "$version" lt "$new" || continue
			headers_of "$version" >/dev/null || continue
			old=$version
			break
		done
	fi
	[ -n "$old" ] || fail "apt offers no older kernel of $series with image, headers and source"
	release=$(headers_of "$old") || fail "apt offers no image and headers of version $old"
}

# The two tarballs, in DIR/VERSION.tar.xz: the installed one, or what apt downloads.
fetch_sources() {
	local version package=linux-source-$series
	for version in "$old" "$new"; do
		[ ! -e "$dir/$version.tar.xz" ] || continue
		if [ "$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null)" = "$version" ]; then
			cp "/usr/src/$package.tar.xz" "$dir/$version.tar.xz.new"
		else
			rm -rf "$dir/download"
			mkdir "$dir/download"
			(cd "$dir/download" && apt-get -q -o APT::Sandbox::User=root download "$package=$version") ||
				fail "apt-get download $package=$version failed"
			dpkg-deb --fsys-tarfile "$dir/download"/*.deb |
				tar -xO "./usr/src/$package.tar.xz" >"$dir/$version.tar.xz.new"
			rm -rf "$dir/download"
		fi
		mv "$dir/$version.tar.xz.new" "$dir/$version.tar.xz"
	done
}

# in_sysroot COMMAND...: run it in the overlay that has the older kernel
in_sysroot() {
	mkdir -p "$dir/upper" "$dir/work" "$dir/root"
	export dir old series release
	# Mounts of the new namespace vanish with its last process.
	unshare --mount --propagation private bash -eu -o pipefail -c '
		. "$0/sysroot.sh"
		enter "$@"' "$here" "$@"
}

enter() {
	local root=$dir/root place
	mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/upper,workdir=$dir/work" "$root" ||
		{ echo "overlayfs does not take $dir; choose another --dir"; exit 77; }
	# The overlay shows only the root file system; what is mounted below it comes in by itself.
	mount --rbind /proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount --rbind /sys "$root/sys"
	mount --bind /tmp "$root/tmp"
	mkdir -p "$root$KP_TOP" "$root$KP_BUILD" "$root$KP_CACHE" "$root$dir"
	for place in "$KP_TOP" "$KP_BUILD" "$KP_CACHE" "$dir" "${TMPDIR:-/tmp}"; do
		mount --bind "$place" "$root$place"
	done
	install_kernel "$root"
	exec chroot "$root" "$@"
}

# Image, headers and source of the older version, unless they are there from last time.
install_kernel() {
	[ "$(cat "$dir/release" 2>/dev/null)" != "$release" ] || return 0
	echo "installing $release into $dir/upper"
	# No initramfs, no boot loader: only the files are wanted.
	chroot "$1" env DEBIAN_FRONTEND=noninteractive INITRD=No apt-get -q -y --no-install-recommends \
		--allow-downgrades -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 install \
		"linux-image-$release=$old" "linux-headers-$release=$old" "linux-source-$series=$old" \
		>"$dir/install.log" 2>&1 </dev/null || {
		tail -n 5 "$dir/install.log"
		exit 1
	}
	echo "$release" >"$dir/release"
}
