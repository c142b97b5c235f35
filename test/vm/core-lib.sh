# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # tmp is test/lib.sh's
# For tests of the core in a VM: build kpatch.ko and the tests' own modules, for any kernel that
# `kernels` lists (KP_KERNEL_ROOT: see there). After test/lib.sh.

# core_releases: what to test on; KP_VM_KERNELS limits it
core_releases() {
	local all
	all=$(kernels | tr '\n' ' ')
	echo "${KP_VM_KERNELS:-$all}"
}

kernel_build() {
	echo "${KP_KERNEL_ROOT:-}/lib/modules/$1/build"
}

# core_folder RELEASE normal|test: builds kpatch.ko if necessary and prints where it is. Tests that run at the same
# time share it.
core_folder() {
	local folder variant=()
	[ "$2" = normal ] || variant=(KP_TEST=1)
	folder=$KP_BUILD/core${variant:+-test}/$1
	mkdir -p "$folder"
	(
		flock 9
		KERNEL_BUILD=$(kernel_build "$1") VMLINUZ=${KP_KERNEL_ROOT:-}/boot/vmlinuz-$1 \
			POST_LINK=$KP_BUILD/bin/kpatch-post-link "$KP_TOP/contrib/core-build" \
			"$KP_TOP/kmod" "$1" "$folder/kpatch.ko" W=1 \
			${variant[@]+"${variant[@]}"} >&2
	) 9>"$folder.lock" || return 1
	echo "$folder"
}

# build_modules RELEASE livepatch|kpatch SOURCE TO [CORE_FOLDER [VARIABLE=VALUE]...]: TO/*.ko from a folder with a Kbuild file; for
# core=kpatch the headers of the bundled core come first, and its symbols are known.
build_modules() {
	local work=$tmp/modules.$1.$2 more=("${@:6}")
	rm -rf "$work"
	cp -r "$3" "$work"
	[ "$2" = livepatch ] || more+=("COMPAT=$KP_TOP/kmod/include"
		"KBUILD_EXTRA_SYMBOLS=$5/kpatch.symvers")
	make -s -C "$(kernel_build "$1")" "M=$work" W=1 CONFIG_DEBUG_INFO_BTF_MODULES= \
		${more[@]+"${more[@]}"} modules >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		return 1
	}
	mkdir -p "$4"
	cp "$work"/*.ko "$4/"
}

# build_program SOURCE TO [OPTION]...: a static program for the guest
build_program() {
	local source=$1 to=$2
	shift 2
	gcc -std=gnu11 -O2 -Wall -Wextra -Wconversion -Wsign-compare -D_GNU_SOURCE -static -pthread "$@" \
		-o "$to/$(basename "$source" .c)" "$source"
}
