# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # tmp is test/lib.sh's
# For tests of the core in a VM: build kpatch.ko and the tests' own modules for any kernel that `kernels` lists
# (KP_KERNEL_ROOT: see there), and run them. After test/lib.sh.
#   KP_VM_KERNELS="RELEASE ..."  only these      KP_CORES="kpatch livepatch"  on these cores, if a test has both
#   KP_VM_MEMORY=SIZE            of the guest    KP_TEST_SCALE=N  the kernel is N times slower than usual

# shellcheck disable=SC2034 # for tests
scale=${KP_TEST_SCALE:-1}

# core_releases: what to test on; KP_VM_KERNELS limits it
core_releases() {
	local all
	all=$(kernels | tr '\n' ' ')
	echo "${KP_VM_KERNELS:-$all}"
}

# in_vm RELEASE[/CORE] NAME OPTION|SCENARIO...: boots them. In verdicts "RELEASE[/CORE]/" precedes their names.
in_vm() {
	local where=$1 failed=0
	local logs=$KP_BUILD/vm/$2-${where//\//-}
	shift 2
	"$KP_TOP/test/vm/boot" --kernel "${where%%/*}" --memory "${KP_VM_MEMORY:-1G}" --logs "$logs" "$@" \
		>"$tmp/out" || failed=1
	sed "s,^@\(pass\|fail\|skip\) ,&$where/," "$tmp/out"
	return $failed
}

# ---- building ----

kernel_build() {
	echo "${KP_KERNEL_ROOT:-}/lib/modules/$1/build"
}

# kbuild RELEASE DIR [VARIABLE=VALUE]...: modules, free of warnings
kbuild() {
	make -s -C "$(kernel_build "$1")" "M=$2" W=1 CONFIG_DEBUG_INFO_BTF_MODULES= "${@:3}" modules \
		>"$2.log" 2>&1 && ! grep -q -e 'warning: ' -e 'objtool: ' -e 'ection mismatch' "$2.log" || {
		cat "$2.log" >&2
		return 1
	}
}

# post_link RELEASE MODULE.ko TO.ko: finish a core that kbuild made
post_link() {
	"$KP_BUILD/bin/kpatch-post-link" --core -v "${KP_KERNEL_ROOT:-}/boot/vmlinuz-$1" \
		-s "$(kernel_build "$1")/Module.symvers" -o "$3" "$2"
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
	kbuild "$1" "$work" ${more[@]+"${more[@]}"} || return 1
	mkdir -p "$4"
	cp "$work"/*.ko "$4/"
}

# build_parts RELEASE TO/NAME.ko "FILE..." SOURCE... [-- VARIABLE=VALUE...]: files of the core, with a test's own in
# the place of the rest; a test build. To kpatch-post-link it looks like a core.
build_parts() {
	local release=$1 to=$2 files=$3 work=$tmp/parts.$1 file objects=() name
	name=$(basename "$to" .ko)
	shift 3
	rm -rf "$work"
	mkdir -p "$work/core"
	cp -r "$KP_TOP/kmod/include" "$work/"
	cp "$KP_TOP"/kmod/core/*.h "$work/core/"
	for file in $files; do
		cp "$KP_TOP/kmod/core/$file" "$work/core/"
		objects+=("${file%.*}.o")
	done
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		file=$(basename "$1")
		case $file in
		*.h) cp "$1" "$work/core/" ;;
		*) cp "$1" "$work/core/test_$file" && objects+=("test_${file%.c}.o") ;;
		esac
		shift
	done
	# The rules for choose.o are those of the core.
	{
		echo "obj-m := $name.o"
		echo "$name-y := ${objects[*]}"
		echo "ccflags-y += -DKP_TEST"
		grep -e '^ccflags-y += -I' -e choose "$KP_TOP/kmod/core/Kbuild" | grep -v '^kpatch-y'
	} >"$work/core/Kbuild"
	kbuild "$release" "$work/core" KBUILD_MODPOST_WARN=1 "${@:2}" &&
		post_link "$release" "$work/core/$name.ko" "$to"
}

# build_program SOURCE TO [OPTION]...: a static program for the guest
build_program() {
	local source=$1 to=$2
	shift 2
	gcc -std=gnu11 -O2 -Wall -Wextra -Wconversion -Wsign-compare -D_GNU_SOURCE -static -pthread "$@" \
		-o "$to/$(basename "$source" .c)" "$source"
}

# core_test NAME normal|test SECONDS: on each kernel, core-NAME/run.sh with the modules and programs of that folder,
# holder and load_once, on that variant of kpatch.ko
core_test() {
	local here=$KP_TOP/test/vm failed=0 release releases folder stage program
	read -r -a releases <<<"$(core_releases)"
	for release in "${releases[@]}"; do
		folder=$(core_folder "$release" "$2") || fail "kpatch.ko cannot be built for $release"
		stage=$tmp/$release/$1
		mkdir -p "$stage"
		cp "$here/core-$1/run.sh" "$stage/"
		build_modules "$release" kpatch "$here/core-$1/modules" "$stage" "$folder" ||
			fail "the test's modules cannot be built for $release"
		for program in "$here"/core-inject/*.c "$here/core-$1"/*.c; do
			[ ! -e "$program" ] || build_program "$program" "$stage" ||
				fail "$(basename "$program") cannot be built"
		done
		in_vm "$release" "$1" --core kpatch --core-module "$folder/kpatch.ko" --timeout "$3" "$stage" ||
			failed=1
	done
	return $failed
}
