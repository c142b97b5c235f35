// SPDX-License-Identifier: GPL-2.0
/*
 * A function that changed but has no fentry call (inline means notrace in the kernel, and lib-y or
 * small helpers may lack it too) cannot be redirected. When all its callers are visible, they are
 * replaced instead: the patch carries the new version for them alone.
 */
#include "diff.h"

#include "tables.h"

/* Promotion goes up the call graph; a chain longer than this is better seen by a person. */
#define MAX_ROUNDS 8

static bool traceable(const struct atom *function)
{
	return function->twin && function->twin->fentry;
}

/* Mark the functions of @obj that refer to @callee; false if something else does, or not by a
 * branch. */
static bool mark_callers(struct object *obj, struct atom *callee, GPtrArray *callers)
{
	for (unsigned int i = 0; i < obj->atoms->len; i++) {
		struct atom *user = g_ptr_array_index(obj->atoms, i);

		if (user->kind == ATOM_ENTRY || atom_root(user) == callee ||
		    user->sec->class == SEC_KPATCH)
			continue;
		for (unsigned int r = 0; r < user->refs->len; r++) {
			struct ref *ref = &g_array_index(user->refs, struct ref, r);

			if (!ref->atom || atom_root(ref->atom) != callee)
				continue;
			if (user->kind != ATOM_FUNC || !ref->branch)
				return false;
			g_ptr_array_add(callers, atom_root(user));
		}
	}
	return true;
}

/* Whether @function (patched side) can become a private part of its callers; then it does. */
static bool promote(struct atom *function)
{
	g_autoptr(GPtrArray) callers = g_ptr_array_new();
	g_autoptr(GPtrArray) old_callers = g_ptr_array_new();

	if (!atom_is_local(function) || !function->twin || !atom_is_local(function->twin))
		return false;
	if (!mark_callers(function->obj, function, callers) ||
	    !mark_callers(function->twin->obj, function->twin, old_callers))
		return false;
	/* an old caller without a twin is gone, or was inlined into one that changed */
	for (unsigned int i = 0; i < old_callers->len; i++) {
		struct atom *old = g_ptr_array_index(old_callers, i);

		if (!old->twin || section_is_init(old->sec))
			continue;
		g_ptr_array_add(callers, old->twin);
	}
	for (unsigned int i = 0; i < callers->len; i++) {
		struct atom *caller = g_ptr_array_index(callers, i);

		if (section_is_init(caller->sec) || caller->changed)
			continue;
		caller->changed = caller->promoted = true;
		if (caller->twin)
			caller->twin->changed = true;
	}
	for (unsigned int c = 0; function->children && c < function->children->len; c++) {
		struct atom *child = g_ptr_array_index(function->children, c);

		if (child->twin)
			child->twin->twin = NULL;
		child->twin = NULL;
	}
	function->changed = false;
	function->twin->twin = NULL;
	function->twin = NULL;
	return true;
}

void promote_callers(struct diff *diff)
{
	bool again = true;

	for (int round = 0; again && round < MAX_ROUNDS; round++) {
		again = false;
		for (unsigned int i = 0; i < diff->patched->atoms->len; i++) {
			struct atom *atom = g_ptr_array_index(diff->patched->atoms, i);

			if (atom->kind != ATOM_FUNC || atom->parent || !atom->changed ||
			    atom->ignored || section_is_init(atom->sec) ||
			    section_is_exit(atom->sec) || traceable(atom))
				continue;
			again |= promote(atom);
		}
	}
}
