#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The man pages pass mandoc's lint, and name every option that the programs' --help does.
set -eu
cd "$(dirname "$0")/../.."
command -v mandoc >/dev/null || exit 77
# A missing "Os" argument and references to pages of other packages are as intended.
mandoc -T lint -W warning man/*.[1-8]

status=0
check_options() {
	[ -x "${KP_BUILD:-build}/bin/$1" ] || return 0
	"${KP_BUILD:-build}/bin/$1" --help | grep -o -- '--[a-z][a-z-]*' | sort -u |
		while read -r option; do
			# mdoc writes --name as "Fl -name"
			grep -q -e "Fl -${option#--}" "$2" || echo "$2 does not explain $option"
		done | grep . && status=1
	return 0
}
check_options kpatch man/kpatch.8
check_options kpatch-build man/kpatch-build.1
check_options kpatch-post-link man/kpatch-post-link.8
exit $status
