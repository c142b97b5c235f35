# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # the variables are for the tests
# For test scripts: `. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"`.
# Works with and without run-tests.

set -eu -o pipefail
: "${KP_TOP:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
: "${KP_BUILD:=$KP_TOP/build}"
: "${KP_CACHE:=$KP_BUILD/cache}"
export KP_TOP KP_BUILD KP_CACHE
export KPATCH_CACHE=${KPATCH_CACHE:-$KP_CACHE}
PATH=$KP_BUILD/bin:$PATH

# $tmp: a directory of the test's own, gone afterwards
tmp=$(mktemp -d "${TMPDIR:-/tmp}/kpatch-test.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# fail WHY: ends the test
fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# skip WHY: the test cannot run here; counts as skipped
skip() {
	echo "$*"
	exit 77
}

# need PROGRAM...: skip unless all are there
need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

# expect TEXT FILE: the file contains the fixed string
expect() {
	grep -Fq -e "$1" "$2" || {
		sed 's/^/  | /' "$2" >&2
		fail "'$1' expected in $(basename "$2")"
	}
}

# refute TEXT FILE: the file does not contain the fixed string
refute() {
	if grep -F -e "$1" "$2" >&2; then
		fail "'$1' not expected in $(basename "$2")"
	fi
}

# status N COMMAND...: the command ends with status N
status() {
	local want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" -eq "$want" ] || fail "'$*' ended with status $got, expected $want"
}

# step COMMAND...: with its time
step() {
	local began=$SECONDS status
	"$@"
	status=$?
	echo "$*: $((SECONDS - began)) s"
	return $status
}

# unheld FOLDER: a work folder that no living build holds, and that none was told to keep
unheld() {
	[ -d "$1" ] && [ ! -e "$1/.keep" ] && { [ ! -e "$1/.owner" ] || (flock -n 9) 9<"$1/.owner"; } 2>/dev/null
}

# left_in_cache RELEASE: work folders that builds left behind. One that is being made or removed is unheld for a moment.
left_in_cache() {
	local folder
	for folder in "$KPATCH_CACHE/$1"-*/work/tmp.*; do
		for _ in {1..10}; do
			unheld "$folder" || continue 2
			sleep 0.5
		done
		echo "$folder"
	done
}

# kernels: all releases that have image, headers and modules here, oldest first. KP_KERNEL_ROOT: a
# directory that has boot/ and lib/modules/ instead of /
kernels() {
	local root=${KP_KERNEL_ROOT:-} image release
	for image in "$root"/boot/vmlinuz-*; do
		release=${image#"$root"/boot/vmlinuz-}
		[ ! -e "$root/lib/modules/$release/build" ] || echo "$release"
	done | sort -V
}
