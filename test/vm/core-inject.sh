#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 600
# Each step of the core that can fail is made to fail, for loading, disabling, replacing, a module that comes;
# see core-inject/run.sh.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	folder=$(core_folder "$release" test) || fail "kpatch.ko cannot be built for $release"
	stage=$tmp/$release/inject
	mkdir -p "$stage"
	cp "$here/core-inject/run.sh" "$stage/"
	build_modules "$release" kpatch "$here/core-inject/modules" "$stage" "$folder"
	for program in holder load_once; do
		build_program "$here/core-inject/$program.c" "$stage"
	done
	in_vm "$release" inject --core kpatch --core-module "$folder/kpatch.ko" --timeout 240 "$stage" || status=1
done
exit $status
