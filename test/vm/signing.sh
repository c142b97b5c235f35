#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1200
# Signatures where the kernel insists on them: patches and kpatch.ko that are signed with an enrolled key are loaded; what
# is not signed, damaged, or signed with another key is refused with words that say what to do. Debian's shim, grub and
# kernel boot with Secure Boot, and the key is in the machine owner's list.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=core-lib.sh
. "$here/core-lib.sh"
# shellcheck source=../key.sh
. "$here/../key.sh"
need qemu-system-x86_64 busybox kpatch-build kpatch openssl python3
variables=/usr/share/OVMF/OVMF_VARS_4M.ms.fd
for file in "$variables" /usr/lib/shim/shimx64.efi.signed /usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed; do
	[ -r "$file" ] || skip "there is no $file; run contrib/install-deps test"
done

# enrol CERTIFICATE.der TO: the firmware's variables with MokList, as MokManager leaves it after mokutil --import.
# Formats: UEFI 2.10, 32.4.1 (EFI_SIGNATURE_LIST); EDK II, MdeModulePkg/Include/Guid/VariableFormat.h.
enrol() {
	python3 - "$variables" "$1" "$2" <<-'END'
		import struct, sys, uuid
		source, certificate, to = sys.argv[1:]
		store = bytearray(open(source, "rb").read())
		der = open(certificate, "rb").read()
		guid = lambda text: uuid.UUID(text).bytes_le
		shim = guid("605dab50-e046-4300-abb6-3dd810dd8b23")
		signatures = guid("a5c059a1-94e4-4aa7-87b5-ab155c2bf072") + struct.pack(
		    "<III", 28 + 16 + len(der), 0, 16 + len(der)) + shim + der
		name = "MokList\0".encode("utf-16-le")
		# Non-volatile, and only for what runs before the kernel
		variable = struct.pack("<HBBIQ16xIII", 0x55AA, 0x3F, 0, 3, 0, 0, len(name), len(signatures))
		variable += shim + name + signatures
		# The volume's header has its own length at 48; the store's has 28 bytes, a variable's 60.
		(at,) = struct.unpack_from("<H", store, 48)
		assert store[at:at + 16] == guid("aaf32c78-947b-439a-a180-2e144ec37792"), "not a variable store"
		at += 28
		while struct.unpack_from("<H", store, at) == (0x55AA,):
		    at += (60 + sum(struct.unpack_from("<II", store, at + 36)) + 3) & ~3
		assert set(store[at:at + len(variable)]) == {0xFF}, "the store is full"
		store[at:at + len(variable)] = variable
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

# boots WHERE HOW OPTION...
boots() {
	echo "$2" >"$stage/how"
	in_vm "$1/$2" signing --timeout 300 "${@:3}" "$stage" || status=1
}

new_key "$tmp/enrolled.key" "$tmp/enrolled.pem"
new_key "$tmp/other.key" "$tmp/other.pem"
openssl x509 -in "$tmp/enrolled.pem" -outform DER -out "$tmp/enrolled.der"
enrol "$tmp/enrolled.der" "$tmp/variables"
status=0
for release in $(core_releases); do
	for core in ${KP_CORES:-kpatch livepatch}; do
		stage=$tmp/$release/$core/signing
		mkdir -p "$stage"
		stage_modules
		echo "program: kpatch" >"$stage/flags"
		boots "$release/$core" secure --core "$core" --secure-boot "$tmp/variables" \
			${core_module[@]+"${core_module[@]}"}
		# Without Secure Boot no key is enrolled: what can be seen is how it is refused.
		[ "$core" = livepatch ] || continue
		boots "$release/$core" enforce --append module.sig_enforce=1
		boots "$release/$core" lockdown --append lockdown=integrity
	done
done
exit $status
