# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # tmp is test/lib.sh's
# For tests that sign, after test/lib.sh.

# new_key KEY CERTIFICATE: files with a new pair, made as the guide says
new_key() {
	sed -n '/^    openssl req/,/[^\\]$/p' "$KP_TOP/doc/signing.md" >"$tmp/make-key"
	[ -s "$tmp/make-key" ] || fail "doc/signing.md makes no key"
	(cd "$tmp" && sh -e make-key) >"$tmp/openssl.log" 2>&1 || { cat "$tmp/openssl.log"; fail "openssl makes no key"; }
	mv "$tmp/patch.key" "$1"
	mv "$tmp/patch.pem" "$2"
}
