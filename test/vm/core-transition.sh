#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1200
# Transitions by themselves, without patches: core-transition/run.sh under every kernel.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

# With kp_trans.c in the place of the rest.
parts="stubs.S choose.c stubs-end.S redirect.c transition.c taskset.c stack.c exit.c inject.c guard.c lookup.c"

status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	stage=$tmp/$release/core-transition
	mkdir -p "$stage"
	cp "$here/core-transition/run.sh" "$stage/"
	build_program "$here/core-transition/tt.c" "$stage" || fail "tt.c cannot be built"
	build_parts "$release" "$stage/kp_trans.ko" "$parts" "$here/core-transition/kp_trans.c" \
		"$here/core-exports.c" || fail "kp_trans.ko cannot be built for $release"
	in_vm "$release" transition --timeout 240 "$stage" || status=1
done
exit $status
