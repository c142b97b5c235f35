#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 3600
# Build the patches of all scenarios with kpatch-build, for both cores, and run the scenarios in one
# VM a kernel and core. While a VM runs, the patches for the next one are built.
#   scenarios.sh [--kernel REL]... [--core CORE]... [--keep] [SCENARIO...]
# A scenario's directory holds what test/vm/boot wants (run.sh, modules, flags) and
#   *.patch   what kpatch-build gets. NAME.patch may be there as NAME-6.1.patch, NAME-6.12.patch
#   *.c       programs for the script, compiled statically
#   flags     may have lines "build: MODULE [OPTIONS] PATCH..."; without any, fix.patch becomes
#             the module kp_SCENARIO; "core: CORE" and "release: PREFIX" where it is not for all
# Results are lines "@pass REL/CORE/NAME", "@fail REL/CORE/NAME why".

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

# build_module DIR STAGE RELEASE CORE MODULE WORD...
build_module() {
	local dir=$1 stage=$2 release=$3 core=$4 module=$5 word file args=()
	shift 5
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
	# A scenario's own --core comes last and wins.
	kpatch-build -a "$release" --core="$core" -n "$module" -o "$stage" "${args[@]}" || return 1
	[ -e "$stage/$module.ko" ] || {
		echo "kpatch-build was content, but wrote no $module.ko"
		return 1
	}
}

# flag DIR NAME: the value of "NAME: value" in the scenario's flags
flag() {
	[ ! -e "$1/flags" ] || sed -n "s/^$2:[[:space:]]*//p" "$1/flags"
}

# names_for CORE: the scenarios that are for this core
names_for() {
	local name only
	for name in "${names[@]}"; do
		only=$(flag "$here/scenarios/$name" core)
		[[ " ${only:-$1} " != *" $1 "* ]] || echo "$name"
	done
}

# wanted DIR RELEASE: the scenario is for this release; boot says "skipped" of the others
wanted() {
	local prefix only
	only=$(flag "$1" release)
	[ -n "$only" ] || return 0
	for prefix in $only; do
		case $2 in "$prefix".*) return 0 ;; esac
	done
	return 1
}

# stage SCENARIO RELEASE CORE STAGES: everything boot needs, in STAGES/NAME; the log beside it
stage() {
	local name=$1 release=$2 core=$3 to=$4/$1 dir=$here/scenarios/$1 source words
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
			build_module "$dir" "$to" "$release" "$core" "${words[@]}" || return 1
		done < <(build_lines "$dir")
	} >"$to.log" 2>&1 </dev/null
}

# In parallel, the script calls itself for one scenario; a failed one leaves a .failed file.
if [ "${1:-}" = --stage ]; then
	shift
	trap - EXIT
	rm -rf "$tmp"
	# Not in a condition of a function: errexit is off there, and stage returns its own verdict.
	stage "$@" || touch "$4/$1.failed"
	exit 0
fi

releases=() cores=() names=() keep=no
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) releases+=("$2"); shift ;;
	--core) cores+=("$2"); shift ;;
	--keep) keep=yes ;;
	-*) sed -n '4,16s/^# \?//p' "$0"; exit 2 ;;
	*) names+=("$1") ;;
	esac
	shift
done
[ ${#releases[@]} -gt 0 ] || read -r -a releases <<<"${KP_VM_KERNELS:-$(kernels | tr '\n' ' ')}"
[ ${#releases[@]} -gt 0 ] || skip "no kernel with headers is installed"
[ ${#cores[@]} -gt 0 ] || cores=(kpatch livepatch)
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(cd "$here/scenarios" && printf '%s\n' */ | tr -d /)

# stage_all RELEASE CORE STAGES: all scenarios for it, as many at a time as there are CPUs without a VM of ours
stage_all() {
	local name spare
	spare=$((${JOBS:-2} - $(jobs -pr | wc -l)))
	[ $spare -gt 0 ] || spare=1
	rm -rf "$3"
	mkdir -p "$3"
	for name in $(names_for "$2"); do
		echo "$name $*"
	done | xargs -r -P "$spare" -L 1 "$0" --stage
}

# run_all RELEASE CORE STAGES: boot with what could be staged; lines with results
run_all() {
	local where=$1/$2 out=$tmp/$1-$2 result=0 ready=() name
	for name in $(names_for "$2"); do
		if [ -e "$3/$name.failed" ]; then
			result=1
			echo "@fail $where/$name build: $(tail -n 1 "$3/$name.log")"
			sed 's/^/  | /' "$3/$name.log"
		else
			ready+=("$3/$name")
		fi
	done
	if [ ${#ready[@]} -gt 0 ]; then
		"$here/boot" --kernel "$1" --core "$2" --logs "$KP_BUILD/vm/$where" "${ready[@]}" >"$out" || result=1
		sed "s,^@\(pass\|fail\|skip\) ,&$where/," "$out"
	fi
	[ $keep = yes ] || rm -rf "$3"
	return $result
}

for core in "${cores[@]}"; do
	names_for "$core"
done | grep . >/dev/null || fail "none of these is for core ${cores[*]}: ${names[*]}"
# An early end waits for the VMs.
trap 'wait; rm -rf "$tmp"' EXIT
status=0 runs=()
for release in "${releases[@]}"; do
	for core in "${cores[@]}"; do
		stages=$KP_BUILD/vm/stage/$release/$core
		stage_all "$release" "$core" "$stages"
		run_all "$release" "$core" "$stages" &
		runs+=($!)
	done
done
for run in "${runs[@]}"; do
	wait "$run" || status=1
done
exit $status
