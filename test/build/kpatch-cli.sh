#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 300
# kpatch load, unload and list in a VM, with livepatches written by hand: load to unload,
# stalled and interrupted transitions, refusals.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
need qemu-system-x86_64 busybox

for release in $(kernels); do
	name=kpatch-cli-$release
	scenario=$tmp/$name
	cp -r "$KP_TOP/test/build/kpatch-cli" "$scenario"
	make -s -C "/lib/modules/$release/build" M="$scenario" modules >"$tmp/make.log" 2>&1 ||
		{ cat "$tmp/make.log"; fail "the test's modules do not build for $release"; }
	# The same patch for a kernel that is not running, by changing one digit of its vermagic.
	wrong=$(echo "$release" | sed 's/^\([0-9]*\)\.[0-9]/\1.7/')
	sed "s/vermagic=$release /vermagic=$wrong /" "$scenario/kc_plain.ko" >"$scenario/kc_wrong.ko"
	# Prints a line "@pass NAME" or "@fail NAME why", which run-tests counts.
	"$KP_TOP/test/vm/boot" --kernel "$release" --logs "$tmp/logs-$release" --quiet "$scenario" ||
		cat "$tmp/logs-$release"/*.log
done
