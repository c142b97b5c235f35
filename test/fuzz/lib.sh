# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # mutate is for the tests, tmp is test/lib.sh's
# For the tests here, after test/lib.sh or test/diff/lib.sh: the findings that mutate leaves in $tmp are kept in the
# build directory, in fuzz-findings.

mutate=$KP_TOP/test/fuzz/mutate

keep_findings() {
	local finding
	for finding in "$tmp"/finding-*; do
		[ -e "$finding" ] || continue
		mkdir -p "$KP_BUILD/fuzz-findings"
		cp "$finding" "$KP_BUILD/fuzz-findings/"
	done
	rm -rf "$tmp"
}
trap keep_findings EXIT
