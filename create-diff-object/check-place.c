// SPDX-License-Identifier: GPL-2.0
/*
 * References by place: is it certain which variable is meant?
 *
 * The assembler writes a static variable as its section and a position. Where several share a
 * section, "b + 8" may be the position where a begins, and "b - 1" is inside the variable before
 * it; compilers make such addresses of loops, and of indexes like [i - 1]. Nothing in the object
 * says from which variable they count. It does not matter as long as the distances stay what they
 * are, but a new variable is in the patch, a kept one in the core, and the others are in the
 * kernel.
 */
#include "diff.h"

#include "arch.h"

/* The linker makes an array of these, of structures that are referred to one by one. */
static bool is_array_of_linker(const struct section *sec)
{
	return g_str_has_prefix(sec->name, "__dyndbg");
}

/* Whether @atom's reference says no more than a place among several variables. */
static bool is_place(const struct atom *atom, const struct ref *ref)
{
	const struct section *from = atom->sec, *to = ref->atom ? ref->atom->sec : NULL;

	if (!ref->by_section || !to || to->class != SEC_DATA || to->atoms->len < 2 ||
	    is_array_of_linker(to))
		return false;
	if (from->class == SEC_CODE || from->class == SEC_BLOCKS)
		return !arch.is_access(from->data, atom->start + ref->offset, ref->type);
	return from->class == SEC_DATA;
}

/* Whether @ref of @atom could count from @var. */
static bool may_mean(const struct atom *atom, const struct ref *ref, const struct atom *var)
{
	uint64_t place = ref->atom->start + (uint64_t)ref->at;

	/* the symbol of a global variable stays; one of a single byte is no array */
	if (!atom_has_local_name(var) || var->sym->size == 1)
		return false;
	if (atom->sec->class != SEC_DATA)
		return true;
	/* an initial value is an address in an object or its end: there are no others in C */
	return var->sym->value + var->sym->size == place;
}

/* Whether it is in the kernel, and not in the patch or the core. */
static bool stays(const struct atom *var)
{
	return var->twin && !var->kept_in;
}

/* Whether the distance of two variables of one section is another one once the patch is loaded. */
static bool land_apart(const struct atom *a, const struct atom *b)
{
	const struct atom *old_a = a->twin, *old_b = b->twin;

	return !stays(a) || !stays(b) || old_a->sec != old_b->sec ||
	       a->start - b->start != old_a->start - old_b->start;
}

static void report(struct diff *diff, const struct atom *atom, const struct ref *ref,
		   const struct atom *other)
{
	const struct atom *var = ref->atom;

	diff_error(
		diff, atom,
		stays(var) && stays(other)
			? "leave the static variables of that section as they are: none less, none "
			  "more, in the same order"
			: "leave the section attribute (__read_mostly and the like) out of the new "
			  "variable, or \"static\"",
		"has the address %s%+ld: it may be of %s or, as its end or by an index, of %s, and "
		"the patch moves them apart",
		var->sec->name, (long)var->start + (long)ref->at, atom_name(var), atom_name(other));
}

/* Another variable that @ref may mean, and then it would be wrong; one that is new says most. */
static const struct atom *rival(const struct atom *atom, const struct ref *ref)
{
	const GPtrArray *vars = ref->atom->sec->atoms;
	const struct atom *found = NULL;

	for (unsigned int i = 0; i < vars->len; i++) {
		const struct atom *var = g_ptr_array_index(vars, i);

		if (var == ref->atom || !may_mean(atom, ref, var) || !land_apart(var, ref->atom))
			continue;
		if (!stays(var))
			return var;
		found = var;
	}
	return found;
}

void check_places(struct diff *diff, const struct atom *atom)
{
	for (unsigned int r = 0; r < atom->refs->len; r++) {
		const struct ref *ref = &g_array_index(atom->refs, struct ref, r);
		const struct atom *other = is_place(atom, ref) ? rival(atom, ref) : NULL;

		if (other) {
			report(diff, atom, ref, other);
			return;
		}
	}
}
