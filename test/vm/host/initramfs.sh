# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts of boot
# The guest's whole file system: busybox, the scenarios, the modules they name.

build_initramfs() {
	local root=$work/root dir
	rm -rf "$root"
	mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,etc,vm/scenarios}
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$here/guest/init" "$root/init"
	cp "$here/guest/lib.sh" "$root/vm/lib.sh"
	chmod 755 "$root/init"
	echo "$core" >"$root/vm/core"
	echo "$scale" >"$root/vm/scale"
	for dir in "$@"; do
		copy_scenario "$dir" "$root/vm"
	done
	copy_modules "$root" "$@"
	copy_programs "$root" "$@"
	(cd "$root" && find . -print0 | cpio --null --quiet -o -H newc -R 0:0) >"$work/initramfs" ||
		die "the initramfs could not be written to $work"
}

copy_scenario() {
	local name
	name=$(basename "$1")
	cp -RL "$1" "$2/scenarios/$name"
	echo "$name $(($(flag "$1" timeout "$limit") * scale))" >>"$2/list"
}

# All modules that any scenario names, with what they depend on, as modprobe sees it.
copy_modules() {
	local root=$1 dir name file names=(${extra_modules[@]+"${extra_modules[@]}"})
	local base=$root/lib/modules/$release from=$kernel_root/lib/modules/$release
	shift
	mkdir -p "$base"
	for dir in "$@"; do
		[ ! -e "$dir/modules" ] || mapfile -t -O ${#names[@]} names < <(grep -v '^#' "$dir/modules" | tr -s ' \t' '\n')
	done
	for name in $(printf '%s\n' ${names[@]+"${names[@]}"} | sort -u); do
		local lines
		lines=$(modprobe -d "${kernel_root:-/}" -S "$release" --show-depends "$name" 2>&1) ||
			die "$release has no module $name: $lines"
		while read -r file; do
			copy_module "$file" "$base/${file#*/lib/modules/"$release"/}"
		done < <(sed -n 's/^insmod \([^ ]*\).*/\1/p' <<<"$lines")
	done
	for dir in ${module_dirs[@]+"${module_dirs[@]}"}; do
		while read -r file; do
			copy_module "$file" "$base/${file#*/lib/modules/"$release"/}"
		done < <(find "$from/$dir" -name '*.ko*')
	done
	[ "$core" != kpatch ] || copy_module "$core_module" "$base/extra/kpatch.ko"
	cp "$from"/modules.{order,builtin,builtin.modinfo} "$base/"
	depmod -b "$root" "$release" || die "depmod failed for the guest's modules"
}

# Packed modules are unpacked here: what a busybox modprobe can unpack is not our concern.
copy_module() {
	local to=$2
	mkdir -p "$(dirname "$to")"
	case $1 in
	*.xz) xz -dc "$1" >"${to%.xz}" ;;
	*.zst) zstd -qdc "$1" >"${to%.zst}" ;;
	*.gz) gzip -dc "$1" >"${to%.gz}" ;;
	*) cp "$1" "$to" ;;
	esac
}

copy_programs() {
	local root=$1 dir name file library list=(${programs[@]+"${programs[@]}"})
	shift
	for dir in "$@"; do
		for name in $(flag "$dir" program ''); do
			list+=("${KP_BUILD:-$top/build}/bin/$name")
		done
	done
	for file in $(printf '%s\n' ${list[@]+"${list[@]}"} | sort -u); do
		[ -x "$file" ] || die "program $file does not exist; build it first"
		cp "$file" "$root/bin/"
		for library in $(ldd "$file" 2>/dev/null | grep -o '/[^ ]*'); do
			mkdir -p "$root$(dirname "$library")"
			cp -L "$library" "$root$library"
		done
	done
}
