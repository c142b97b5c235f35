/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bytes of a patch target and what they refer to.
 *
 * Two kinds of image behind one interface. vmlinux is linked: addresses are
 * link-time addresses (what System.map shows), references are computed from the
 * relocated fields. A module's .ko is not: each SHF_ALLOC section gets a synthetic
 * base address (kp_elf_layout()), so that (section, offset) is one 64-bit number;
 * references come from its RELA entries.
 */
#ifndef KP_IMAGE_H
#define KP_IMAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "symtab.h"

struct kp_image;

/** struct kp_ref - what a relocated field refers to: S + A. */
struct kp_ref {
	bool defined;	   /* @addr is valid, else @undef and @addend are */
	uint64_t addr;	   /* target address, addend included (PC-relative bias not removed) */
	const char *undef; /* .ko: name of the undefined symbol; owned by the image */
	int64_t addend;	   /* with @undef */
};

/** struct kp_image_section - an SHF_ALLOC section as placed in the image. */
struct kp_image_section {
	const char *name;
	uint64_t addr, size;
	uint64_t flags;	     /* SHF_* */
	const uint8_t *data; /* NULL: no bytes (NOBITS) */
	bool percpu;	     /* addresses are offsets into the per-CPU area */
};

/**
 * kp_image_open() - open a vmlinuz, a vmlinux ELF (with or without .symtab) or a .ko.
 * @symtab_path: where the symbols come from when not from @path itself (System.map, readelf text);
 *	NULL for @path
 *
 * For a vmlinux ELF, "@path.relocs" (written by kp_bzimage_extract()) is read when it exists.
 */
struct kp_image *kp_image_open(const char *path, const char *symtab_path, GError **err);
void kp_image_free(struct kp_image *img);
typedef struct kp_image kp_image;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kp_image, kp_image_free)

bool kp_image_is_module(const struct kp_image *img);

/** kp_image_path() - as given to kp_image_open(), for messages. */
const char *kp_image_path(const struct kp_image *img);

/** kp_image_symtab() - the image's symbols; owned by the image. */
const struct kp_symtab *kp_image_symtab(const struct kp_image *img);

/** kp_image_bytes() - @len bytes at @addr; NULL when not all inside one section with contents. */
const uint8_t *kp_image_bytes(const struct kp_image *img, uint64_t addr, uint64_t len);

/** kp_image_section_at() - the section that @addr is in (its end included, as the last resort). */
const struct kp_image_section *kp_image_section_at(const struct kp_image *img, uint64_t addr);

/** kp_image_section() - the section of this name, the first one; NULL if there is none. */
const struct kp_image_section *kp_image_section(const struct kp_image *img, const char *name);

/**
 * kp_image_ref() - what the field of relocation type @r_type at @addr refers to.
 *
 * vmlinux: the field's value, plus @addr for PC-relative types: S + A by definition. .ko: from the
 * RELA entry at @addr, which must exist. False when there is no answer (outside, no relocation,
 * unknown type); that is no error.
 */
bool kp_image_ref(const struct kp_image *img, uint64_t addr, uint32_t r_type, struct kp_ref *ref);

/** kp_image_reloc_type() - .ko: type of the RELA entry at @addr, R_X86_64_NONE if there is none. */
uint32_t kp_image_reloc_type(const struct kp_image *img, uint64_t addr);

/** kp_image_has_relocs() - whether the image's list of absolute relocation sites is known. */
bool kp_image_has_relocs(const struct kp_image *img);

/**
 * kp_image_is_reloc_site() - whether the (4 or 8 byte) field at @addr holds an address that is
 * relocated at boot (vmlinux.relocs) or load (.ko).
 */
bool kp_image_is_reloc_site(const struct kp_image *img, uint64_t addr);

/** kp_image_addr_is_taken() - whether an absolute relocated field of the image holds exactly @addr.
 */
bool kp_image_addr_is_taken(const struct kp_image *img, uint64_t addr);

/**
 * kp_image_ro_after_init() - whether @addr becomes read-only after init: vmlinux in
 * [__start_ro_after_init, __end_ro_after_init), module in .data..ro_after_init.
 */
bool kp_image_ro_after_init(const struct kp_image *img, uint64_t addr);

/** kp_image_is_init() - whether @addr is in memory that is freed after init. */
bool kp_image_is_init(const struct kp_image *img, uint64_t addr);

/** kp_image_build_id() - the GNU build-id, lower-case hex; NULL if it has none. Owned by the image.
 */
const char *kp_image_build_id(const struct kp_image *img);

#endif
