// SPDX-License-Identifier: GPL-2.0
/* Changes that cannot be patched into a running kernel, as far as the two objects tell. */
#include "diff.h"

#include <string.h>

#include "arch.h"
#include "compare.h"
#include "tables.h"

/*
 * On the kernel stack of every task that sleeps, or of every kernel thread: no task could ever be
 * switched to a new version.
 */
static const char *const always_running[] = {
	"__schedule",	     "schedule",      "schedule_idle",	   "preempt_schedule_common",
	"context_switch",    "do_idle",	      "cpu_startup_entry", "kthread",
	"ret_from_fork",     "do_syscall_64", "worker_thread",	   "rcu_gp_kthread",
	"smpboot_thread_fn", "kthreadd",
};

static bool is_always_running(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(always_running); i++) {
		if (!strcmp(name, always_running[i]))
			return true;
	}
	return false;
}

static void check_function(struct diff *diff, struct atom *atom)
{
	if (section_is_init(atom->sec)) {
		diff_error(diff, atom,
			   "if the rest of the patch does not depend on it, add "
			   "KPATCH_IGNORE_FUNCTION(...)",
			   "changed __init function: it has run already and its memory is gone");
	} else if (section_is_exit(atom->sec)) {
		if (!diff_is_module(diff))
			diff_warning(diff, atom, NULL,
				     "change of an __exit function of built-in code has no effect");
		else
			diff_error(diff, atom,
				   "if it does not matter, add KPATCH_IGNORE_FUNCTION(...)",
				   "changed __exit function: it cannot be traced");
	} else if (!atom->twin->fentry) {
		diff_error(
			diff, atom,
			"change its callers instead, or move the change to a function that can be "
			"traced",
			"has no fentry call (notrace, or in a section that is not traced), and its "
			"callers are not all visible");
	} else if (is_always_running(atom_name(atom))) {
		diff_error(
			diff, atom, "patch a function that it calls, or a caller's caller",
			"is on the stack of every sleeping task: the transition would never end");
	}
}

static void check_changed_functions(struct diff *diff)
{
	for (unsigned int i = 0; i < diff->patched->atoms->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->patched->atoms, i);

		if (atom->kind == ATOM_FUNC && !atom->parent && atom->twin && atom->changed &&
		    !atom->ignored)
			check_function(diff, atom);
	}
}

static bool used_by_code(const struct atom *atom)
{
	for (unsigned int i = 0; i < atom->obj->atoms->len; i++) {
		const struct atom *user = g_ptr_array_index(atom->obj->atoms, i);

		for (unsigned int r = 0; user->kind == ATOM_FUNC && r < user->refs->len; r++) {
			if (g_array_index(user->refs, struct ref, r).atom == atom)
				return true;
		}
	}
	return false;
}

static const char *data_remedy(const struct atom *atom)
{
	if (atom->sec->shdr.sh_flags & SHF_WRITE &&
	    !g_str_has_prefix(atom->sec->name, ".data..ro_after_init"))
		return "change it when the patch is loaded, with a state (KPATCH_STATE) or a "
		       "callback (KPATCH_PRE_PATCH_CALLBACK)";
	return "it is read-only: change the functions that it points to, or those that use it";
}

static void check_changed_variable(struct diff *diff, struct atom *atom)
{
	if (section_is_init(atom->sec)) {
		diff_error(diff, atom, "if it does not matter, add KPATCH_IGNORE_SECTION(...)",
			   "changed __init data: it has been used already");
	} else if (atom->size != atom->twin->size) {
		diff_error(diff, atom,
			   "keep the structure's size; a new field can be a shadow variable "
			   "(klp_shadow_alloc)",
			   "changed size of a variable: %zu bytes in the running kernel, %zu in "
			   "the patch",
			   atom->twin->size, atom->size);
	} else {
		diff_error(diff, atom, data_remedy(atom),
			   "changed data: the running kernel keeps the old contents");
	}
}

/* Arrays that macros build from all objects, one section each: a new member is not registered. */
static bool is_registry(const struct section *sec)
{
	return sec->class == SEC_DATA && !g_str_has_prefix(sec->name, ".data") &&
	       !g_str_has_prefix(sec->name, ".rodata") && !g_str_has_prefix(sec->name, ".bss") &&
	       strcmp(sec->name, "__dyndbg") && !section_is_init(sec) && !section_is_exit(sec);
}

static void check_data(struct diff *diff)
{
	for (unsigned int i = 0; i < diff->patched->atoms->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->patched->atoms, i);

		if (atom->kind != ATOM_DATA || atom->ignored || !atom->size ||
		    atom->sec->class != SEC_DATA)
			continue;
		if (atom->twin && atom->changed) {
			check_changed_variable(diff, atom);
		} else if (!atom->twin && atom->sym && !atom->included && is_registry(atom->sec)) {
			diff_warning(diff, atom, NULL,
				     "is new in %s and will not be registered there",
				     atom->sec->name);
		} else if (!atom->sym && !used_by_code(atom)) {
			struct section *old =
				g_hash_table_lookup(diff->orig->sec_by_name, atom->sec->name);
			struct atom *twin =
				old && old->atoms->len ? g_ptr_array_index(old->atoms, 0) : NULL;

			if (!twin || twin->sym || !atoms_equal(twin, atom))
				diff_error(diff, NULL,
					   "if it does not matter, add KPATCH_IGNORE_SECTION(...)",
					   "changed section %s: nothing would process it again",
					   atom->sec->name);
		}
	}
}

/* A table that this program does not know, but that describes places inside the code to replace. */
static void check_unknown_tables(struct diff *diff)
{
	for (unsigned int i = 0; i < diff->patched->atoms->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->patched->atoms, i);

		if (atom->kind != ATOM_DATA || atom->included)
			continue;
		for (unsigned int r = 0; r < atom->refs->len; r++) {
			const struct ref *ref = &g_array_index(atom->refs, struct ref, r);

			if (!ref->atom || ref->atom->kind != ATOM_FUNC || !ref->atom->included ||
			    ref->at == (int64_t)atom_entry_offset(ref->atom))
				continue;
			diff_error(diff, ref->atom, "this kernel needs a new rule for it",
				   "section %s describes code at offset 0x%lx of this function, "
				   "and only "
				   "the boot code would process it",
				   atom->sec->name, (unsigned long)ref->at);
			break;
		}
	}
}

static void check_included_atom(struct diff *diff, struct atom *atom)
{
	if (atom->stuck)
		diff_error(diff, atom, "patch a caller instead",
			   "cannot be moved: it has instructions that cannot be decoded, or short "
			   "branches to other functions in its section");
	if (!strcmp(atom->sec->name, ".BTF_ids"))
		diff_error(diff, atom, "do not change BTF id lists",
			   "BTF ids are filled in when the whole kernel is linked");
	if (atom->sec->shdr.sh_flags & SHF_GROUP)
		diff_error(diff, atom, NULL, "is in section group %s, which is not supported",
			   atom->sec->name);
	if (atom->kind == ATOM_DATA && atom->undecided)
		diff_error(
			diff, atom, "give the variables different names",
			"several static variables of the original, or one of another size, may be "
			"this one");
	for (unsigned int r = 0; r < atom->refs->len; r++) {
		const struct ref *ref = &g_array_index(atom->refs, struct ref, r);

		if (ref->atom && ref->atom->kind == ATOM_FUNC && !ref_is_internal(atom, ref) &&
		    ref->at != (int64_t)atom_entry_offset(ref->atom))
			diff_error(diff, atom, NULL, "refers into the middle of %s (offset 0x%lx)",
				   atom_name(ref->atom), (unsigned long)ref->at);
		if (ref->atom && ref->atom->twin && section_is_init(ref->atom->sec) &&
		    !ref_is_internal(atom, ref) && !section_is_init(atom->sec))
			diff_error(diff, atom, NULL, "refers to %s, which is gone after init",
				   atom_name(ref->atom));
	}
}

void check_changes(struct diff *diff)
{
	check_changed_functions(diff);
	check_data(diff);
	check_unknown_tables(diff);
	for (unsigned int i = 0; i < diff->included->len; i++) {
		check_included_atom(diff, g_ptr_array_index(diff->included, i));
		check_places(diff, g_ptr_array_index(diff->included, i));
	}
}
