#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 600
# Tracers, kprobes, BPF and kernel.ftrace_enabled on patched functions, on both cores.
#   core-trace.sh [--core CORE]

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc clang bpftool

cores=(kpatch livepatch)
[ "${1:-}" != --core ] || cores=("$2")
status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	folder=$(core_folder "$release" normal) || fail "kpatch.ko cannot be built for $release"
	for core in "${cores[@]}"; do
		stage=$tmp/$release-$core/trace
		mkdir -p "$stage"
		cp "$here/core-trace/run.sh" "$stage/"
		echo "timeout: ${KP_VM_TIMEOUT:-150}" >"$stage/flags"
		build_modules "$release" "$core" "$here/core-torture/modules" "$stage" "$folder"
		build_program "$here/core-trace/sleeper.c" "$stage"
		clang -O2 -g -target bpf -I/usr/include/x86_64-linux-gnu -c -o "$stage/count.bpf.o" \
			"$here/core-trace/count.bpf.c"
		gcc -O2 -Wall -Wextra -o "$tmp/attach" "$here/core-trace/attach.c" -lbpf
		"$here/boot" --kernel "$release" --core "$core" --core-module "$folder/kpatch.ko" \
			--program "$(PATH=$PATH:/usr/sbin command -v bpftool)" --program "$tmp/attach" \
			--memory "${KP_VM_MEMORY:-1G}" \
			--logs "$KP_BUILD/vm/trace-$release-$core" "$stage" >"$tmp/out" || status=1
		sed "s,^@\(pass\|fail\|skip\) ,&$release/$core/," "$tmp/out"
	done
done
exit $status
