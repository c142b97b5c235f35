#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1200
# Slots, stubs, chooser and registration by themselves, driven by core-redirect/driver.c.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	stage=$tmp/$release/core-redirect
	mkdir -p "$stage"
	cp "$here/core-redirect/run.sh" "$stage/"
	build_modules "$release" livepatch "$here/core-redirect/modules" "$stage" ||
		fail "the test's modules cannot be built for $release"
	build_parts "$release" "$stage/kp_rd.ko" "stubs.S choose.c stubs-end.S redirect.c inject.c" \
		"$here"/core-redirect/{driver,ident}.c "$here/core-exports.c" "$here/core-redirect/modules/kp_rd.h" \
		-- KBUILD_EXTRA_SYMBOLS="$tmp/modules.$release.livepatch/Module.symvers" ||
		fail "kp_rd.ko cannot be built for $release"
	in_vm "$release" redirect --timeout 300 "$stage" || status=1
done
exit $status
