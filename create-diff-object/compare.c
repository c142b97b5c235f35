// SPDX-License-Identifier: GPL-2.0
#include "compare.h"

#include <string.h>

#include "arch.h"
#include "names.h"
#include "object.h"
#include "tables.h"

/* Deep comparisons follow references between anonymous things; those never nest deeply. */
#define MAX_DEPTH 16

static bool equal(struct atom *a, struct atom *b, unsigned int depth);

/* Things without a twin of their own that are the same if their contents are. */
static bool by_contents(const struct atom *atom)
{
	if (atom->kind != ATOM_FUNC && atom->kind != ATOM_DATA)
		return true;
	if (atom->kind == ATOM_DATA)
		return !atom->sym || atom_is_special_static(atom);
	return !atom->sym;
}

static bool special_statics_equal(struct atom *a, struct atom *b, unsigned int depth)
{
	g_autofree char *ka = name_key(a->sym->name), *kb = name_key(b->sym->name);

	if (strcmp(ka, kb))
		return false;
	/* a descriptor of pr_debug() records the line; the others' contents are their meaning */
	if (atom_is_writable(a) || atom_is_writable(b))
		return a->size == b->size;
	return equal(a, b, depth + 1);
}

static bool refs_equal(const struct ref *ra, const struct ref *rb, unsigned int depth)
{
	/* PC32 to a local function, PLT32 to a global one: the same call */
	bool same_type = ra->type == rb->type || (ra->branch && rb->branch);

	if (ra->offset != rb->offset || !same_type || ra->at != rb->at || ra->bias != rb->bias)
		return false;
	if (!ra->atom || !rb->atom) {
		return !ra->atom && !rb->atom && ra->sym && rb->sym &&
		       !strcmp(ra->sym->name ? ra->sym->name : "",
			       rb->sym->name ? rb->sym->name : "");
	}
	if (ra->atom->twin || rb->atom->twin)
		return ra->atom->twin == rb->atom;
	if (!by_contents(ra->atom) || !by_contents(rb->atom) || depth >= MAX_DEPTH)
		return false;
	if (ra->atom->sym && rb->atom->sym)
		return special_statics_equal(ra->atom, rb->atom, depth);
	return !ra->atom->sym == !rb->atom->sym && equal(ra->atom, rb->atom, depth + 1);
}

/* Compare the bytes that no relocation covers, and those that the table's rule does not excuse. */
static bool bytes_equal(const struct atom *a, const struct atom *b)
{
	const uint8_t *da = atom_bytes(a), *db = atom_bytes(b);
	const struct table_rule *rule = a->sec->table;
	size_t size = MIN(a->size, b->size);
	g_autofree uint8_t *mask = NULL;

	if (!da || !db) {
		const uint8_t *data = da ? da : db;

		for (size_t i = 0; data && i < size; i++) {
			if (data[i])
				return false;
		}
		return true;
	}
	if (!a->refs->len && !rule)
		return !memcmp(da, db, size);
	mask = g_malloc0(a->size ? a->size : 1);
	for (unsigned int i = 0; i < a->refs->len; i++) {
		const struct ref *ref = &g_array_index(a->refs, struct ref, i);
		size_t width = arch.rela_width(ref->type);

		memset(mask + ref->offset, 1, MIN(width, a->size - ref->offset));
	}
	if (rule && rule->ignore_len && rule->ignore + rule->ignore_len <= a->size)
		memset(mask + rule->ignore, 1, rule->ignore_len);
	for (size_t i = 0; i < size; i++) {
		if (!mask[i] && da[i] != db[i])
			return false;
	}
	return true;
}

/* An entry's reference to the code it describes: that code is being compared already. */
static bool is_owner_ref(const struct atom *atom, const struct ref *ref)
{
	return atom->kind == ATOM_ENTRY && atom->owner && ref->atom &&
	       atom_root(ref->atom) == atom_root(atom->owner);
}

/* A table's last entry may lack its padding; the same entry need not be the last one in both. */
static bool sizes_equal(const struct atom *a, const struct atom *b)
{
	size_t tail = a->sec->table ? a->sec->table->short_tail : 0;

	return MAX(a->size, b->size) - MIN(a->size, b->size) <= tail;
}

static bool equal(struct atom *a, struct atom *b, unsigned int depth)
{
	if (!sizes_equal(a, b) || a->kind != b->kind || a->refs->len != b->refs->len)
		return false;
	if (!bytes_equal(a, b))
		return false;
	for (unsigned int i = 0; i < a->refs->len; i++) {
		const struct ref *ra = &g_array_index(a->refs, struct ref, i);
		const struct ref *rb = &g_array_index(b->refs, struct ref, i);

		if (is_owner_ref(a, ra) && is_owner_ref(b, rb)) {
			if (ra->offset != rb->offset || ra->type != rb->type || ra->at != rb->at)
				return false;
			continue;
		}
		if (!refs_equal(ra, rb, depth))
			return false;
	}
	return true;
}

bool atoms_equal(struct atom *a, struct atom *b)
{
	return equal(a, b, 0);
}

bool function_equal(struct atom *a, struct atom *b)
{
	unsigned int na = a->entries ? a->entries->len : 0, nb = b->entries ? b->entries->len : 0;

	if (!equal(a, b, 0) || na != nb)
		return false;
	for (unsigned int i = 0; i < na; i++) {
		struct atom *ea = g_ptr_array_index(a->entries, i);
		struct atom *eb = g_ptr_array_index(b->entries, i);

		if (strcmp(ea->sec->name, eb->sec->name) || !equal(ea, eb, 0))
			return false;
	}
	return true;
}

void compare_objects(struct object *orig)
{
	for (unsigned int i = 0; i < orig->atoms->len; i++) {
		struct atom *a = g_ptr_array_index(orig->atoms, i);

		if (!a->twin)
			continue;
		bool same =
			a->kind == ATOM_FUNC ? function_equal(a, a->twin) : atoms_equal(a, a->twin);

		/* other objects of the patch call a static function that became global */
		if (a->kind == ATOM_FUNC && !a->parent && atom_is_local(a) &&
		    !atom_is_local(a->twin))
			same = false;
		a->changed = a->twin->changed = !same;
	}
	/* a function and its cold part change together */
	for (unsigned int i = 0; i < orig->atoms->len; i++) {
		struct atom *a = g_ptr_array_index(orig->atoms, i);

		if (a->changed && a->kind == ATOM_FUNC && a->parent) {
			struct atom *root = atom_root(a);

			root->changed = true;
			if (root->twin)
				root->twin->changed = true;
		}
	}
}
