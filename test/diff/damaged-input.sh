#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# Damaged objects, images and symbol tables never crash the tool (test/fuzz/create-diff-object.sh).
# Worth most in a sanitizer build, so there are fewer rounds in others.
set -eu
: "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${KP_BUILD:=$KP_TOP/build}"
export KP_TOP KP_BUILD
rounds=60
if grep -q __asan_init "$KP_BUILD/bin/create-diff-object"; then
	rounds=400
fi
exec "$KP_TOP/test/fuzz/create-diff-object.sh" $rounds 2022
