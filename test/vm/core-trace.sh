#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1200
# Tracers, kprobes, BPF and kernel.ftrace_enabled on patched functions, on both cores.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc clang bpftool

read -r -a cores <<<"${KP_CORES:-kpatch livepatch}"
status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	folder=$(core_folder "$release" normal) || fail "kpatch.ko cannot be built for $release"
	for core in "${cores[@]}"; do
		stage=$tmp/$release-$core/trace
		mkdir -p "$stage"
		cp "$here/core-trace/run.sh" "$stage/"
		build_modules "$release" "$core" "$here/core-torture/modules" "$stage" "$folder"
		build_program "$here/core-trace/sleeper.c" "$stage"
		clang -O2 -g -target bpf -I/usr/include/x86_64-linux-gnu -c -o "$stage/count.bpf.o" \
			"$here/core-trace/count.bpf.c"
		gcc -O2 -Wall -Wextra -o "$tmp/attach" "$here/core-trace/attach.c" -lbpf
		in_vm "$release/$core" trace --core "$core" --core-module "$folder/kpatch.ko" --timeout 150 \
			--program "$(PATH=$PATH:/usr/sbin command -v bpftool)" --program "$tmp/attach" \
			"$stage" || status=1
	done
done
exit $status
