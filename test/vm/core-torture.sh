#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 2400
# Consistency under load: two functions that one system call uses are always of one version, whatever
# happens meanwhile; see core-torture/torture.c.
#   core-torture.sh [--core CORE] [--long] [--arguments "..."] [--only NAME]
# Runs on each kernel: "torture"; "preempt", the same where the kernel can be preempted anywhere;
# "leaf", a thread that never leaves old code; "delay-before" and "delay-after", with the chooser slowed
# down before and after its decision.
# --long: ten times as much. --core livepatch runs the same against the kernel's own core, without
# the kernel thread that never sleeps, for comparison.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox gcc

core=kpatch times=1 only='' arguments=''
while [ $# -gt 0 ]; do
	case $1 in
	--core) core=$2; shift ;;
	--long) times=10 ;;
	--arguments) arguments=$2; shift ;;
	--only) only=$2; shift ;;
	*) sed -n '4,11s/^# \?//p' "$0"; exit 2 ;;
	esac
	shift
done

# scenario NAME DELAYS ARGUMENTS...: stage one run
scenario() {
	local dir=$stage/$1
	[ -z "$only" ] || [ "$only" = "$1" ] || return 0
	mkdir -p "$dir"
	cp "$here/core-torture/run.sh" "$stage"/files/* "$dir/"
	printf '%b' "$2" >"$dir/delays"
	shift 2
	echo "${arguments:-$*}" >"$dir/arguments"
	echo "timeout: $((limit + 90))" >"$dir/flags"
	[ "${dir##*/}" != preempt ] || echo "append: preempt=full" >>"$dir/flags"
	ready+=("$dir")
}

status=0
read -r -a releases <<<"$(core_releases)"
for release in "${releases[@]}"; do
	stage=$tmp/$release
	mkdir -p "$stage/files"
	folder=''
	boot=(--core "$core")
	if [ "$core" = kpatch ]; then
		folder=$(core_folder "$release" test) || fail "kpatch.ko cannot be built for $release"
		boot+=(--core-module "$folder/kpatch.ko")
	fi
	build_modules "$release" "$core" "$here/core-torture/modules" "$stage/files" "$folder"
	build_program "$here/core-torture/torture.c" "$stage/files"
	ready=()
	if [ "$scale" -gt 1 ]; then
		# A slow one is there for what it complains about, not to win races.
		limit=$((200 * times))
		scenario torture '' --calls $((100000 * times)) --transitions $((40 * times)) \
			--seconds $((limit * scale)) --seed "${KP_SEED:-$RANDOM}"
		limit=60
		scenario leaf '' --leaf
	elif [ "$core" = kpatch ]; then
		limit=$((400 * times))
		seed=${KP_SEED:-$RANDOM}
		scenario torture '' --calls $((2000000 * times)) --transitions $((300 * times)) \
			--seconds $limit --seed "$seed"
		limit=$((200 * times))
		scenario preempt '' --calls $((400000 * times)) --transitions $((60 * times)) \
			--seconds $limit --seed "$seed"
		limit=60
		scenario leaf '' --leaf
		limit=$((150 * times))
		scenario delay-before 'before 2000\n' --calls $((50000 * times)) --transitions $((40 * times)) \
			--seconds $limit --seed "$seed"
		scenario delay-after 'after 2000\n' --calls $((50000 * times)) --transitions $((40 * times)) \
			--seconds $limit --seed "$seed"
	else
		limit=$((400 * times))
		scenario torture '' --calls $((200000 * times)) --transitions $((20 * times)) \
			--seconds $limit --no-busy
	fi
	in_vm "$release/$core" torture "${boot[@]}" "${ready[@]}" || status=1
done
exit $status
