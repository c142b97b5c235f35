// SPDX-License-Identifier: GPL-2.0
#include "patch-table.h"

#include <inttypes.h>
#include <string.h>

#include "error.h"
#include "text.h"

static const struct kp_elf_rela *rela_at(const struct patch_table *table, uint64_t offset)
{
	guint low = 0, high = table->relas->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (g_array_index(table->relas, struct kp_elf_rela, middle).offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == table->relas->len)
		return NULL;

	const struct kp_elf_rela *rela = &g_array_index(table->relas, struct kp_elf_rela, low);

	return rela->offset == offset && rela->type == R_X86_64_64 ? rela : NULL;
}

static const struct kp_elf_rela *field_rela(const struct patch_table *table, uint64_t i,
					    uint64_t field)
{
	return rela_at(table, i * table->row + field);
}

bool patch_table_open(struct patch_table *table, const struct kp_elf *elf, const char *section,
		      uint64_t row, uint64_t key, GError **err)
{
	uint32_t shndx = kp_elf_find_section(elf, section);

	*table = (struct patch_table){ .elf = elf, .shndx = shndx, .row = row };
	if (!shndx)
		return true;
	table->sec = &elf->sections[shndx];
	table->relas = kp_elf_relas(elf, shndx, err);
	if (!table->relas)
		return false;
	/* Without contents in the file there is nothing to read. */
	uint64_t size = table->sec->data ? table->sec->size : 0;
	while (table->rows < size / row && rela_at(table, table->rows * row + key))
		table->rows++;
	/* Strings may follow the row that ends a table. */
	if (table->rows < size / row || size % row == 0)
		return true;
	g_clear_pointer(&table->relas, g_array_unref);
	return kp_fail(err, KP_FAILED,
		       "%s: section %s is damaged, or was made by another version of kpatch-build",
		       elf->path, section);
}

bool patch_table_close(struct patch_table *table, GError **err)
{
	if (table->relas)
		g_array_unref(table->relas);
	return !table->damaged || kp_fail(err, KP_FAILED, "%s: section %s is damaged",
					  table->elf->path, table->sec->name);
}

uint32_t patch_table_target(const struct patch_table *table, uint64_t i, uint64_t field,
			    uint64_t *offset)
{
	const struct kp_elf_rela *rela = field_rela(table, i, field);
	const struct kp_elf_sym *sym = rela ? &table->elf->syms[rela->sym] : NULL;

	if (!sym || sym->shndx >= table->elf->nsections)
		return 0;
	*offset = sym->value + (uint64_t)rela->addend;
	return sym->shndx;
}

static const char *string_of(const struct patch_table *table, uint64_t i, uint64_t field)
{
	uint64_t offset = 0;
	uint32_t shndx = patch_table_target(table, i, field, &offset);
	const struct kp_elf_section *sec = &table->elf->sections[shndx];

	if (!shndx || !sec->data || offset >= sec->size ||
	    !memchr(sec->data + offset, 0, sec->size - offset))
		return NULL;

	const char *text = (const char *)sec->data + offset;

	return text_is_printable(text) ? text : NULL;
}

const char *patch_table_text(struct patch_table *table, uint64_t i, uint64_t field)
{
	if (!field_rela(table, i, field))
		return NULL;

	const char *text = string_of(table, i, field);

	table->damaged |= !text;
	return text;
}

const char *patch_table_name(struct patch_table *table, uint64_t i, uint64_t field)
{
	const char *text = patch_table_text(table, i, field);

	table->damaged |= !text;
	return text ? text : "";
}

/* The symbol of the function at @offset of section @shndx. */
static const char *function_at(const struct kp_elf *elf, uint32_t shndx, uint64_t offset)
{
	for (uint32_t i = 1; i < elf->nsyms; i++) {
		const struct kp_elf_sym *sym = &elf->syms[i];

		if (sym->type == STT_FUNC && sym->shndx == shndx && sym->value == offset &&
		    text_is_printable(sym->name))
			return sym->name;
	}
	return NULL;
}

/* A place that has no name; @base may be a name of anything in the file. */
static char *relative_name(const char *base, uint64_t offset)
{
	g_autofree char *clean = text_printable(base);

	return offset ? g_strdup_printf("%s+0x%" PRIx64, clean, offset) : g_steal_pointer(&clean);
}

char *patch_table_function(struct patch_table *table, uint64_t i, uint64_t field)
{
	const struct kp_elf_rela *rela = field_rela(table, i, field);
	uint64_t offset = 0;

	if (!rela)
		return NULL;

	uint32_t shndx = patch_table_target(table, i, field, &offset);

	/* In the kernel: for core=kpatch relative to a symbol that is exported. */
	if (!shndx)
		return relative_name(table->elf->syms[rela->sym].name, (uint64_t)rela->addend);

	const char *name = function_at(table->elf, shndx, offset);

	return name ? g_strdup(name) : relative_name(table->elf->sections[shndx].name, offset);
}

const uint8_t *patch_table_bytes(const struct patch_table *table, uint64_t i, uint64_t field)
{
	return table->sec->data + i * table->row + field;
}

uint64_t patch_table_long(const struct patch_table *table, uint64_t i, uint64_t field)
{
	uint64_t value;

	memcpy(&value, patch_table_bytes(table, i, field), sizeof(value));
	return GUINT64_FROM_LE(value);
}

uint32_t patch_table_word(const struct patch_table *table, uint64_t i, uint64_t field)
{
	uint32_t value;

	memcpy(&value, patch_table_bytes(table, i, field), sizeof(value));
	return GUINT32_FROM_LE(value);
}
