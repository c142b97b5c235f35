#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# The matrix of patches and kernels, with the commands of doc/fleet.md word for word: make -j, and a job array
# as Slurm runs it.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
need kpatch-build jq make
mapfile -t releases < <(kernels | tail -n 2)
[ ${#releases[@]} -gt 0 ] || skip "no kernel with headers is installed"
cd "$KP_TOP"
export OUT=$tmp/out
unset MAKEFLAGS MFLAGS

# said PATTERN: the one command in the guide that matches
said() {
	local found
	found=$(sed -n 's/^    \$ //p' doc/fleet.md | grep -e "$1" | sort -u)
	[ "$(grep -c . <<<"$found")" -eq 1 ] || fail "doc/fleet.md has not one command '$1': $found"
	echo "$found"
}
eval "$(said '^export PATCHES=')"
said '^export KERNELS=' >/dev/null
export KERNELS="${releases[*]}"

# table: twice the number of kernels
check_table() {
	eval "$(said 'Makefile table$')" >"$tmp/table"
	expect "$((2 * ${#releases[@]})) of $((2 * ${#releases[@]})) tried" "$tmp/table"
	for release in "${releases[@]}"; do
		expect "$OUT/$release/livepatch-meminfo-string: built" "$tmp/table"
		expect "$OUT/$release/livepatch-data: failed: changed data: " "$tmp/table"
		[ -s "$OUT/$release/livepatch-meminfo-string.ko" ] || fail "no module for $release"
		[ ! -e "$OUT/$release/livepatch-data.ko" ] || fail "a module of a patch that is refused"
		expect "changed data" "$OUT/$release/livepatch-data.log"
	done
}

eval "$(said '^make .*Makefile -k -j')" >"$tmp/log" 2>&1 && fail "a refused patch, and make says nothing"
check_table
sha256sum "$OUT"/*/*.ko >"$tmp/sums"

# Again: only what is not there yet
(eval "$(said '^make .*Makefile -k -j')") >"$tmp/log" 2>&1 && fail "a refused patch, and make says nothing"
expect livepatch-data "$tmp/log"
refute "-n livepatch-meminfo-string" "$tmp/log"
make -n -f examples/fleet/Makefile BUILD_FLAGS=--core=livepatch OUT="$tmp/other" >"$tmp/log"
[ "$(grep -c -- '--core=livepatch' "$tmp/log")" -eq $((2 * ${#releases[@]})) ] || fail "BUILD_FLAGS are not used"
status 2 make -f examples/fleet/Makefile cell-99 >"$tmp/log" 2>&1
rm -r "$OUT"

# A node of the cluster, one task after the other
sbatch() {
	local task range script=${*: -1} failed=0
	[ "$1" = --wait ] || fail "the guide does not wait"
	range=${2#--array=}
	for ((task = ${range%-*}; task <= ${range#*-}; task++)); do
		# Slurm runs a copy of the script, in the folder where it was submitted.
		cp "$script" "$tmp/slurm_script"
		SLURM_ARRAY_TASK_ID=$task SLURM_CPUS_PER_TASK=2 "$tmp/slurm_script" >"$tmp/fleet-$task.out" 2>&1 || failed=1
	done
	return $failed
}
(eval "$(said '^sbatch ')") && fail "a refused patch, and the job array says nothing"
expect "-j 2" "$tmp/fleet-1.out"
check_table
sha256sum -c --quiet "$tmp/sums" || fail "the job array built other modules"
