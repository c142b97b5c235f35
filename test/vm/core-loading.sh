#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 600
# What kpatch.ko does when modules are loaded: symbols, build-ids, late references. With
# core-loading/modules/loading_test.c linked in, which can be told what to do, in the VM.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc xxd

# source_of_ident DIR NAME MAGIC VERSION BUILD_ID: the source of kp_ident_NAME.ko
source_of_ident() {
	cat >"$1/modules/kp_ident_$2.c" <<-END
	#define IDENT_MAGIC $3
	#define IDENT_VERSION $4
	#define IDENT_BUILD_ID $5
	#include "kp_ident.h"
	END
}

# ident_of FILE: the bytes of its section .kpatch.ident, "0x12,0x34..."
ident_of() {
	objcopy -O binary --only-section .kpatch.ident "$1" "$tmp/ident"
	xxd -i <"$tmp/ident" | tr -d ' \n'
}

# poke FILE OFFSET TEXT: overwrite bytes of its section .kpatch.ident; TEXT as in printf
poke() {
	local start
	start=$(readelf -SW "$1" | sed 's/^ *\[ *[0-9]*\]//' | awk '$1 == ".kpatch.ident" { print $4 }')
	# shellcheck disable=SC2059
	printf "$3" | dd of="$1" bs=1 seek=$((0x$start + $2)) conv=notrunc status=none
}

# stage RELEASE DIR: build everything, and what run.sh needs to DIR/core-loading
stage() {
	local to=$2/core-loading ident
	rm -rf "$2"
	mkdir -p "$to"
	cp -r "$here/core-loading/modules" "$KP_TOP"/kmod/{core,include} "$2/"
	mv "$2/modules/loading_test.c" "$2/core/"
	echo 'kpatch-y += loading_test.o' >>"$2/core/Kbuild"
	kbuild "$1" "$2/core" KBUILD_MODPOST_WARN=1
	post_link "$1" "$2/core/kpatch.ko" "$to/kpatch.ko"

	# The build-id of the kernel is what post-link has found: bytes 8 to 27.
	ident=$(ident_of "$to/kpatch.ko" | cut -d , -f 9-28)
	source_of_ident "$2" right KP_IDENT_MAGIC KP_IDENT_VERSION "$ident"
	source_of_ident "$2" kernel KP_IDENT_MAGIC KP_IDENT_VERSION "${ident%,*},0x00"
	source_of_ident "$2" version KP_IDENT_MAGIC KP_IDENT_VERSION+1 "$ident"
	source_of_ident "$2" unfinished 0 0 0
	kbuild "$1" "$2/modules" TARGET_BUILD=2
	cp "$2/modules/kp_target.ko" "$to/kp_target_other.ko"
	kbuild "$1" "$2/modules" TARGET_BUILD=1
	cp "$2"/modules/kp_{target,ident_*}.ko "$here/core-loading/run.sh" "$to/"

	cp "$to/kpatch.ko" "$to/kpatch_kernel.ko"
	poke "$to/kpatch_kernel.ko" 27 '\0'
	cp "$to/kpatch.ko" "$to/kpatch_unfinished.ko"
	poke "$to/kpatch_unfinished.ko" 0 '\0\0\0\0'
	# As the patch of a module would name it.
	readelf -nW "$to/kp_target.ko" | sed -n 's/.*Build ID: //p' >"$to/target-id"
	readelf -nW "$to/kp_target_other.ko" | sed -n 's/.*Build ID: //p' >"$to/other-id"
	[ -s "$to/target-id" ] && ! cmp -s "$to/target-id" "$to/other-id"
}

status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	stage "$release" "$tmp/$release"
	in_vm "$release" loading --timeout 180 "$tmp/$release/core-loading" || status=1
done
exit $status
