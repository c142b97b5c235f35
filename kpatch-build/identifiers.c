// SPDX-License-Identifier: GPL-2.0
#include "identifiers.h"

#include "decls.h"

/* Both texts' view of the names that lead to declarations. */
struct unit {
	struct decls *decls;
	GHashTable *by_name; /* name -> GPtrArray of struct decl * */
};

static void unit_init(struct unit *unit, const GString *text)
{
	unit->decls = decls_parse(text->str, text->len);
	unit->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					      (GDestroyNotify)g_ptr_array_unref);
	for (guint i = 0; i < unit->decls->list->len; i++) {
		struct decl *decl = unit->decls->list->pdata[i];

		for (guint n = 0; n < decl->defines->len; n++) {
			GPtrArray *list =
				g_hash_table_lookup(unit->by_name, decl->defines->pdata[n]);

			if (!list) {
				list = g_ptr_array_new();
				g_hash_table_insert(unit->by_name, decl->defines->pdata[n], list);
			}
			g_ptr_array_add(list, decl);
		}
	}
}

static void unit_clear(struct unit *unit)
{
	g_hash_table_unref(unit->by_name);
	decls_free(unit->decls);
}

/* How often each declaration occurs: hash of its tokens -> count. */
static GHashTable *count_decls(const struct unit *unit)
{
	GHashTable *counts = g_hash_table_new(g_int64_hash, g_int64_equal);

	for (guint i = 0; i < unit->decls->list->len; i++) {
		struct decl *decl = unit->decls->list->pdata[i];
		guint n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, &decl->hash));

		g_hash_table_replace(counts, &decl->hash, GUINT_TO_POINTER(n + 1));
	}
	return counts;
}

/* The declarations of @unit that the other one lacks, as a set. */
static GHashTable *only_in(const struct unit *unit, const struct unit *other)
{
	g_autoptr(GHashTable) counts = count_decls(other);
	GHashTable *set = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < unit->decls->list->len; i++) {
		struct decl *decl = unit->decls->list->pdata[i];

		if (!g_hash_table_contains(counts, &decl->hash))
			g_hash_table_add(set, decl);
	}
	return set;
}

/* The first declaration of @wanted that can be reached by name from what makes code or data. */
static const struct decl *reached(const struct unit *unit, GHashTable *wanted)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) todo = g_ptr_array_new();

	for (guint i = 0; i < unit->decls->list->len; i++) {
		struct decl *decl = unit->decls->list->pdata[i];

		if (decl->emits && g_hash_table_add(seen, decl))
			g_ptr_array_add(todo, decl);
	}
	for (guint next = 0; next < todo->len; next++) {
		struct decl *decl = todo->pdata[next];

		if (g_hash_table_contains(wanted, decl))
			return decl;
		for (guint i = 0; i < decl->mentions->len; i++) {
			GPtrArray *list =
				g_hash_table_lookup(unit->by_name, decl->mentions->pdata[i]);

			for (guint n = 0; list && n < list->len; n++)
				if (g_hash_table_add(seen, list->pdata[n]))
					g_ptr_array_add(todo, list->pdata[n]);
		}
	}
	return NULL;
}

bool identifiers_unit_affected(const GString *original, const GString *patched, char **why)
{
	struct unit before, after;

	unit_init(&before, original);
	unit_init(&after, patched);
	g_autoptr(GHashTable) removed = only_in(&before, &after);
	g_autoptr(GHashTable) added = only_in(&after, &before);
	const struct decl *decl = NULL;

	if (g_hash_table_size(added))
		decl = reached(&after, added);
	if (!decl && g_hash_table_size(removed))
		decl = reached(&before, removed);
	if (why)
		*why = decl && decl->defines->len ? g_strdup(decl->defines->pdata[0]) : NULL;
	unit_clear(&before);
	unit_clear(&after);
	return decl;
}
