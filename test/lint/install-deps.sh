#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# contrib/install-deps picks the names of the distribution, asks the right program for what is missing, and says in
# words what is needed where it does not know the names. The package managers are played here.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
script=$KP_TOP/contrib/install-deps

# os ID [ID_LIKE]
os() {
	printf 'NAME="Some Linux"\nID=%s\nID_LIKE="%s"\n' "$1" "${2-}" >"$tmp/os-release"
}
export OS_RELEASE=$tmp/os-release

# names WORD...: --print has these names; "!NAME": and not this one
names() {
	local word
	"$script" --print all >"$tmp/names"
	for word; do
		case $word in
		!*) ! grep -qxF -e "${word#!}" "$tmp/names" || fail "$(head -n 2 "$OS_RELEASE" | tail -n 1): $word" ;;
		*) grep -qxF -e "$word" "$tmp/names" || fail "$(head -n 2 "$OS_RELEASE" | tail -n 1): no $word" ;;
		esac
	done
	! grep '[?|=]' "$tmp/names" || fail "not a name"
	[ "$(grep -vc '^#' "$tmp/names")" -eq "$(sort -u "$tmp/names" | grep -vc '^#')" ] || fail "something is there twice"
}

os debian
names libelf-dev pkg-config linux-image-amd64 linux-headers-6.12-amd64 busybox-static debhelper !dwarves
os ubuntu debian
names libelf-dev linux-image-generic !linux-image-amd64
os linuxmint "ubuntu debian"
names linux-image-generic
os fedora
names elfutils-libelf-devel dwarves kernel-devel qemu-system-x86-core rpm-build !libelf-dev
os rocky "rhel centos fedora"
names elfutils-libelf-devel kernel-devel !qemu-system-x86-core
os rhel fedora
names kmod-devel !qemu-system-x86-core

# A group is part of the whole, and build is without what only tests need.
os debian
"$script" --print build >"$tmp/build"
refute qemu "$tmp/build"
expect libdw-dev "$tmp/build"
"$script" --print compilers | grep -q '^clang-14$' || fail "no clang-14"
status 64 "$script" --print everything 2>/dev/null
status 64 "$script" build everything 2>/dev/null
"$script" --print build kernel >"$tmp/both"
expect libdw-dev "$tmp/both"
expect linux-headers-amd64 "$tmp/both"
refute 6.12 "$tmp/both"

# unknown [REMOVE]: words instead of names
unknown() {
	status 1 "$script" build >"$tmp/out" 2>&1
	expect "headers of libelf" "$tmp/out"
	expect "DEPS=no" "$tmp/out"
	refute libelf-dev "$tmp/out"
	refute QEMU "$tmp/out"
}
os arch
unknown
rm "$OS_RELEASE"
unknown

# Each row has all columns.
sed -n '/cat <<-END/,/^[[:space:]]*END/p' "$script" | grep '|' | awk -F '|' 'NF != 6 { print; bad = 1 } END { exit bad }' ||
	fail "a row of another length"

# play PROGRAM BODY: in the place of a program; calls are written down
mkdir "$tmp/bin"
play() {
	printf '#!/bin/sh\necho "%s $*" >>"%s"\n%s\n' "$1" "$tmp/calls" "$2" >"$tmp/bin/$1"
	chmod +x "$tmp/bin/$1"
	: >"$tmp/calls"
}
play id 'echo 0'
# Only gcc and make are there.
# shellcheck disable=SC2016 # for the played program
play rpm 'for last; do :; done; [ "$last" = gcc ] || [ "$last" = make ]'
play dnf 'exit 0'
os fedora
PATH=$tmp/bin:$PATH "$script" build
grep '^dnf' "$tmp/calls" >"$tmp/dnf"
expect " install binutils " "$tmp/dnf"
expect " elfutils-devel " "$tmp/dnf"
[ "$(wc -l <"$tmp/dnf")" -eq 1 ] || fail "dnf was asked more than once"

os almalinux "rhel centos fedora"
play dnf 'exit 1'
PATH=$tmp/bin:$PATH status 1 "$script" build 2>"$tmp/out"
expect "CRB and EPEL" "$tmp/out"
# What may be missing may be missing.
# shellcheck disable=SC2016 # for the played program
play rpm 'for last; do :; done; case $last in busybox|qemu-kvm) exit 1 ;; esac'
PATH=$tmp/bin:$PATH status 0 "$script" test 2>"$tmp/out"
expect "busybox is not there, going on" "$tmp/out"

# Nothing is missing: nobody is asked, root or not.
play rpm 'exit 0'
play id 'echo 1000'
PATH=$tmp/bin:$PATH status 0 "$script" build
refute dnf "$tmp/calls"
play rpm 'exit 1'
PATH=$tmp/bin:$PATH status 1 "$script" build 2>"$tmp/out"
expect "only root can install them: gcc" "$tmp/out"

os debian
# shellcheck disable=SC2016
play dpkg-query 'for last; do :; done; [ "$last" = pahole ] || echo installed'
PATH=$tmp/bin:$PATH status 1 "$script" build 2>"$tmp/out"
expect "only root can install them: pahole" "$tmp/out"
play id 'echo 0'
play apt-get 'exit 0'
PATH=$tmp/bin:$PATH status 0 "$script" build
expect "install pahole" "$tmp/calls"
