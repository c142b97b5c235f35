/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables in the file of a patch module (kmod/patch/kpatch-patch.h): rows of one size, whose
 * pointers are relocations. Nothing in the file is trusted.
 */
#ifndef KPATCH_PATCH_TABLE_H
#define KPATCH_PATCH_TABLE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "elf-read.h"

/** struct patch_table - a table that is being read. */
struct patch_table {
	const struct kp_elf *elf;
	const struct kp_elf_section *sec; /* NULL: the file has no such table */
	uint32_t shndx;
	GArray *relas; /* of struct kp_elf_rela, by offset */
	uint64_t row, rows;
	bool damaged; /* a field was not what it should be */
};

/**
 * patch_table_open() - begin to read the table in @section; without the section it has no rows.
 * @row: bytes of a row
 * @key: offset of a pointer that every row has, but not one that ends the table
 *
 * Return: false with @err when it cannot be a table of such rows.
 */
bool patch_table_open(struct patch_table *table, const struct kp_elf *elf, const char *section,
		      uint64_t row, uint64_t key, GError **err);

/** patch_table_close() - false with @err if something in the table was damaged. */
bool patch_table_close(struct patch_table *table, GError **err);

/*
 * A field of row @i, at offset @field in it. Where a field is damaged patch_table_close() fails,
 * and the value is as good as any.
 */

/** patch_table_text() - a string, NULL where the pointer is; of printable UTF-8. */
const char *patch_table_text(struct patch_table *table, uint64_t i, uint64_t field);

/** patch_table_name() - a string that must be there. */
const char *patch_table_name(struct patch_table *table, uint64_t i, uint64_t field);

/** patch_table_target() - section and offset that a pointer is to; 0 when it is to nothing here. */
uint32_t patch_table_target(const struct patch_table *table, uint64_t i, uint64_t field,
			    uint64_t *offset);

/**
 * patch_table_function() - the function that a pointer is to, freed by the caller; NULL: none.
 * Where the file has no symbol for it: "SECTION+OFFSET".
 */
char *patch_table_function(struct patch_table *table, uint64_t i, uint64_t field);

/** patch_table_long(), patch_table_word() - 8 or 4 bytes. */
uint64_t patch_table_long(const struct patch_table *table, uint64_t i, uint64_t field);
uint32_t patch_table_word(const struct patch_table *table, uint64_t i, uint64_t field);

/** patch_table_bytes() - where the field is in memory. */
const uint8_t *patch_table_bytes(const struct patch_table *table, uint64_t i, uint64_t field);

#endif
