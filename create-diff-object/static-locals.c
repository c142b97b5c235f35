// SPDX-License-Identifier: GPL-2.0
#include "correlate.h"

#include <string.h>

#include "compare.h"
#include "names.h"
#include "object.h"

/** struct local - a static local variable and the source functions whose code uses it. */
struct local {
	struct atom *atom;
	GHashTable *users; /* set of source function names */
	struct local *twin;
};

static void local_free(void *data)
{
	struct local *local = data;

	g_hash_table_unref(local->users);
	g_free(local);
}

static bool is_static_local(const struct atom *atom)
{
	return atom->kind == ATOM_DATA && atom->sym && !atom->twin && atom_is_local(atom) &&
	       atom->sec->class == SEC_DATA && name_is_numbered(atom->sym->name) &&
	       !atom_is_special_static(atom);
}

/* All of an object's static locals by key, in the order of their numbers (that of the source). */
static int by_number(const void *a, const void *b)
{
	const struct local *la = *(struct local *const *)a, *lb = *(struct local *const *)b;
	const char *da = strrchr(la->atom->sym->name, '.'), *db = strrchr(lb->atom->sym->name, '.');
	guint64 na = da ? g_ascii_strtoull(da + 1, NULL, 10) : 0;
	guint64 nb = db ? g_ascii_strtoull(db + 1, NULL, 10) : 0;

	return na < nb ? -1 : na > nb;
}

static void note_users(struct object *obj, GHashTable *by_atom)
{
	for (unsigned int i = 0; i < obj->atoms->len; i++) {
		struct atom *user = g_ptr_array_index(obj->atoms, i);

		if ((user->kind != ATOM_FUNC && user->kind != ATOM_DATA) || !user->sym)
			continue;
		for (unsigned int r = 0; r < user->refs->len; r++) {
			struct atom *to = g_array_index(user->refs, struct ref, r).atom;
			struct local *local = to ? g_hash_table_lookup(by_atom, to) : NULL;

			if (local)
				g_hash_table_add(local->users, name_base(user->sym->name));
		}
	}
}

static GHashTable *locals_by_key(struct object *obj)
{
	GHashTable *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)g_ptr_array_unref);
	g_autoptr(GHashTable) by_atom = g_hash_table_new(NULL, NULL);

	for (unsigned int i = 0; i < obj->atoms->len; i++) {
		struct atom *atom = g_ptr_array_index(obj->atoms, i);

		if (!is_static_local(atom))
			continue;
		g_autofree char *key = name_key(atom->sym->name);
		GPtrArray *list = g_hash_table_lookup(map, key);
		struct local *local = g_new0(struct local, 1);

		local->atom = atom;
		local->users = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		g_hash_table_insert(by_atom, atom, local);
		if (!list) {
			list = g_ptr_array_new_with_free_func(local_free);
			g_hash_table_insert(map, g_steal_pointer(&key), list);
		}
		g_ptr_array_add(list, local);
	}
	note_users(obj, by_atom);

	GHashTableIter iter;
	void *list;

	g_hash_table_iter_init(&iter, map);
	while (g_hash_table_iter_next(&iter, NULL, &list))
		g_ptr_array_sort(list, by_number);
	return map;
}

static bool share_user(const struct local *a, const struct local *b)
{
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, a->users);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		if (g_hash_table_contains(b->users, name))
			return true;
	}
	return false;
}

/* Whether some user of @local has no code of its own in @other, so it may have been inlined there.
 */
static bool user_vanished(const struct local *local, const struct object *other)
{
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, local->users);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		if (!object_symbol(other, name))
			return true;
	}
	return false;
}

static bool may_be_twins(const struct local *a, const struct local *b)
{
	if (share_user(a, b))
		return true;
	return user_vanished(a, b->atom->obj) || user_vanished(b, a->atom->obj);
}

static void pair(struct local *a, struct local *b)
{
	a->twin = b;
	b->twin = a;
	a->atom->twin = b->atom;
	b->atom->twin = a->atom;
}

/* The free locals of @list that @local may be the twin of; @exact: that share a user. */
static GPtrArray *candidates(const struct local *local, GPtrArray *list, bool exact)
{
	GPtrArray *found = g_ptr_array_new();

	for (unsigned int i = 0; i < list->len; i++) {
		struct local *other = g_ptr_array_index(list, i);

		if (!other->twin && other->atom->size == local->atom->size &&
		    (exact ? share_user(local, other) : may_be_twins(local, other)))
			g_ptr_array_add(found, other);
	}
	return found;
}

/*
 * Pair what has one possible twin on either side. Several of one name in one function (in different
 * blocks) come in the order of the source in both builds, as long as their number is the same.
 */
static void pair_round(GPtrArray *from, GPtrArray *to, bool exact)
{
	for (unsigned int i = 0; i < from->len; i++) {
		struct local *a = g_ptr_array_index(from, i);

		if (a->twin)
			continue;
		g_autoptr(GPtrArray) there = candidates(a, to, exact);

		if (!there->len)
			continue;
		g_autoptr(GPtrArray) back = candidates(g_ptr_array_index(there, 0), from, exact);

		if (back->len != there->len)
			continue;
		for (unsigned int k = 0; k < there->len; k++) {
			struct local *x = g_ptr_array_index(back, k),
				     *y = g_ptr_array_index(there, k);

			if (!x->twin && !y->twin)
				pair(x, y);
		}
	}
}

/*
 * What is left and could be the same thing as one of several others, or has changed its size: code
 * that uses it must not be patched (check.c).
 */
static void mark_undecided(GPtrArray *from, GPtrArray *to)
{
	for (unsigned int i = 0; i < to->len; i++) {
		struct local *b = g_ptr_array_index(to, i);

		if (b->twin || !atom_is_writable(b->atom))
			continue;
		for (unsigned int k = 0; k < from->len && !b->atom->undecided; k++) {
			const struct local *a = g_ptr_array_index(from, k);

			b->atom->undecided = !a->twin && share_user(a, b);
		}
	}
}

void correlate_static_locals(struct object *orig, struct object *patched)
{
	g_autoptr(GHashTable) from = locals_by_key(orig), to = locals_by_key(patched);
	GHashTableIter iter;
	void *key, *list;

	g_hash_table_iter_init(&iter, from);
	while (g_hash_table_iter_next(&iter, &key, &list)) {
		GPtrArray *others = g_hash_table_lookup(to, key);

		if (!others)
			continue;
		pair_round(list, others, true);
		pair_round(list, others, false);
		mark_undecided(list, others);
	}
}
