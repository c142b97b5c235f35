// SPDX-License-Identifier: GPL-2.0
#include "correlate.h"

#include <string.h>

#include "compare.h"
#include "names.h"
#include "object.h"

static void pair(struct atom *a, struct atom *b)
{
	a->twin = b;
	b->twin = a;
}

static bool wants_twin(const struct atom *atom)
{
	return !atom->twin && atom->sym && (atom->kind == ATOM_FUNC || atom->kind == ATOM_DATA) &&
	       atom->sec->class != SEC_KPATCH && !atom_is_special_static(atom);
}

/* A name that the source gives identifies the thing. */
static void pair_by_name(struct object *orig, struct object *patched)
{
	for (unsigned int i = 0; i < orig->atoms->len; i++) {
		struct atom *a = g_ptr_array_index(orig->atoms, i);

		if (!wants_twin(a) || name_is_numbered(a->sym->name))
			continue;
		struct symbol *sym = object_symbol(patched, a->sym->name);

		if (sym && sym->atom && wants_twin(sym->atom) && sym->atom->kind == a->kind)
			pair(a, sym->atom);
	}
}

/* Functions that GCC derived from others, by key: "foo.isra", "bar.constprop" ... */
static GHashTable *clones_by_key(struct object *obj)
{
	GHashTable *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)g_ptr_array_unref);

	for (unsigned int i = 0; i < obj->atoms->len; i++) {
		struct atom *atom = g_ptr_array_index(obj->atoms, i);

		if (!wants_twin(atom) || atom->kind != ATOM_FUNC)
			continue;
		g_autofree char *key = name_key(atom->sym->name);
		GPtrArray *list = g_hash_table_lookup(map, key);

		if (!list) {
			list = g_ptr_array_new();
			g_hash_table_insert(map, g_steal_pointer(&key), list);
		}
		g_ptr_array_add(list, atom);
	}
	return map;
}

/*
 * Any pairing of clones is safe: a caller that is not replaced has references equal to those of its
 * own twin, so it calls the clone's twin exactly as the patched caller does. A bad pairing only
 * replaces more callers than necessary. Hence equal ones first, then the same name, then in order.
 */
static void pair_clones(GPtrArray *from, GPtrArray *to)
{
	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < from->len; i++) {
			struct atom *a = g_ptr_array_index(from, i);

			for (unsigned int j = 0; !a->twin && j < to->len; j++) {
				struct atom *b = g_ptr_array_index(to, j);

				if (b->twin || (round == 0 && !function_equal(a, b)) ||
				    (round == 1 && strcmp(a->sym->name, b->sym->name)))
					continue;
				pair(a, b);
			}
		}
	}
}

static void correlate_clones(struct object *orig, struct object *patched)
{
	g_autoptr(GHashTable) from = clones_by_key(orig), to = clones_by_key(patched);
	GHashTableIter iter;
	void *key, *list;

	g_hash_table_iter_init(&iter, from);
	while (g_hash_table_iter_next(&iter, &key, &list)) {
		GPtrArray *others = g_hash_table_lookup(to, key);

		if (others)
			pair_clones(list, others);
	}
}

/* Whether all references to @atom are direct ones from code. */
static bool used_by_code_only(const struct atom *atom)
{
	for (unsigned int i = 0; i < atom->obj->atoms->len; i++) {
		const struct atom *user = g_ptr_array_index(atom->obj->atoms, i);

		if (user->kind == ATOM_FUNC || user->kind == ATOM_BLOCK)
			continue;
		for (unsigned int r = 0; r < user->refs->len; r++) {
			if (g_array_index(user->refs, struct ref, r).atom == atom)
				return false;
		}
	}
	return true;
}

/* Numbers and strings, as opposed to pointers to things with an identity. */
static bool is_pure_data(const struct atom *atom)
{
	for (unsigned int r = 0; r < atom->refs->len; r++) {
		const struct atom *to = g_array_index(atom->refs, struct ref, r).atom;

		if (!to || (to->kind != ATOM_STRING && to->kind != ATOM_CONST))
			return false;
	}
	return true;
}

/*
 * A read-only table that changed (static const, pure data, only looked up by functions here) is
 * like code: whoever uses it is replaced and takes the new table along. One that holds pointers has
 * an identity that others may rely on, so it stays a changed variable.
 */
static void part_changed_tables(struct object *orig)
{
	for (unsigned int i = 0; i < orig->atoms->len; i++) {
		struct atom *a = g_ptr_array_index(orig->atoms, i);

		if (!a->twin || a->kind != ATOM_DATA || atom_is_writable(a) ||
		    atom_is_writable(a->twin) || !atom_is_local(a) || !atom_is_local(a->twin) ||
		    !is_pure_data(a) || !is_pure_data(a->twin) || atoms_equal(a, a->twin))
			continue;
		if (!used_by_code_only(a) || !used_by_code_only(a->twin))
			continue;
		a->twin->twin = NULL;
		a->twin = NULL;
	}
}

void correlate(struct object *orig, struct object *patched)
{
	pair_by_name(orig, patched);
	correlate_static_locals(orig, patched);
	correlate_clones(orig, patched);
	part_changed_tables(orig);
}
