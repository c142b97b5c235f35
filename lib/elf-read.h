/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading x86-64 ELF files without trusting them: everything is bounds-checked
 * once when the file is opened, so that users index freely afterwards.
 */
#ifndef KP_ELF_READ_H
#define KP_ELF_READ_H

#include <elf.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Section indices of symbols that are in no section; above any real index. */
#define KP_SHN_ABS     0xfffffff1U
#define KP_SHN_COMMON  0xfffffff2U
#define KP_SHN_SPECIAL 0xfffffff3U /* any other reserved index, e.g. SHN_LIVEPATCH */

/** struct kp_elf_section - one section header, with its contents. */
struct kp_elf_section {
	const char *name;
	uint32_t type, link, info;
	uint64_t flags, size, align, entsize;
	uint64_t offset;     /* in the file */
	uint64_t addr;	     /* sh_addr; after kp_elf_layout() the synthetic base address */
	const uint8_t *data; /* NULL for SHT_NOBITS and empty sections */
	uint32_t rela;	     /* index of the RELA section that applies to it, 0: none */
};

/** struct kp_elf_sym - one entry of .symtab. */
struct kp_elf_sym {
	const char *name; /* never NULL */
	uint64_t value, size;
	uint8_t bind, type; /* STB_*, STT_* */
	uint32_t shndx;	    /* real index (SHN_XINDEX resolved), SHN_UNDEF or KP_SHN_* */
};

/** struct kp_elf_rela - one relocation; @sym is a valid index into the symbols. */
struct kp_elf_rela {
	uint64_t offset;
	int64_t addend;
	uint32_t type;
	uint32_t sym;
};

/** struct kp_elf - an open file; all strings and data live as long as it does. */
struct kp_elf {
	char *path;
	GBytes *bytes;
	const uint8_t *data;
	uint64_t size;
	uint16_t type; /* ET_* */
	struct kp_elf_section *sections;
	uint32_t nsections;
	struct kp_elf_sym *syms;
	uint32_t nsyms;	 /* 0: no .symtab */
	uint64_t extent; /* end of the last thing that the headers describe */
};

/**
 * kp_elf_open() - open the ELF file @path; kp_elf_from_bytes() - the same from memory.
 * @path: kept for messages
 *
 * Anything but a well-formed 64-bit x86-64 file is an error.
 */
struct kp_elf *kp_elf_open(const char *path, GError **err);
struct kp_elf *kp_elf_from_bytes(GBytes *bytes, const char *path, GError **err);
void kp_elf_free(struct kp_elf *elf);
typedef struct kp_elf kp_elf;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kp_elf, kp_elf_free)

/** kp_elf_find_section() - index of the first section called @name, 0 if there is none. */
uint32_t kp_elf_find_section(const struct kp_elf *elf, const char *name);

/**
 * kp_elf_relas() - the relocations of section @shndx, sorted by offset.
 * Return: GArray of struct kp_elf_rela (empty if there are none), NULL with an error.
 */
GArray *kp_elf_relas(const struct kp_elf *elf, uint32_t shndx, GError **err);

/**
 * kp_elf_layout() - give each SHF_ALLOC section of a relocatable file a base address of its own.
 *
 * Depends on the section headers only, so that two readers of one file agree. Gaps keep addresses
 * just outside a section from being taken for another section's.
 */
void kp_elf_layout(struct kp_elf *elf);

/** kp_map_file() - the contents of @path. */
GBytes *kp_map_file(const char *path, GError **err);

#endif
