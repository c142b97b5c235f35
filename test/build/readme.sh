#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1200
# README.md followed word for word, from a checkout to a patched kernel in a VM; and what the picture in it shows
# is what a terminal shows now.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
need qemu-system-x86_64 busybox

# lines SVG: the text of the picture. Kernel, compiler and size are those of the day it was made.
lines() {
	sed -n 's/^<text [^>]*>\(.*\)<\/text>$/\1/p' "$1" |
		sed -e 's/^\(Target:\) .*/\1/' -e 's/ ([0-9]* KiB)//'
}

"$KP_TOP/contrib/record-session" "$tmp/session.svg"
lines "$tmp/session.svg" >"$tmp/now"
lines "$KP_TOP/doc/session.svg" >"$tmp/then"
[ "$(wc -l <"$tmp/now")" -gt 10 ] || fail "the picture is nearly empty"
expect "VMALLOCCHUNK:" "$tmp/now"
diff -u "$tmp/then" "$tmp/now" || fail "doc/session.svg is not what is seen; run contrib/record-session"
