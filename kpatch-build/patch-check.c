// SPDX-License-Identifier: GPL-2.0
/* What must hold for a patch module before and after the link, and the kernel would not tell. */
#include "patch-check.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "declared-layout.h"

static const char *const callback_kinds[] = { "pre_patch", "post_patch", "pre_unpatch",
					      "post_unpatch" };

/* The function that a pointer refers to; NULL if it is none. */
static const char *pointee(const struct ko *ko, const struct ko_rela *rela)
{
	if (!rela->sym || !rela->sym->sec)
		return NULL;
	return ko_function_at(ko, rela->sym->sec, rela->sym->value + (uint64_t)rela->addend);
}

/* "FUNCTION (FILE:LINE)" of the callback at @at of @sec; kpatch's own macros do not say the latter.
 */
static char *callback_place(const struct ko *ko, const struct ko_section *sec, uint64_t at)
{
	const char *name = pointee(ko, ko_rela_at(sec, at + CALLBACK_FN));
	const struct ko_section *places = ko_section(ko, ".kpatch.places");

	for (uint64_t row = 0; places && places->data && row + PLACE_SIZE <= places->size;
	     row += PLACE_SIZE) {
		const struct ko_rela *of = ko_rela_at(places, row + PLACE_OF);

		if (!of || !of->sym || of->sym->sec != sec ||
		    of->sym->value + (uint64_t)of->addend != at)
			continue;

		g_autofree char *where = ko_place(places, row + PLACE_FILE, row + PLACE_LINE);

		return g_strdup_printf("%s (%s)", name ? name : "?", where);
	}
	return g_strdup(name ? name : "?");
}

static void report_two(const struct ko *ko, const char *kind, const struct ko_section *sec,
		       uint64_t first, uint64_t second, struct kp_diags *diags)
{
	g_autofree char *one = callback_place(ko, sec, first);
	g_autofree char *other = callback_place(ko, sec, second);

	kp_diag_add(diags, KP_ERROR_DIAG, ko_rela_string(sec, second + CALLBACK_OBJNAME), NULL,
		    "call both functions from one callback",
		    "more than one %s callback for this object: %s and %s", kind, one, other);
}

static void check_callbacks(const struct ko *ko, const char *kind, struct kp_diags *diags)
{
	g_autofree char *name = g_strconcat(".kpatch.callbacks.", kind, NULL);
	const struct ko_section *sec = ko_section(ko, name);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (uint64_t at = 0; sec && at + CALLBACK_SIZE <= sec->size; at += CALLBACK_SIZE) {
		const struct ko_rela *fn = ko_rela_at(sec, at + CALLBACK_FN);
		void *first;

		if (!fn) /* the terminator */
			return;

		const char *objname = ko_rela_string(sec, at + CALLBACK_OBJNAME);

		if (!objname)
			kp_diag_add(diags, KP_ERROR_DIAG, NULL, pointee(ko, fn), NULL,
				    "%s callback without the name of its object", kind);
		else if (g_hash_table_lookup_extended(seen, objname, NULL, &first))
			report_two(ko, kind, sec, (uint64_t)GPOINTER_TO_SIZE(first), at, diags);
		else
			g_hash_table_insert(seen, (gpointer)objname, GSIZE_TO_POINTER(at));
	}
}

static void check_funcs(const struct ko *ko, struct kp_diags *diags)
{
	const struct ko_section *sec = ko_section(ko, ".kpatch.funcs");
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (uint64_t at = 0; sec && sec->data && at + FUNC_SIZE <= sec->size; at += FUNC_SIZE) {
		if (!ko_rela_at(sec, at + FUNC_NEW)) /* the terminator */
			return;

		const char *name = ko_rela_string(sec, at + FUNC_NAME);
		const char *objname = ko_rela_string(sec, at + FUNC_OBJNAME);

		if (!name || !objname) {
			kp_diag_add(diags, KP_ERROR_DIAG, objname, name, NULL,
				    "incomplete entry in .kpatch.funcs");
			continue;
		}
		if (!g_hash_table_add(seen, g_strdup_printf("%s %s %" PRIu64, objname, name,
							    ko_long(sec, at + FUNC_SYMPOS))))
			kp_diag_add(diags, KP_ERROR_DIAG, objname, name, NULL,
				    "replaced twice by this patch");
	}
}

void patch_check_tables(const struct ko *ko, struct kp_diags *diags)
{
	check_funcs(ko, diags);
	for (size_t i = 0; i < G_N_ELEMENTS(callback_kinds); i++)
		check_callbacks(ko, callback_kinds[i], diags);
}

/* Adds the names that the records of a table have at offset @name, up to the one that ends it. */
static void add_objects(const struct ko *ko, GHashTable *objects, const char *table, uint64_t size,
			uint64_t name)
{
	const struct ko_section *sec = ko_section(ko, table);

	for (uint64_t at = 0; sec && at + size <= sec->size; at += size) {
		const char *objname = ko_rela_string(sec, at + name);

		if (objname)
			g_hash_table_add(objects, (gpointer)objname);
	}
}

void patch_check_references(const struct ko *ko, const struct klp_refs *refs,
			    struct kp_diags *diags)
{
	g_autoptr(GHashTable) objects = g_hash_table_new(g_str_hash, g_str_equal);

	add_objects(ko, objects, ".kpatch.funcs", FUNC_SIZE, FUNC_OBJNAME);
	for (size_t i = 0; i < G_N_ELEMENTS(callback_kinds); i++) {
		g_autofree char *table = g_strconcat(".kpatch.callbacks.", callback_kinds[i], NULL);

		add_objects(ko, objects, table, CALLBACK_SIZE, CALLBACK_OBJNAME);
	}
	for (guint i = 0; i < refs->list->len; i++) {
		const struct klp_ref *ref = refs->list->pdata[i];

		if (klp_ref_is_vmlinux(ref) || g_hash_table_contains(objects, ref->objname))
			continue;
		kp_diag_add(diags, KP_ERROR_DIAG, ref->objname, NULL,
			    "patch a function of the module, or drop what is new for it",
			    "the patch refers to %s, but changes nothing in this module: the "
			    "reference would never be filled in",
			    ref->name);
	}
}

void patch_check_sections(const struct ko *ko, struct kp_diags *diags)
{
	for (guint i = 0; i < ko->sections->len; i++) {
		const struct ko_section *sec = ko->sections->pdata[i];

		if (!(sec->flags & SHF_ALLOC) || !sec->size)
			continue;
		if (g_str_has_prefix(sec->name, ".data..percpu.") ||
		    !strcmp(sec->name, ".bss..decrypted"))
			kp_diag_add(diags, KP_ERROR_DIAG, NULL, NULL,
				    "use DEFINE_PER_CPU(), or memory that is allocated",
				    "new variables in section %s, which is plain memory in a "
				    "module",
				    sec->name);
	}
}

/* Whether code that stays in memory refers to a symbol whose name begins with @prefix. */
static bool code_refers_to(const struct ko *ko, const char *prefix)
{
	for (guint i = 0; i < ko->sections->len; i++) {
		const struct ko_section *sec = ko->sections->pdata[i];

		if (!(sec->flags & SHF_EXECINSTR) || !(sec->flags & SHF_ALLOC))
			continue;
		for (guint j = 0; j < sec->relas->len; j++) {
			const GArray *list = ((struct ko_relas *)sec->relas->pdata[j])->list;

			for (guint k = 0; k < list->len; k++) {
				const struct ko_symbol *sym =
					g_array_index(list, struct ko_rela, k).sym;

				if (sym && g_str_has_prefix(sym->name, prefix))
					return true;
			}
		}
	}
	return false;
}

static void check_sites(const struct ko *ko, bool needed, const char *section, const char *prefix,
			struct kp_diags *diags)
{
	const struct ko_section *sec = ko_section(ko, section);

	if (needed && (!sec || !sec->size) && code_refers_to(ko, prefix))
		kp_diag_add(diags, KP_ERROR_DIAG, NULL, NULL,
			    "see objtool's messages in the log; this may be a bug of kpatch",
			    "objtool made no %s though the patch has calls to %s*", section,
			    prefix);
}

/* Where unwind data begins, in one section. */
struct orc_site {
	uint64_t offset;
	bool defined; /* data, not the mark of an end */
};

static int cmp_site(gconstpointer a, gconstpointer b)
{
	uint64_t x = ((const struct orc_site *)a)->offset, y = ((const struct orc_site *)b)->offset;

	return x < y ? -1 : x > y;
}

static bool is_zero(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i])
			return false;
	return true;
}

/* struct ko_section * -> sorted GArray of struct orc_site. NULL: there is no (valid) unwind data.
 */
static GHashTable *read_orc(const struct ko *ko)
{
	const struct ko_section *ip = ko_section(ko, ".orc_unwind_ip");
	const struct ko_section *orc = ko_section(ko, ".orc_unwind");

	if (!ip || !orc || !orc->data || ip->size < 4 || ip->relas->len != 1)
		return NULL;

	/* 6 bytes an entry on 6.1 and 6.12; all zeroes is "undefined", the end of a function. */
	uint64_t entry = orc->size / (ip->size / 4);
	const GArray *list = ((struct ko_relas *)ip->relas->pdata[0])->list;
	GHashTable *sites = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL,
						  (GDestroyNotify)g_array_unref);

	for (guint i = 0; i < list->len; i++) {
		const struct ko_rela *rela = &g_array_index(list, struct ko_rela, i);
		uint64_t at = rela->offset / 4 * entry;

		if (!rela->sym || !rela->sym->sec || at + entry > orc->size)
			continue;

		struct orc_site site = {
			.offset = rela->sym->value + (uint64_t)rela->addend,
			.defined = !is_zero(orc->data + at, entry),
		};
		GArray *array = g_hash_table_lookup(sites, rela->sym->sec);

		if (!array) {
			array = g_array_new(FALSE, FALSE, sizeof(struct orc_site));
			g_hash_table_insert(sites, rela->sym->sec, array);
		}
		g_array_append_val(array, site);
	}

	GHashTableIter iter;
	gpointer array;

	g_hash_table_iter_init(&iter, sites);
	while (g_hash_table_iter_next(&iter, NULL, &array))
		g_array_sort(array, cmp_site);
	return sites;
}

static bool orc_covers(GHashTable *sites, const struct ko_section *sec, uint64_t offset)
{
	const GArray *array = g_hash_table_lookup(sites, sec);
	bool defined = false;

	for (guint i = 0; array && i < array->len; i++) {
		const struct orc_site *site = &g_array_index(array, struct orc_site, i);

		if (site->offset > offset)
			break;
		defined = site->defined;
	}
	return defined;
}

static void check_orc(const struct ko *ko, struct kp_diags *diags)
{
	g_autoptr(GHashTable) sites = read_orc(ko);

	if (!sites) {
		kp_diag_add(diags, KP_ERROR_DIAG, NULL, NULL, "see objtool's messages in the log",
			    "objtool made no unwind data (.orc_unwind): stack traces through the "
			    "patch would not be reliable");
		return;
	}
	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		if (!sym->sec || GELF_ST_TYPE(sym->info) != STT_FUNC || !sym->size ||
		    !(sym->sec->flags & SHF_EXECINSTR) || g_str_has_prefix(sym->name, "__pfx_") ||
		    orc_covers(sites, sym->sec, sym->value))
			continue;
		kp_diag_add(diags, KP_WARNING, NULL, sym->name, NULL,
			    "no unwind data: while a task sleeps in it, other patches wait for it");
	}
}

void patch_check_objtool(const struct ko *ko, const struct objtool_needs *needs,
			 struct kp_diags *diags)
{
	if (needs->orc)
		check_orc(ko, diags);
	check_sites(ko, needs->retpoline, ".retpoline_sites", "__x86_indirect_thunk_", diags);
	check_sites(ko, needs->rethunk, ".return_sites", "__x86_return_thunk", diags);
	check_sites(ko, needs->static_call, ".static_call_sites", "__SCT__", diags);
}
