#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# What patches own beside code, states and shadow variables: the core's own source files, each in a test
# module that drives it (core-state, core-shadow), in the VM.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

# stage RELEASE NAME DIR: what the guest gets of one of the two
stage() {
	local build=$tmp/$1/build
	rm -rf "$build"
	mkdir -p "$build" "$3"
	cp -r "$here/$2/modules" "$KP_TOP/kmod/include" "$build/"
	cp "$KP_TOP"/kmod/core/*.h "$KP_TOP"/kmod/core/{state,shadow,shadow-table,shadow-type,shadow-free,shadow-life}.c \
		"$build/modules/"
	kbuild "$1" "$build/modules" || fail "the modules of $2 cannot be built for $1"
	cp "$build/modules"/*.ko "$here/$2/run.sh" "$3/"
}

status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	dirs=()
	for name in core-state core-shadow; do
		dirs+=("$tmp/$release/$name")
		stage "$release" "$name" "${dirs[-1]}"
	done
	in_vm "$release" owned --timeout 300 "${dirs[@]}" || status=1
done
exit $status
