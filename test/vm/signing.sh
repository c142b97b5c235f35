#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1200
# Signatures where the kernel insists on them: patches and kpatch.ko that are signed with an enrolled key are loaded; what
# is not signed, damaged, or signed with another key is refused with words that say what to do. The key is in the
# firmware's db, from where Debian's kernels take keys for modules.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
need qemu-system-x86_64 busybox kpatch-build kpatch openssl python3
variables=/usr/share/OVMF/OVMF_VARS_4M.fd
[ -r "$variables" ] || skip "ovmf is not installed"

# new_key NAME: as the guide says
new_key() {
	sed -n '/^    openssl req/,/[^\\]$/p' "$KP_TOP/doc/signing.md" >"$tmp/make-key"
	[ -s "$tmp/make-key" ] || fail "doc/signing.md makes no key"
	(cd "$tmp" && sh -e make-key) >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "openssl makes no key"; }
	mv "$tmp/patch.key" "$tmp/$1.key"
	mv "$tmp/patch.pem" "$tmp/$1.pem"
	openssl x509 -in "$tmp/$1.pem" -outform DER -out "$tmp/$1.der"
}

# enrol CERTIFICATE.der TO: the firmware's variables with db, the list of certificates that it trusts. Formats: UEFI 2.10,
# 32.4.1 (EFI_SIGNATURE_LIST); EDK II, MdeModulePkg/Include/Guid/VariableFormat.h.
enrol() {
	python3 - "$variables" "$1" "$2" <<-'END'
		import struct, sys, uuid
		source, certificate, to = sys.argv[1:]
		store = bytearray(open(source, "rb").read())
		der = open(certificate, "rb").read()
		guid = lambda text: uuid.UUID(text).bytes_le
		owner = guid("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
		signatures = guid("a5c059a1-94e4-4aa7-87b5-ab155c2bf072") + struct.pack(
		    "<III", 28 + 16 + len(der), 0, 16 + len(der)) + owner + der
		name = "db\0".encode("utf-16-le")
		# Non-volatile, for boot and run time, time-based authentication
		variable = struct.pack("<HBBIQ16xIII", 0x55AA, 0x3F, 0, 0x27, 0, 0, len(name), len(signatures))
		variable += owner + name + signatures
		# The volume's header has its own length at 48; the store's has 28 bytes.
		(header,) = struct.unpack_from("<H", store, 48)
		assert store[header:header + 16] == guid("aaf32c78-947b-439a-a180-2e144ec37792"), "not a variable store"
		first = header + 28
		assert set(store[first:first + len(variable)]) == {0xFF}, "the store is not empty"
		store[first:first + len(variable)] = variable
		open(to, "wb").write(store)
	END
}

# sign FILE NAME TO: as administrators do it for modules of their own
sign() {
	"$(kernel_build "$release")/scripts/sign-file" sha256 "$tmp/$2.key" "$tmp/$2.pem" "$1" "$3"
}

# build_patch NAME OPTION...
build_patch() {
	local name=$1
	shift
	kpatch-build -q -a "$release" --core="$core" -n "$name" -o "$stage" "$@" "$KP_TOP/examples/meminfo-string.patch" \
		>"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "no patch for $release"; }
}

# stage_modules: what the guest tries
stage_modules() {
	cp "$here/signing/run.sh" "$stage/"
	build_patch trusted --sign-key "$tmp/enrolled.key" --sign-cert "$tmp/enrolled.pem"
	build_patch stranger --sign-key "$tmp/other.key" --sign-cert "$tmp/other.pem"
	build_patch unsigned
	# A letter of the text that the patch changes
	sed 's/VMALLOCCHUNK/VMALLOCCHONK/' "$stage/trusted.ko" >"$stage/damaged.ko"
	! cmp -s "$stage/trusted.ko" "$stage/damaged.ko" || fail "nothing was damaged"
	core_module=()
	[ "$core" = kpatch ] || return 0
	cp "$(core_folder "$release" normal)/kpatch.ko" "$stage/kpatch-unsigned.ko"
	sign "$stage/kpatch-unsigned.ko" enrolled "$tmp/kpatch.ko"
	core_module=(--core-module "$tmp/kpatch.ko")
}

new_key enrolled
new_key other
enrol "$tmp/enrolled.der" "$tmp/variables"
status=0
for release in $(core_releases); do
	for core in ${KP_CORES:-kpatch livepatch}; do
		# kpatch.ko is what differs; the kernel's checks do not.
		for how in module.sig_enforce=1 lockdown=integrity; do
			stage=$tmp/$release/$core/${how%%[.=]*}/signing
			mkdir -p "$stage"
			stage_modules
			echo "program: kpatch" >"$stage/flags"
			in_vm "$release/$core" "signing-${how%%[.=]*}" --core "$core" --firmware "$tmp/variables" \
				--append "$how" --timeout 300 ${core_module[@]+"${core_module[@]}"} "$stage" || status=1
		done
	done
done
exit $status
