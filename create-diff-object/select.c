// SPDX-License-Identifier: GPL-2.0
/* Choosing what goes into the output: the changed functions, and all that they need of their own.
 */
#include "diff.h"

#include <string.h>

#include "declared.h"
#include "tables.h"

/* The function that @atom is part of or describes. */
static struct atom *root_of(struct atom *atom)
{
	return atom_root(atom->owner ? atom->owner : atom);
}

bool ref_is_internal(struct atom *from, const struct ref *ref)
{
	struct atom *to = ref->atom;

	if (!to)
		return false;
	if (!to->twin)
		return true;
	if (to->kind != ATOM_FUNC)
		return false;
	if (atom_root(to) == root_of(from))
		return true;
	/*
	 * New code calls new code directly. But the address of a function must stay that of the
	 * original: it is compared, and may outlive the patch.
	 */
	return ref->branch && atom_root(to)->changed && !atom_root(to)->ignored;
}

static void include(struct atom *atom, GPtrArray *work)
{
	if (atom->included)
		return;
	atom->included = true;
	g_ptr_array_add(work, atom);
}

static void include_group(struct atom *function, GPtrArray *work)
{
	struct atom *root = atom_root(function);

	include(root, work);
	for (unsigned int i = 0; root->children && i < root->children->len; i++)
		include(g_ptr_array_index(root->children, i), work);
}

static void follow(struct atom *atom, GPtrArray *work)
{
	for (unsigned int i = 0; atom->entries && i < atom->entries->len; i++)
		include(g_ptr_array_index(atom->entries, i), work);
	for (unsigned int i = 0; i < atom->refs->len; i++) {
		const struct ref *ref = &g_array_index(atom->refs, struct ref, i);

		if (!ref_is_internal(atom, ref))
			continue;
		if (ref->atom->kind == ATOM_BLOCK && !ref->atom->owner)
			ref->atom->owner = root_of(atom);
		if (ref->atom->kind == ATOM_FUNC)
			include_group(ref->atom, work);
		else
			include(ref->atom, work);
	}
}

/* New globals may be meant for other objects of the patch, which this run does not see. */
static bool is_new_global(const struct atom *atom)
{
	return (atom->kind == ATOM_FUNC || atom->kind == ATOM_DATA) && !atom->twin && atom->sym &&
	       !atom->parent && !atom_is_local(atom) && !section_is_init(atom->sec) &&
	       !section_is_exit(atom->sec) && !atom->ignored &&
	       (atom->sec->class == SEC_CODE || g_str_has_prefix(atom->sec->name, ".data") ||
		g_str_has_prefix(atom->sec->name, ".bss") ||
		g_str_has_prefix(atom->sec->name, ".rodata"));
}

static int file_order(const void *a, const void *b)
{
	const struct atom *x = *(struct atom *const *)a, *y = *(struct atom *const *)b;

	if (x->sec->index != y->sec->index)
		return x->sec->index < y->sec->index ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

void select_included(struct diff *diff)
{
	g_autoptr(GPtrArray) work = g_ptr_array_new();

	for (unsigned int i = 0; i < diff->patched->atoms->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->patched->atoms, i);
		bool replaced = atom->kind == ATOM_FUNC && !atom->parent && atom->twin &&
				atom->changed && !atom->ignored && !section_is_init(atom->sec) &&
				!section_is_exit(atom->sec);

		if (replaced)
			g_ptr_array_add(diff->functions, atom);
		if (replaced || is_new_global(atom) ||
		    (atom->sec->class == SEC_KPATCH && declaration_rule(atom)))
			include(atom, work);
		if (replaced)
			include_group(atom, work);
	}
	for (unsigned int i = 0; i < work->len; i++)
		follow(g_ptr_array_index(work, i), work);
	g_ptr_array_extend(diff->included, work, NULL, NULL);
	g_ptr_array_sort(diff->included, file_order);
}
