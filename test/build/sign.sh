#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Signing: a signature that modinfo shows, and clear words when something is missing.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"
. "$KP_TOP/test/build/lib/link.sh"
need openssl modinfo
kernel=$(kernels | head -n 1)
[ -n "$kernel" ] || skip "no kernel with headers is installed"
build_link_module

cat >"$tmp/f.c" <<'END'
#include <linux/printk.h>
void f(void);
void f(void) { pr_info("x\n"); }
asm(".pushsection .kpatch.strings,\"a\"\n1: .asciz \"g\"\n2: .asciz \"vmlinux\"\n"
    ".section .kpatch.funcs,\"aw\"\n.quad f, 1, 0, 1, 0, 1b, 2b\n.popsection\n");
END
compile_kernel "$tmp/f.c" "$tmp/f.o"
openssl req -new -x509 -newkey rsa:2048 -nodes -keyout "$tmp/key.pem" -out "$tmp/cert.pem" \
	-subj "/CN=kpatch test/" -days 2 2>"$tmp/openssl.log" || fail "openssl: $(cat "$tmp/openssl.log")"
mkdir "$tmp/w"

link_module "$tmp/w" livepatch-f "$tmp/plain.ko" "$tmp/f.o"
KEY=$tmp/key.pem CERT=$tmp/cert.pem link_module "$tmp/w" livepatch-f "$tmp/f.ko" "$tmp/f.o"
modinfo "$tmp/f.ko" >"$tmp/info"
expect "signer:         kpatch test" "$tmp/info"
hash=$(sed -n 's/^CONFIG_MODULE_SIG_HASH="\(.*\)"/\1/p' "/boot/config-$kernel")
expect "sig_hashalgo:   $hash" "$tmp/info"
# The signature is appended, the module is the same.
cmp -n "$(stat -c %s "$tmp/plain.ko")" "$tmp/plain.ko" "$tmp/f.ko"

status 64 env KEY="$tmp/key.pem" "$tmp/link-module" "$kernel" "$tmp/w" n "$tmp/n.ko" "$tmp/f.o" 2>"$tmp/err"
expect "give both --sign-key and --sign-cert" "$tmp/err"
status 1 env KEY="$tmp/nokey.pem" CERT="$tmp/cert.pem" \
	"$tmp/link-module" "$kernel" "$tmp/w" n "$tmp/n.ko" "$tmp/f.o" 2>"$tmp/err"
expect "cannot read the signing key $tmp/nokey.pem" "$tmp/err"
status 1 env KEY="$tmp/cert.pem" CERT="$tmp/cert.pem" \
	"$tmp/link-module" "$kernel" "$tmp/w" n "$tmp/n.ko" "$tmp/f.o" 2>"$tmp/err"
expect "sign-file" "$tmp/err"
[ ! -e "$tmp/n.ko" ] || fail "an unsigned module was left"
