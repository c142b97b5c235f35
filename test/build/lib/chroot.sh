# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # tmp is test/lib.sh's
# For tests that install into a copy of a Debian, $root; to be read right after test/lib.sh. The test runs again with
# mounts of its own, which end with it. Nothing is removed through them.
# shellcheck source=test/debian.sh
. "$KP_TOP/test/debian.sh"
need debootstrap unshare flock
[ "$(id -u)" = 0 ] || skip "only root can make a chroot"
if [ "${KP_INSIDE:-}" != yes ]; then
	KP_INSIDE=yes unshare -m "$BASH" "$0" && exit
	exit $?
fi
root=$tmp/root
trap 'if ! mountpoint -q "$root" || umount -R "$root"; then rm -rf --one-file-system "$tmp"; fi' EXIT

# copy_base: $root is a copy of $base
copy_base() {
	mkdir "$tmp/upper" "$tmp/work" "$root"
	mount -t overlay -o "lowerdir=$base,upperdir=$tmp/upper,workdir=$tmp/work" none "$root" 2>/dev/null || {
		mount --bind "$root" "$root"
		cp -a "$base/." "$root"
	}
}

# What is run in the chroot knows nothing of outside: this test's TMPDIR is not there.
clean=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive)
inside() { chroot "$root" "${clean[@]}" "$@"; }
