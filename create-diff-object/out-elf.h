/* SPDX-License-Identifier: GPL-2.0 */
/* Building a relocatable ELF file section by section. The result depends on nothing but the calls.
 */
#ifndef OUT_ELF_H
#define OUT_ELF_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct out_elf;
struct out_section; /* owned by its out_elf, like out_symbol */
struct out_symbol;

struct out_elf *out_elf_new(void);
void out_elf_free(struct out_elf *out);

/** out_section_new() - add a section; @type is SHT_PROGBITS or SHT_NOBITS. @name must outlive it.
 */
struct out_section *out_section_new(struct out_elf *out, const char *name, uint32_t type,
				    uint64_t flags, uint64_t align, uint64_t entsize);
size_t out_section_size(const struct out_section *os);

/** out_section_append() - add @size bytes, zeroes if @data is NULL. */
void out_section_append(struct out_section *os, const void *data, size_t size);

/** out_section_clear() - zero @size bytes at @offset, which are there already. */
void out_section_clear(struct out_section *os, uint64_t offset, size_t size);

/** out_section_symbol() - its STT_SECTION symbol. */
struct out_symbol *out_section_symbol(struct out_section *os);

/** out_symbol_new() - add a symbol, undefined if @os is NULL. @name is copied. */
struct out_symbol *out_symbol_new(struct out_elf *out, const char *name, struct out_section *os,
				  uint64_t value, uint64_t size, unsigned char info);
const char *out_symbol_name(const struct out_symbol *sym);

/** out_rela_new() - add a relocation to @os. */
void out_rela_new(struct out_section *os, uint64_t offset, uint32_t type, struct out_symbol *sym,
		  int64_t addend);

/** out_elf_write() - write to @path, all or nothing (temporary file and rename). */
bool out_elf_write(struct out_elf *out, const char *path, unsigned int machine, GError **err);

#endif
