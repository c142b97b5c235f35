#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1500
# Build the patches of all scenarios with kpatch-build and run the scenarios in one VM a kernel.
#   scenarios.sh [--kernel REL]... [--keep] [SCENARIO...]
# A scenario's directory holds what test/vm/boot wants (run.sh, modules, flags) and
#   *.patch   what kpatch-build gets. NAME.patch may be there as NAME-6.1.patch, NAME-6.12.patch
#   *.c       programs for the script, compiled statically
#   flags     may have lines "build: MODULE [OPTIONS] PATCH..."; without any, fix.patch becomes
#             the module kp_SCENARIO
# Results are lines "@pass REL/NAME", "@fail REL/NAME why".

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
[ -x "$KP_BUILD/bin/kpatch-build" ] || fail "there is no $KP_BUILD/bin/kpatch-build; run make"
need qemu-system-x86_64 busybox gcc

# patch_file DIR PATCH RELEASE: the file that fits the release
patch_file() {
	local version=${3%%[-+]*}
	local special=$1/${2%.patch}-${version%.*}.patch
	if [ -e "$special" ]; then
		echo "$special"
	elif [ -e "$1/$2" ]; then
		echo "$1/$2"
	else
		return 1
	fi
}

# build_lines DIR: "MODULE WORD..." for each module of a scenario
build_lines() {
	if [ -e "$1/flags" ] && grep -q '^build:' "$1/flags"; then
		sed -n 's/^build:[[:space:]]*//p' "$1/flags"
	elif compgen -G "$1/fix*.patch" >/dev/null; then
		echo "kp_$(basename "$1" | tr - _) fix.patch"
	fi
}

# build_module DIR STAGE RELEASE MODULE WORD...
build_module() {
	local dir=$1 stage=$2 release=$3 module=$4 word file args=()
	shift 4
	for word; do
		case $word in
		*.patch)
			file=$(patch_file "$dir" "$word" "$release") || {
				echo "no $word for $release"
				return 1
			}
			args+=("$file") ;;
		*) args+=("$word") ;;
		esac
	done
	kpatch-build -a "$release" -n "$module" -o "$stage" "${args[@]}" || return 1
	[ -e "$stage/$module.ko" ] || {
		echo "kpatch-build was content, but wrote no $module.ko"
		return 1
	}
}

# wanted DIR RELEASE: the scenario is for this release; boot says "skipped" of the others
wanted() {
	local prefix only
	only=$([ ! -e "$1/flags" ] || sed -n 's/^release:[[:space:]]*//p' "$1/flags")
	[ -n "$only" ] || return 0
	for prefix in $only; do
		case $2 in "$prefix".*) return 0 ;; esac
	done
	return 1
}

# stage SCENARIO RELEASE STAGES: everything boot needs, in STAGES/NAME; the log beside it
stage() {
	local name=$1 release=$2 to=$3/$1 dir=$here/scenarios/$1 source words
	mkdir -p "$to"
	cp "$dir/run.sh" "$to/"
	for source in modules flags; do
		[ ! -e "$dir/$source" ] || cp "$dir/$source" "$to/"
	done
	wanted "$dir" "$release" || return 0
	{
		for source in "$dir"/*.c; do
			[ ! -e "$source" ] || gcc -O2 -Wall -static -o "$to/$(basename "$source" .c)" "$source" || return 1
		done
		while read -r -a words; do
			build_module "$dir" "$to" "$release" "${words[@]}" || return 1
		done < <(build_lines "$dir")
	} >"$to.log" 2>&1 </dev/null
}

# In parallel, the script calls itself for one scenario; a failed one leaves a .failed file.
if [ "${1:-}" = --stage ]; then
	shift
	trap - EXIT
	rm -rf "$tmp"
	# Not in a condition of a function: errexit is off there, and stage returns its own verdict.
	stage "$@" || touch "$3/$1.failed"
	exit 0
fi

releases=() names=() keep=no
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) releases+=("$2"); shift ;;
	--keep) keep=yes ;;
	-*) sed -n '5,14s/^# \?//p' "$0"; exit 2 ;;
	*) names+=("$1") ;;
	esac
	shift
done
[ ${#releases[@]} -gt 0 ] || read -r -a releases <<<"${KP_VM_KERNELS:-$(kernels | tr '\n' ' ')}"
[ ${#releases[@]} -gt 0 ] || skip "no kernel with headers is installed"
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(cd "$here/scenarios" && printf '%s\n' */ | tr -d /)

status=0
for release in "${releases[@]}"; do
	stages=$KP_BUILD/vm/stage/$release
	rm -rf "$stages"
	mkdir -p "$stages"
	printf '%s\n' "${names[@]}" | xargs -P "${JOBS:-2}" -I '{}' "$0" --stage '{}' "$release" "$stages"
	ready=()
	for name in "${names[@]}"; do
		if [ -e "$stages/$name.failed" ]; then
			status=1
			echo "@fail $release/$name build: $(tail -n 1 "$stages/$name.log")"
			sed 's/^/  | /' "$stages/$name.log"
		else
			ready+=("$stages/$name")
		fi
	done
	[ ${#ready[@]} -gt 0 ] || continue
	"$here/boot" --kernel "$release" --logs "$KP_BUILD/vm/$release" "${ready[@]}" >"$tmp/out" || status=1
	sed "s,^@\(pass\|fail\|skip\) ,&$release/," "$tmp/out"
	[ $keep = yes ] || rm -rf "$stages"
done
exit $status
