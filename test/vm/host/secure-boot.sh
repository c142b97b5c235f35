# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts of boot
# A guest that starts as Debian does on a machine with Secure Boot: firmware, shim, grub, kernel, each of which
# looks whether the next one is signed.

ovmf=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd
shim=/usr/lib/shim/shimx64.efi.signed
grub=/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed

check_secure_boot() {
	local file
	for file in "$ovmf" "$shim" "$grub" "$secure_boot"; do
		[ -r "$file" ] || die "$file is missing; install ovmf, shim-signed and grub-efi-amd64-signed"
	done
}

# boot_from_disk ARGS: sets boot_args; QEMU makes a file system of a folder. Only system management mode may write
# the firmware's variables.
boot_from_disk() {
	local disk=$work/disk
	rm -rf "$disk"
	mkdir -p "$disk/EFI/BOOT" "$disk/EFI/debian"
	cp "$shim" "$disk/EFI/BOOT/BOOTX64.EFI"
	cp "$grub" "$disk/EFI/BOOT/grubx64.efi"
	cp "$image" "$disk/vmlinuz"
	cp "$work/initramfs" "$disk/initrd"
	cat >"$disk/EFI/debian/grub.cfg" <<-END
		search --set=root --file /vmlinuz
		linux /vmlinuz $1
		initrd /initrd
		boot
	END
	cp "$secure_boot" "$work/variables"
	boot_args=(-machine "q35,smm=on" -global "driver=cfi.pflash01,property=secure,value=on"
		-drive "if=pflash,format=raw,readonly=on,file=$ovmf"
		-drive "if=pflash,format=raw,file=$work/variables"
		-drive "if=virtio,format=raw,file=fat:rw:$disk")
}
