#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1800
# The kernel's own livepatch selftests, on both cores in one VM a kernel.
#   klp-selftests.sh [--kernel REL]... [--core livepatch|kpatch]... [SCRIPT...]
# Scripts and modules come from the source package of the kernel, at test time. Modules are built
# unchanged, against the kernel's header for the in-kernel core and against kmod/include/compat for
# kpatch.ko. The in-kernel core is the judge of the set-up: there the scripts run unchanged. For
# kpatch.ko, klp-selftests/adapt changes names, and adds what klp-selftests/differences lists;
# any other difference in what the kernel logs fails the script.
# Results are lines "@pass REL/SCRIPT.CORE", "@fail REL/SCRIPT.CORE why".

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
parts=$here/klp-selftests
# What the scripts use beside the guest's busybox, or more of than it can do.
programs=(bash awk cat comm date depmod diff dmesg getconf grep id insmod mktemp modinfo modprobe
	rmmod sed seq sleep stat sysctl tr)
need qemu-system-x86_64 busybox gcc "${programs[@]}"

releases=() cores=() names=()
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) releases+=("$2"); shift ;;
	--core) cores+=("$2"); shift ;;
	-*) sed -n '5,12s/^# \?//p' "$0"; exit 2 ;;
	*) names+=("$1") ;;
	esac
	shift
done
[ ${#releases[@]} -gt 0 ] || read -r -a releases <<<"${KP_VM_KERNELS:-$(kernels | tr '\n' ' ')}"
[ ${#releases[@]} -gt 0 ] || skip "no kernel with headers is installed"
[ ${#cores[@]} -gt 0 ] || cores=(livepatch kpatch)

# version_of RELEASE: 6.1, 6.12
version_of() {
	local version=${1%%[-+]*}
	echo "${version%.*}"
}

# fetch RELEASE DIR: scripts to DIR/scripts, modules' sources to DIR/modules
fetch() {
	local tarball
	tarball=/usr/src/linux-source-$(version_of "$1").tar.xz
	[ -r "$tarball" ] || skip "$tarball is missing; install linux-source-$(version_of "$1")"
	if [ ! -e "$2/fetched" ] || [ "$tarball" -nt "$2/fetched" ]; then
		rm -rf "$2"
		mkdir -p "$2/source"
		# Since 6.9 there is no lib/livepatch, which tar calls a failure.
		tar -C "$2/source" -xf "$tarball" --strip-components 1 --wildcards \
			'*/tools/testing/selftests/livepatch' '*/lib/livepatch' 2>"$tmp/tar" ||
			refute 'selftests' "$tmp/tar"
		[ -e "$2/source/tools/testing/selftests/livepatch/functions.sh" ] ||
			fail "$tarball has no livepatch selftests"
		touch "$2/fetched"
	fi
	rm -rf "$2/scripts" "$2/modules"
	cp -r "$2/source/tools/testing/selftests/livepatch" "$2/scripts"
	if [ -d "$2/scripts/test_modules" ]; then
		mv "$2/scripts/test_modules" "$2/modules"
	else
		cp -r "$2/source/lib/livepatch" "$2/modules"
	fi
}

# build_test_modules RELEASE FROM TO [LINE]: LINE comes first in the Kbuild file
build_test_modules() {
	local source
	rm -rf "$3"
	mkdir -p "$3"
	cp "$2"/*.c "$3"
	{
		echo "${4:-}"
		for source in "$2"/*.c; do
			echo "obj-m += $(basename "$source" .c).o"
		done
	} >"$3/Kbuild"
	make -C "/lib/modules/$1/build" M="$3" -j"${JOBS:-2}" "${@:5}" modules >"$3.log" 2>&1 || {
		cat "$3.log"
		return 1
	}
	if grep -i 'warning:' "$3.log"; then
		return 1
	fi
	strip -g "$3"/*.ko
}

# build_for CORE RELEASE WORK
build_for() {
	local core
	case $1 in
	livepatch) build_test_modules "$2" "$3/modules" "$3/livepatch" ;;
	kpatch)
		core=$(core_folder "$2" normal) || fail "kpatch.ko does not build for $2"
		# shellcheck disable=SC2016 # for make
		build_test_modules "$2" "$3/modules" "$3/kpatch" "LINUXINCLUDE := -I$KP_TOP/kmod/include/compat \
-I$KP_TOP/kmod/include "'$(LINUXINCLUDE)' "KBUILD_EXTRA_SYMBOLS=$core/kpatch.symvers"
		modinfo "$3/kpatch/test_klp_livepatch.ko" >"$tmp/modinfo"
		# The kernel's loader would take it for a livepatch of its own core.
		if grep '^livepatch:' "$tmp/modinfo"; then
			fail "the compat header left the tag livepatch"
		fi
		;;
	esac
}

# stage SCRIPT CORE RELEASE WORK: everything boot needs, in WORK/stage/SCRIPT.CORE
stage() {
	local to=$4/stage/$1.$2 source
	mkdir -p "$to/test_modules"
	cp "$4/scripts/functions.sh" "$4/scripts/$1.sh" "$parts/run.sh" "$to"
	cp "$4/$2"/*.ko "$to/test_modules"
	echo "timeout: 120" >"$to/flags"
	for source in "$4"/scripts/*.c; do
		[ ! -e "$source" ] || gcc -O2 -static -o "$to/$(basename "$source" .c)" "$source"
	done
	[ "$2" = kpatch ] || return 0
	"$parts/adapt" "$to" "$parts/differences" "$(version_of "$3")"
	cp "$KP_BUILD/core/$3/kpatch.ko" "$to"
}

status=0 program_args=()
for name in "${programs[@]}"; do
	program_args+=(--program "$(command -v "$name")")
done
for release in "${releases[@]}"; do
	work=$KP_BUILD/vm/klp-selftests/$release
	fetch "$release" "$work"
	rm -rf "$work/stage"
	mapfile -t scripts < <([ ${#names[@]} -eq 0 ] || printf '%s\n' "${names[@]}"
		[ ${#names[@]} -gt 0 ] || (cd "$work/scripts" && printf '%s\n' test-*.sh))
	for core in "${cores[@]}"; do
		build_for "$core" "$release" "$work"
		for script in "${scripts[@]}"; do
			stage "${script%.sh}" "$core" "$release" "$work"
		done
	done
	"$here/boot" --kernel "$release" --logs "$work/logs" "${program_args[@]}" "$work"/stage/* >"$tmp/out" ||
		status=1
	sed "s,^@\(pass\|fail\|skip\) ,&$release/," "$tmp/out"
done
exit $status
