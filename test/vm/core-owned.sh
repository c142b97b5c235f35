#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# What patches own beside code, states and shadow variables: the core's own source files, each in a test
# module that drives it (core-state, core-shadow), in the VM.
#   core-owned.sh [--kernel REL]... [--show] [NAME...]
# Results are lines "@pass REL/core-state", "@fail REL/core-state why".

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
need qemu-system-x86_64 busybox gcc

releases=() names=() show=()
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) releases+=("$2"); shift ;;
	--show) show=(--show) ;;
	-*) sed -n '6,7s/^# \?//p' "$0"; exit 2 ;;
	*) names+=("$1") ;;
	esac
	shift
done
[ ${#names[@]} -gt 0 ] || names=(core-state core-shadow)
[ ${#releases[@]} -gt 0 ] || read -r -a releases <<<"${KP_VM_KERNELS:-$(kernels | tr '\n' ' ')}"
[ ${#releases[@]} -gt 0 ] || skip "no kernel with headers is installed"

# stage RELEASE NAME DIR: build the modules of a scenario, and put together what the guest gets
stage() {
	rm -rf "$3/build" "${3:?}/$2"
	mkdir -p "$3/build" "$3/$2"
	cp -r "$here/$2/modules" "$KP_TOP/kmod/include" "$3/build/"
	cp "$KP_TOP"/kmod/core/*.h "$KP_TOP"/kmod/core/{state,shadow,shadow-table,shadow-type,shadow-life}.c "$3/build/modules/"
	make -s -C "${KP_KERNEL_ROOT:-}/lib/modules/$1/build" M="$3/build/modules" -j"${JOBS:-2}" W=1 \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$3/make.log" 2>&1 || {
		cat "$3/make.log"
		return 1
	}
	if grep -i 'warning' "$3/make.log"; then
		return 1
	fi
	cp "$3/build/modules"/*.ko "$here/$2/run.sh" "$3/$2/"
	[ ! -e "$here/$2/flags" ] || cp "$here/$2/flags" "$3/$2/"
}

status=0
for release in "${releases[@]}"; do
	work=$KP_BUILD/vm/core-owned/$release
	dirs=()
	mkdir -p "$work"
	for name in "${names[@]}"; do
		if stage "$release" "$name" "$work"; then
			dirs+=("$work/$name")
		else
			echo "@fail $release/$name its modules do not build"
			status=1
		fi
	done
	[ ${#dirs[@]} -gt 0 ] || continue
	"$here/boot" "${show[@]}" --kernel "$release" --logs "$work/logs" "${dirs[@]}" >"$tmp/out" || status=1
	sed "s,^@\(pass\|fail\|skip\) ,&$release/," "$tmp/out"
done
exit $status
