#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 600
# Slots, stubs, chooser and registration by themselves, driven by core-redirect/driver.c.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

# The part of the core that is tested, with the driver in the place of the rest.
stage_driver() {
	local kmod=$1/kmod file
	mkdir -p "$kmod/core"
	cp -r "$KP_TOP/kmod/include" "$kmod/"
	for file in stubs.S choose.c stubs-end.S redirect.c inject.c; do
		cp "$KP_TOP/kmod/core/$file" "$kmod/core/"
	done
	cp "$KP_TOP"/kmod/core/*.h "$here/core-redirect/modules/kp_rd.h" "$kmod/core/"
	cp "$here/core-redirect/driver.c" "$kmod/core/kp_rd_driver.c"
	cp "$here/core-redirect/ident.c" "$kmod/core/kp_rd_ident.c"
	# The rules for choose.o are those of the core.
	{
		echo "obj-m := kp_rd.o"
		echo "kp_rd-y := stubs.o choose.o stubs-end.o redirect.o inject.o kp_rd_driver.o kp_rd_ident.o"
		echo "ccflags-y += -DKP_TEST"
		grep -e '^ccflags-y += -I' -e choose "$KP_TOP/kmod/core/Kbuild" | grep -v '^kpatch-y'
	} >"$kmod/core/Kbuild"
}

status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	stage=$tmp/$release/core-redirect
	mkdir -p "$stage"
	cp "$here/core-redirect/run.sh" "$stage/"
	echo "timeout: 300" >"$stage/flags"
	build_modules "$release" livepatch "$here/core-redirect/modules" "$stage" ||
		fail "the test's modules cannot be built for $release"
	stage_driver "$tmp/$release"
	cp "$tmp/modules.$release.livepatch/Module.symvers" "$tmp/$release/target.symvers"
	make -s -C "$(kernel_build "$release")" "M=$tmp/$release/kmod/core" W=1 KBUILD_MODPOST_WARN=1 \
		CONFIG_DEBUG_INFO_BTF_MODULES= KBUILD_EXTRA_SYMBOLS="$tmp/$release/target.symvers" \
		modules >"$tmp/$release/log" 2>&1 || { cat "$tmp/$release/log"; fail "kp_rd.ko cannot be built"; }
	! grep -v -e 'undefined!$' -e 'unresolved symbol warnings' "$tmp/$release/log" | grep -i warning ||
		fail "building for $release is not free of warnings"
	"$KP_BUILD/bin/kpatch-post-link" --core -v "${KP_KERNEL_ROOT:-}/boot/vmlinuz-$release" \
		-s "$(kernel_build "$release")/Module.symvers" -o "$stage/kp_rd.ko" \
		"$tmp/$release/kmod/core/kp_rd.ko" || fail "kp_rd.ko cannot be finished"
	"$here/boot" --kernel "$release" --logs "$KP_BUILD/vm/redirect-$release" "$stage" || status=1
done
exit $status
