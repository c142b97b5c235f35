#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1200
# kpatch load, unload, list and verify in a VM, with livepatches written by hand, for both cores: load
# to unload, stalled and interrupted transitions, refusals.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
need qemu-system-x86_64 busybox xz objcopy

# modules RELEASE CORE DIR: build the test's modules, from the same sources for both cores
modules() {
	local core=$KP_BUILD/core/$1 args=()
	if [ "$2" = kpatch ]; then
		[ -e "$core/kpatch.ko" ] || fail "there is no $core/kpatch.ko; run make core"
		# shellcheck disable=SC2016 # for make
		echo "LINUXINCLUDE := -I$KP_TOP/kmod/include/compat -I$KP_TOP/kmod/include "'$(LINUXINCLUDE)' >>"$3/Kbuild"
		args=("KBUILD_EXTRA_SYMBOLS=$core/kpatch.symvers")
	fi
	make -s -C "/lib/modules/$1/build" M="$3" "${args[@]}" modules >"$tmp/make.log" 2>&1 ||
		{ cat "$tmp/make.log"; fail "the test's modules do not build for $1"; }
}

# run_on RELEASE CORE
run_on() {
	local name=kpatch-cli-$1-$2 wrong
	local scenario=$tmp/$name logs=$tmp/logs-$1-$2
	cp -r "$KP_TOP/test/build/kpatch-cli" "$scenario"
	modules "$1" "$2" "$scenario"
	# The same patch for a kernel that is not running, by changing one digit of its vermagic.
	wrong=$(echo "$1" | sed 's/^\([0-9]*\)\.[0-9]/\1.7/')
	sed "s/vermagic=$1 /vermagic=$wrong /" "$scenario/kc_plain.ko" >"$scenario/kc_wrong.ko"
	# And compressed; and for a later version of the core, by changing the checksum of what it exports.
	xz --keep --check=crc32 "$scenario/kc_plain.ko"
	LC_ALL=C sed 's/[\x01-\x1f]\x00\x70\x6b\x00\x00\x00\x00kp_enable_patch/\x20\x00\x70\x6b\x00\x00\x00\x00kp_enable_patch/' \
		"$scenario/kc_plain.ko" >"$scenario/kc_later.ko"
	[ "$2" != kpatch ] || ! cmp -s "$scenario/kc_plain.ko" "$scenario/kc_later.ko" || fail "no checksum in kc_plain.ko"
	# And another build of it, as its build-id says.
	objcopy --dump-section .note.gnu.build-id="$tmp/id" "$scenario/kc_plain.ko"
	printf 'other' | dd of="$tmp/id" bs=1 seek=16 conv=notrunc status=none
	objcopy --update-section .note.gnu.build-id="$tmp/id" "$scenario/kc_plain.ko" "$scenario/kc_rebuilt.ko"
	# Prints a line "@pass NAME" or "@fail NAME why", which run-tests counts.
	"$KP_TOP/test/vm/boot" --kernel "$1" --core "$2" --logs "$logs" --quiet "$scenario" ||
		cat "$logs/$name.log"
}

for release in $(kernels); do
	for core in kpatch livepatch; do
		run_on "$release" "$core"
	done
done
