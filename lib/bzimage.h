/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmlinuz (bzImage): a boot header and a compressed vmlinux with the list of the
 * places that hold absolute addresses appended (Documentation/x86/boot.rst,
 * arch/x86/boot/compressed/misc.c, arch/x86/tools/relocs.c).
 */
#ifndef KP_BZIMAGE_H
#define KP_BZIMAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct kp_relocs - link-time addresses of the fields that the boot code relocates.
 *
 * Each array is sorted, of uint64_t; all are empty when the kernel is not relocatable.
 */
struct kp_relocs {
	GArray *abs64;	 /* 8-byte fields with an address */
	GArray *inverse; /* 4-byte fields: per-CPU address relative to the place (up to 6.14) */
	GArray *abs32;	 /* 4-byte sign-extended fields with an address */
};

struct kp_relocs *kp_relocs_new(void);
void kp_relocs_free(struct kp_relocs *relocs);
typedef struct kp_relocs kp_relocs;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kp_relocs, kp_relocs_free)

/** kp_relocs_parse() - decode the list as arch/x86/tools/relocs.c wrote it. @what: for messages */
struct kp_relocs *kp_relocs_parse(const uint8_t *data, uint64_t size, const char *what,
				  GError **err);

/** kp_bzimage_probe() - whether @bytes look like a bzImage. */
bool kp_bzimage_probe(GBytes *bytes);

/**
 * kp_bzimage_unpack() - decompress the payload.
 * @path: for messages
 * Return: the vmlinux ELF file with the relocation list behind it (from kp_elf.extent on).
 */
GBytes *kp_bzimage_unpack(GBytes *bytes, const char *path, GError **err);

/**
 * kp_bzimage_extract() - write the vmlinux ELF file in @path to @out_path, and the relocation list
 * to "@out_path.relocs". Both appear complete or not at all; the ELF file comes last.
 */
bool kp_bzimage_extract(const char *path, const char *out_path, GError **err);

#endif
