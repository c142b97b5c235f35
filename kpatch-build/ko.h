/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A relocatable x86-64 ELF file that can be changed: sections, symbols and
 * relocations as objects that point at each other, so that nothing needs an index until the file is
 * written. Used for what comes after create-diff-object, where whole sections come and go.
 */
#ifndef KP_KO_H
#define KP_KO_H

#include <gelf.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Linux: include/uapi/linux/elf.h. Only livepatch modules have them. */
#define KO_SHN_LIVEPATCH      0xff20
#define KO_SHF_RELA_LIVEPATCH 0x00100000

struct ko_section;

/** struct ko_symbol - a symbol; the null symbol is not kept. */
struct ko_symbol {
	char *name;		/* "" for section symbols */
	struct ko_section *sec; /* NULL: undefined or special */
	uint64_t value, size;
	uint16_t shndx; /* when @sec is NULL: SHN_UNDEF, SHN_ABS, SHN_COMMON, KO_SHN_LIVEPATCH */
	uint8_t info, other; /* st_info, st_other */
	bool reported;	     /* there is a finding about it already */
	bool used;	     /* by a relocation of a kept section; see ko_mark_used() */
	unsigned int index;  /* in the file being written */
};

/** struct ko_rela - a relocation; @sym is NULL when it has none. */
struct ko_rela {
	uint64_t offset;
	int64_t addend;
	uint32_t type; /* R_X86_64_* */
	struct ko_symbol *sym;
};

/** struct ko_relas - relocations of one section that belong together. */
struct ko_relas {
	char *name;	/* section name: ".rela.text", ".klp.rela.vmlinux..text" */
	uint64_t flags; /* SHF_* beyond SHF_INFO_LINK */
	GArray *list;	/* of struct ko_rela */
};

/** struct ko_section - any section but RELA, SYMTAB and its string tables. */
struct ko_section {
	char *name;
	uint32_t type;
	uint64_t flags, addralign, entsize, size;
	uint8_t *data;		       /* NULL for SHT_NOBITS */
	struct ko_section *link_order; /* what sh_link means with SHF_LINK_ORDER */
	GPtrArray *relas;	       /* of struct ko_relas *; usually none or one */
	bool drop;		       /* not to be written */
	unsigned int index;	       /* in the file being written */
};

/** struct ko - the file. It owns everything reachable from it. */
struct ko {
	char *path; /* for messages */
	GElf_Ehdr ehdr;
	GPtrArray *sections; /* of struct ko_section * in file order */
	GPtrArray *symbols;  /* of struct ko_symbol * in file order */
};

/** ko_read() - read @path; anything but a well-formed x86-64 relocatable file is an error. */
struct ko *ko_read(const char *path, GError **err);
void ko_free(struct ko *ko);
typedef struct ko ko;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ko, ko_free)

/**
 * ko_write() - write to @path, which is replaced at once or not at all.
 *
 * Dropped sections go with their relocations and the symbols defined in them. A relocation of a
 * kept section against such a symbol is an error.
 */
bool ko_write(struct ko *ko, const char *path, GError **err);

/** ko_section() - the section called @name, NULL if there is none. */
struct ko_section *ko_section(const struct ko *ko, const char *name);

/** ko_symbol() - the first global or undefined symbol called @name, NULL if there is none. */
struct ko_symbol *ko_symbol(const struct ko *ko, const char *name);

/** ko_symbol_new() - add an undefined symbol; @bind: STB_*, @type: STT_*. */
struct ko_symbol *ko_symbol_new(struct ko *ko, const char *name, unsigned int bind,
				unsigned int type);

/** ko_section_symbol() - the symbol that stands for the start of @sec, made when needed. */
struct ko_symbol *ko_section_symbol(struct ko *ko, struct ko_section *sec);

/** ko_symbol_is_global() - whether other files see it. */
bool ko_symbol_is_global(const struct ko_symbol *sym);

/** ko_rela_at() - the relocation of @sec at @offset, NULL if there is none. */
const struct ko_rela *ko_rela_at(const struct ko_section *sec, uint64_t offset);

/**
 * ko_rela_string() - the string that the pointer field at @offset of @sec refers to.
 * Return: into the target section's data; NULL when it is no pointer to a terminated string.
 */
const char *ko_rela_string(const struct ko_section *sec, uint64_t offset);

/**
 * ko_is_strings() - whether @sec has string literals of char: by its name, since SHF_STRINGS is
 * lost when objects of a patch are put together.
 */
bool ko_is_strings(const struct ko_section *sec);

/** ko_long(), ko_word() - the 8 or 4 bytes at @offset of @sec, which has contents there. */
uint64_t ko_long(const struct ko_section *sec, uint64_t offset);
uint32_t ko_word(const struct ko_section *sec, uint64_t offset);

/**
 * ko_place() - "FILE:LINE", for messages: a pointer field to the file's name and a 4-byte field of
 * @sec, which has contents there. To be freed; never NULL.
 */
char *ko_place(const struct ko_section *sec, uint64_t file, uint64_t line);

/** ko_function_at() - name of the function that covers @offset of @sec; NULL if none does. */
const char *ko_function_at(const struct ko *ko, const struct ko_section *sec, uint64_t offset);

/**
 * ko_first_user() - the function with the first reference to @sym, else the section that has one;
 * NULL if there is none. For messages.
 */
const char *ko_first_user(const struct ko *ko, const struct ko_symbol *sym);

/** ko_set_data() - give @sec new contents; takes @data over. */
void ko_set_data(struct ko_section *sec, uint8_t *data, uint64_t size);

/** ko_relas_new() - add an empty relocation section to @sec; takes @name over. */
struct ko_relas *ko_relas_new(struct ko_section *sec, char *name, uint64_t flags);

/** ko_relas_of() - the (first) relocation section of @sec, made when needed. */
struct ko_relas *ko_relas_of(struct ko_section *sec);

/** ko_mark_used() - set @used of every symbol from the relocations of kept sections. */
void ko_mark_used(struct ko *ko);

#endif
