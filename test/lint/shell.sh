#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Every shell script of the checkout passes shellcheck.
set -eu
cd "$(dirname "$0")/../.."
command -v shellcheck >/dev/null || exit 77
# Scripts are known by their first line; those in build/ are not ours.
scripts=$(find . -path ./.git -prune -o -path ./build -prune -o -type f -print0 |
	xargs -0 awk 'FNR == 1 && /^#! *\/bin\/(ba)?sh|^#! *\/usr\/bin\/env (ba)?sh/ { print FILENAME } FNR > 1 { nextfile }')
# Files that are sourced are checked on their own; SC1091, SC2154: nor can shellcheck follow
# the path of test/lib.sh, which sets $tmp.
# shellcheck disable=SC2086
shellcheck -x -S warning -e SC1090,SC1091,SC2154 $scripts
