#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lives of patches and modules that cross each other; see core-life/run.sh.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	folder=$(core_folder "$release" normal) || fail "kpatch.ko cannot be built for $release"
	stage=$tmp/$release/life
	mkdir -p "$stage"
	cp "$here/core-life/run.sh" "$stage/"
	build_modules "$release" kpatch "$here/core-life/modules" "$stage" "$folder"
	for program in holder load_once; do
		build_program "$here/core-inject/$program.c" "$stage"
	done
	in_vm "$release" life --core kpatch --core-module "$folder/kpatch.ko" --timeout 120 "$stage" || status=1
done
exit $status
