// SPDX-License-Identifier: GPL-2.0
/* References of a patch to symbols of its targets: the records. */
#include "klp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/*
 * Kernel limits: klp_resolve_symbols() and klp_apply_section_relocs() in
 * kernel/livepatch/core.c scan ".klp.sym.%55[^.].%511[^,],%lu" and ".klp.rela.%55[^.]".
 */
#define MAX_OBJNAME 55
#define MAX_SYMBOL  511

static void ref_free(struct klp_ref *ref)
{
	g_free(ref->alias);
	g_free(ref->objname);
	g_free(ref->name);
	g_free(ref);
}

void klp_refs_free(struct klp_refs *refs)
{
	if (!refs)
		return;
	g_hash_table_unref(refs->by_alias);
	g_ptr_array_unref(refs->list);
	g_free(refs);
}

bool klp_ref_is_vmlinux(const struct klp_ref *ref)
{
	return !strcmp(ref->objname, "vmlinux");
}

bool klp_ref_same(const struct klp_ref *a, const struct klp_ref *b)
{
	return !strcmp(a->objname, b->objname) && !strcmp(a->name, b->name) &&
	       a->sympos == b->sympos;
}

const struct klp_ref *klp_ref_find(const struct klp_refs *refs, const char *alias)
{
	return g_hash_table_lookup(refs->by_alias, alias);
}

const struct klp_ref *klp_ref_of(const struct klp_refs *refs, const struct ko_rela *rela)
{
	if (!rela->sym || rela->sym->sec || rela->sym->shndx != SHN_UNDEF)
		return NULL;
	return klp_ref_find(refs, rela->sym->name);
}

static bool parse_number(const char *text, int base, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, base);
	return *text && !*end && !errno && *text != '-';
}

static bool check_limits(const struct ko *ko, const struct klp_ref *ref, GError **err)
{
	if (strlen(ref->objname) > MAX_OBJNAME || strchr(ref->objname, '.'))
		return kp_fail(err, KP_FAILED,
			       "%s: the kernel cannot resolve %s in \"%s\": object names have at "
			       "most %d characters and no dot",
			       ko->path, ref->name, ref->objname, MAX_OBJNAME);
	if (strlen(ref->name) > MAX_SYMBOL || strchr(ref->name, ','))
		return kp_fail(
			err, KP_FAILED,
			"%s: the kernel cannot resolve the symbol \"%s\" of %s: names have at "
			"most %d characters and no comma",
			ko->path, ref->name, ref->objname, MAX_SYMBOL);
	return true;
}

static struct klp_ref *parse_record(const struct ko *ko, const char *record, GError **err)
{
	g_auto(GStrv) field = g_strsplit(record, " ", -1);
	uint64_t sympos, address;

	if (g_strv_length(field) != 5 || !*field[0] || !*field[1] || !*field[2] ||
	    !parse_number(field[3], 10, &sympos) || !parse_number(field[4], 16, &address)) {
		kp_fail(err, KP_FAILED, "%s: malformed record in %s: \"%s\"", ko->path,
			KLP_UNDEF_SECTION, record);
		return NULL;
	}

	struct klp_ref *ref = g_new0(struct klp_ref, 1);

	ref->alias = g_strdup(field[0]);
	ref->objname = g_strdup(field[1]);
	ref->name = g_strdup(field[2]);
	ref->sympos = sympos;
	ref->address = address;
	return ref;
}

static bool add_record(struct klp_refs *refs, const struct ko *ko, const char *record, GError **err)
{
	struct klp_ref *ref = parse_record(ko, record, err);

	if (!ref)
		return false;

	const struct klp_ref *known = klp_ref_find(refs, ref->alias);
	bool ok = check_limits(ko, ref, err);

	if (ok && known && !klp_ref_same(known, ref))
		ok = kp_fail(
			err, KP_FAILED,
			"%s: %s stands for %s (%s, position %lu) and for %s (%s, position %lu)",
			ko->path, ref->alias, known->name, known->objname, known->sympos, ref->name,
			ref->objname, ref->sympos);
	if (!ok || known) {
		ref_free(ref);
		return ok;
	}
	g_hash_table_insert(refs->by_alias, ref->alias, ref);
	g_ptr_array_add(refs->list, ref);
	return true;
}

struct klp_refs *klp_refs_read(const struct ko *ko, GError **err)
{
	g_autoptr(klp_refs) refs = g_new0(struct klp_refs, 1);
	const struct ko_section *sec = ko_section(ko, KLP_UNDEF_SECTION);

	refs->by_alias = g_hash_table_new(g_str_hash, g_str_equal);
	refs->list = g_ptr_array_new_with_free_func((GDestroyNotify)ref_free);
	if (!sec || !sec->size)
		return g_steal_pointer(&refs);
	if (!sec->data || sec->data[sec->size - 1]) {
		kp_fail(err, KP_FAILED, "%s: %s does not end with a complete record", ko->path,
			KLP_UNDEF_SECTION);
		return NULL;
	}

	const char *end = (const char *)sec->data + sec->size;

	/* The linker may have put zeroes between the parts of two objects. */
	for (const char *p = (const char *)sec->data; p < end; p += strlen(p) + 1)
		if (*p && !add_record(refs, ko, p, err))
			return NULL;
	return g_steal_pointer(&refs);
}

void klp_refs_rename(struct klp_refs *refs, struct ko *ko, const char *from, const char *to)
{
	struct klp_ref *ref = g_hash_table_lookup(refs->by_alias, from);
	struct ko_symbol *sym = ko_symbol(ko, from);

	if (sym && !sym->sec && sym->shndx == SHN_UNDEF) {
		g_free(sym->name);
		sym->name = g_strdup(to);
	}
	if (ref) {
		g_hash_table_remove(refs->by_alias, from);
		g_free(ref->alias);
		ref->alias = g_strdup(to);
		g_hash_table_insert(refs->by_alias, ref->alias, ref);
	}
}

void klp_refs_store(const struct klp_refs *refs, struct ko *ko)
{
	struct ko_section *sec = ko_section(ko, KLP_UNDEF_SECTION);
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	if (!sec)
		return;
	for (guint i = 0; i < refs->list->len; i++) {
		const struct klp_ref *ref = refs->list->pdata[i];
		g_autofree char *record =
			g_strdup_printf("%s %s %s %lu %" G_GINT64_MODIFIER "x", ref->alias,
					ref->objname, ref->name, ref->sympos, ref->address);

		g_byte_array_append(bytes, (const uint8_t *)record, (guint)strlen(record) + 1);
	}

	guint len = bytes->len;

	ko_set_data(sec, g_byte_array_free(g_steal_pointer(&bytes), FALSE), len);
}
