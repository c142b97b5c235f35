#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# C files are formatted as .clang-format says.
set -eu
cd "$(dirname "$0")/../.."
command -v clang-format >/dev/null || exit 77
bad=$(find lib kpatch kpatch-build create-diff-object -name '*.[ch]' -print0 |
	xargs -0 clang-format --dry-run 2>&1 | sed -n 's/^\([^:]*\):.*clang-format-violations.*/\1/p' | sort | uniq -c)
[ -z "$bad" ] && exit 0
echo "run clang-format -i on these (with the number of places):"
echo "$bad"
exit 1
