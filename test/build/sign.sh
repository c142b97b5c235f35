#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Signing: a signature that modinfo shows and openssl finds right, and clear words when something is missing.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"
. "$KP_TOP/test/build/lib/link.sh"
. "$KP_TOP/test/key.sh"
need openssl modinfo python3
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
new_key "$tmp/key.pem" "$tmp/cert.pem"
mkdir "$tmp/w"

link_module "$tmp/w" livepatch-f "$tmp/plain.ko" "$tmp/f.o"
KEY=$tmp/key.pem CERT=$tmp/cert.pem link_module "$tmp/w" livepatch-f "$tmp/f.ko" "$tmp/f.o"
modinfo "$tmp/f.ko" >"$tmp/info"
expect "signer:         Example live patches" "$tmp/info"
hash=$(sed -n 's/^CONFIG_MODULE_SIG_HASH="\(.*\)"/\1/p' "/boot/config-$kernel")
expect "sig_hashalgo:   $hash" "$tmp/info"
# The signature is appended, the module is the same.
cmp -n "$(stat -c %s "$tmp/plain.ko")" "$tmp/plain.ko" "$tmp/f.ko"

# signature MODULE TO: what is between the module and the 12 + 28 bytes that end it (linux/module_signature.h)
signature() {
	python3 - "$1" "$2" <<-'END'
		import struct, sys
		data = open(sys.argv[1], "rb").read()
		assert data.endswith(b"~Module signature appended~\n")
		(size,) = struct.unpack(">I", data[-32:-28])
		open(sys.argv[2], "wb").write(data[-40 - size:-40])
	END
}
verify() {
	openssl cms -verify -inform DER -in "$tmp/f.p7s" -binary -content "$1" -certfile "$2" -noverify \
		-nointern -out /dev/null 2>"$tmp/openssl.log"
}
signature "$tmp/f.ko" "$tmp/f.p7s"
verify "$tmp/plain.ko" "$tmp/cert.pem" || { cat "$tmp/openssl.log"; fail "openssl finds the signature wrong"; }
status 4 verify /bin/true "$tmp/cert.pem"

# An encrypted key
openssl rsa -aes256 -passout pass:secret -in "$tmp/key.pem" -out "$tmp/locked.pem" 2>"$tmp/openssl.log"
status 1 env -u KBUILD_SIGN_PIN KEY="$tmp/locked.pem" CERT="$tmp/cert.pem" \
	"$tmp/link-module" "$kernel" "$tmp/w" n "$tmp/n.ko" "$tmp/f.o" 2>"$tmp/err"
expect "is encrypted; put its pass phrase into the environment as KBUILD_SIGN_PIN" "$tmp/err"
KBUILD_SIGN_PIN=secret KEY=$tmp/locked.pem CERT=$tmp/cert.pem link_module "$tmp/w" livepatch-f "$tmp/l.ko" "$tmp/f.o"
cmp "$tmp/f.ko" "$tmp/l.ko"
KBUILD_SIGN_PIN=wrong status 1 env KEY="$tmp/locked.pem" CERT="$tmp/cert.pem" \
	"$tmp/link-module" "$kernel" "$tmp/w" n "$tmp/n.ko" "$tmp/f.o" 2>"$tmp/err"
expect "sign-file" "$tmp/err"

status 64 env KEY="$tmp/key.pem" "$tmp/link-module" "$kernel" "$tmp/w" n "$tmp/n.ko" "$tmp/f.o" 2>"$tmp/err"
expect "give both --sign-key and --sign-cert" "$tmp/err"
status 1 env KEY="$tmp/nokey.pem" CERT="$tmp/cert.pem" \
	"$tmp/link-module" "$kernel" "$tmp/w" n "$tmp/n.ko" "$tmp/f.o" 2>"$tmp/err"
expect "cannot read the signing key $tmp/nokey.pem" "$tmp/err"
status 1 env KEY="$tmp/cert.pem" CERT="$tmp/cert.pem" \
	"$tmp/link-module" "$kernel" "$tmp/w" n "$tmp/n.ko" "$tmp/f.o" 2>"$tmp/err"
expect "sign-file" "$tmp/err"
[ ! -e "$tmp/n.ko" ] || fail "an unsigned module was left"
