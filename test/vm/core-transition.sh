#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Transitions by themselves, without patches: core-transition/run.sh under every kernel.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

# The parts of the core that take part, with kp_trans.c in the place of the rest.
parts=(stubs.S choose.c stubs-end.S redirect.c transition.c taskset.c stack.c exit.c inject.c guard.c
	lookup.c)

stage_module() {
	local kmod=$1/kmod file objects=(main.o exports.o)
	mkdir -p "$kmod/core"
	cp -r "$KP_TOP/kmod/include" "$kmod/"
	cp "$KP_TOP"/kmod/core/*.h "$kmod/core/"
	cp "$here/core-transition/kp_trans.c" "$kmod/core/main.c"
	cp "$here/core-transition/exports.c" "$kmod/core/"
	for file in "${parts[@]}"; do
		cp "$KP_TOP/kmod/core/$file" "$kmod/core/"
		objects+=("${file%.*}.o")
	done
	# stubs-end.o has to follow stubs.o and choose.o; the rules for choose.o are those of the core.
	{
		echo "obj-m := kp_trans.o"
		echo "kp_trans-y := ${objects[*]}"
		echo "ccflags-y += -DKP_TEST"
		grep -e '^ccflags-y += -I' -e choose "$KP_TOP/kmod/core/Kbuild" | grep -v '^kpatch-y'
	} >"$kmod/core/Kbuild"
}

status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	stage=$tmp/$release/core-transition
	mkdir -p "$stage"
	cp "$here/core-transition"/{run.sh,flags} "$stage/"
	build_program "$here/core-transition/tt.c" "$stage" || fail "tt.c cannot be built"
	stage_module "$tmp/$release"
	make -s -C "$(kernel_build "$release")" "M=$tmp/$release/kmod/core" W=1 KBUILD_MODPOST_WARN=1 \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$tmp/$release/log" 2>&1 ||
		{ cat "$tmp/$release/log"; fail "kp_trans.ko cannot be built"; }
	! grep -v -e 'undefined!$' -e 'unresolved symbol warnings' "$tmp/$release/log" | grep -i warning ||
		fail "building for $release is not free of warnings"
	"$KP_BUILD/bin/kpatch-post-link" --core -v "${KP_KERNEL_ROOT:-}/boot/vmlinuz-$release" \
		-s "$(kernel_build "$release")/Module.symvers" -o "$stage/kp_trans.ko" \
		"$tmp/$release/kmod/core/kp_trans.ko" || fail "kp_trans.ko cannot be finished"
	"$here/boot" --kernel "$release" --logs "$KP_BUILD/vm/transition-$release" "$stage" || status=1
done
exit $status
