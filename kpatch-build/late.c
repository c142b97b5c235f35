// SPDX-License-Identifier: GPL-2.0
/* Late references, for the bundled core. */
#include "late.h"

#include <string.h>

#include "consumed.h"
#include "declared-layout.h"
#include "error.h"

/* One row in the making. */
struct row {
	struct ko_section *sec;
	struct ko_rela rela;
	const struct klp_ref *ref;
};

static bool is_writable_type(uint32_t type)
{
	switch (type) {
	case R_X86_64_64:
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		return true;
	default:
		return false;
	}
}

static bool add_row(GArray *rows, const struct ko *ko, struct ko_section *sec,
		    const struct ko_rela *rela, const struct klp_ref *ref, GError **err)
{
	const struct row row = { .sec = sec, .rela = *rela, .ref = ref };

	if (!is_writable_type(rela->type))
		return kp_fail(
			err, KP_FAILED,
			"%s: %s+0x%" G_GINT64_MODIFIER
			"x refers to %s of %s by a relocation of type %u, which is not known",
			ko->path, sec->name, rela->offset, ref->name,
			keep_is(ref) ? "KPATCH_KEEP()" : ref->objname, rela->type);
	g_array_append_val(rows, row);
	return true;
}

static bool take_section(const struct ko *ko, struct ko_section *sec, const struct klp_refs *refs,
			 const struct keep *keep, GArray *rows, struct kp_diags *diags,
			 GError **err)
{
	/* ld and objtool leave one relocation section. */
	struct ko_relas *relas = sec->relas->pdata[0];
	GArray *left = g_array_new(FALSE, TRUE, sizeof(struct ko_rela));
	bool ok = true;

	for (guint i = 0; ok && i < relas->list->len; i++) {
		struct ko_rela rela = g_array_index(relas->list, struct ko_rela, i);
		const struct klp_ref *ref = keep_ref_of(keep, sec, &rela, &rela.addend);

		if (!ref)
			ref = klp_ref_of(refs, &rela);
		if (!ref || klp_ref_is_vmlinux(ref))
			g_array_append_val(left, rela);
		else if (consumed_check(ko, sec, relas, i, ref, diags))
			ok = add_row(rows, ko, sec, &rela, ref, err);
	}
	g_array_unref(relas->list);
	relas->list = left;
	return ok;
}

/* The strings that rows point to, behind the row that ends the table. */
struct strings {
	GByteArray *bytes;
	GHashTable *offsets; /* string -> offset */
	uint64_t start;	     /* of the strings in the section */
};

static uint64_t add_string(struct strings *strings, const char *text)
{
	gpointer offset;

	if (!g_hash_table_lookup_extended(strings->offsets, text, NULL, &offset)) {
		offset = GUINT_TO_POINTER(strings->bytes->len);
		g_hash_table_insert(strings->offsets, (gpointer)text, offset);
		g_byte_array_append(strings->bytes, (const uint8_t *)text, (guint)strlen(text) + 1);
	}
	return strings->start + GPOINTER_TO_UINT(offset);
}

static void point(struct ko *ko, struct ko_section *table, uint64_t at, struct ko_section *to,
		  uint64_t offset)
{
	const struct ko_rela rela = { .offset = at,
				      .addend = (int64_t)offset,
				      .type = R_X86_64_64,
				      .sym = ko_section_symbol(ko, to) };

	g_array_append_val(ko_relas_of(table)->list, rela);
}

static void write_table(struct ko *ko, struct ko_section *table, const GArray *rows)
{
	uint64_t end = (rows->len + 1ULL) * LATE_SIZE;
	struct strings strings = { .bytes = g_byte_array_new(),
				   .offsets = g_hash_table_new(g_str_hash, g_str_equal),
				   .start = end };
	g_autofree uint8_t *numbers = g_malloc0(end);

	for (guint i = 0; i < rows->len; i++) {
		const struct row *row = &g_array_index(rows, struct row, i);
		uint64_t at = (uint64_t)i * LATE_SIZE;
		/* type, sympos, addend */
		const uint64_t fields[] = { row->rela.type, row->ref->sympos,
					    (uint64_t)row->rela.addend };

		memcpy(numbers + at + LATE_TYPE, fields, sizeof(fields));
		point(ko, table, at + LATE_PLACE, row->sec, row->rela.offset);
		point(ko, table, at + LATE_NAME, table, add_string(&strings, row->ref->name));
		point(ko, table, at + LATE_OBJNAME, table, add_string(&strings, row->ref->objname));
	}

	uint64_t size = end + strings.bytes->len;
	uint8_t *data = g_malloc(size);

	memcpy(data, numbers, end);
	if (strings.bytes->len)
		memcpy(data + end, strings.bytes->data, strings.bytes->len);
	ko_set_data(table, data, size);
	g_byte_array_unref(strings.bytes);
	g_hash_table_unref(strings.offsets);
}

bool late_convert(struct ko *ko, const struct klp_refs *refs, const struct keep *keep,
		  struct kp_diags *diags, GError **err)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct row));
	struct ko_section *table = ko_section(ko, LATE_SECTION);

	for (guint i = 0; i < ko->sections->len; i++) {
		struct ko_section *sec = ko->sections->pdata[i];

		if (sec->drop || !sec->relas->len || !(sec->flags & SHF_ALLOC))
			continue;
		if (sec->relas->len > 1)
			return kp_fail(err, KP_FAILED, "%s: %s has two relocation sections",
				       ko->path, sec->name);
		if (!take_section(ko, sec, refs, keep, rows, diags, err))
			return false;
	}
	if (!rows->len)
		return true;
	if (!table || table->size != LATE_SIZE || table->relas->len)
		return kp_fail(err, KP_FAILED, "%s: %s is missing or not empty", ko->path,
			       LATE_SECTION);
	write_table(ko, table, rows);
	return true;
}
