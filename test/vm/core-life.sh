#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 300
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
	echo "timeout: ${KP_VM_TIMEOUT:-120}" >"$stage/flags"
	build_modules "$release" kpatch "$here/core-life/modules" "$stage" "$folder"
	for program in holder load_once; do
		build_program "$here/core-inject/$program.c" "$stage"
	done
	"$here/boot" --kernel "$release" --core kpatch --core-module "$folder/kpatch.ko" \
		--memory "${KP_VM_MEMORY:-1G}" --logs "$KP_BUILD/vm/life-$release" "$stage" >"$tmp/out" || status=1
	sed "s,^@\(pass\|fail\|skip\) ,&$release/," "$tmp/out"
done
exit $status
