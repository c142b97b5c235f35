// SPDX-License-Identifier: GPL-2.0
/*
 * Finding in the target what included code refers to. For what the object itself defines,
 * run-pre matching knows the very address; for what it imports, the name does unless several
 * symbols share it. What cannot be told apart is refused by name.
 */
#include "diff.h"

#include <string.h>

#include "names.h"

static const char *const no_address =
	"use another way to reach it, or report this with the kernel's version";

/* The key of a reference's target: the atom if it is defined, else the interned name. */
static const void *key_of(const struct ref *ref)
{
	return ref->atom ? (const void *)ref->atom : g_intern_string(ref->sym->name);
}

struct external *find_external(const struct diff *diff, const struct ref *ref)
{
	return g_hash_table_lookup(diff->externals, key_of(ref));
}

const struct external *function_target(const struct diff *diff, const struct atom *atom)
{
	return g_hash_table_lookup(diff->externals, atom);
}

static const struct kp_export *vmlinux_export(const struct diff *diff, const char *name)
{
	const struct kp_export *ex = kp_symvers_find(diff->symvers, name);

	return ex && kp_symvers_is_vmlinux(ex) && !ex->ns[0] ? ex : NULL;
}

static struct external *external_new(const char *objname, const struct kp_sym *sym,
				     const struct kp_symtab *tab)
{
	struct external *ext = g_new0(struct external, 1);

	ext->objname = g_strdup(objname);
	ext->name = g_strdup(sym->name);
	ext->sympos = kp_symtab_sympos(tab, sym);
	ext->addr = sym->addr;
	ext->late = strcmp(objname, "vmlinux") != 0;
	return ext;
}

/* Something that the module loader finds by itself, or that another object of the patch defines. */
static struct external *plain_new(const char *name, bool weak)
{
	struct external *ext = g_new0(struct external, 1);

	ext->plain = true;
	ext->alias = g_strdup(name);
	ext->name = g_strdup(name);
	ext->weak = weak;
	return ext;
}

/*
 * The name under which an unexported symbol is linked until the post-link step. A global symbol of
 * vmlinux keeps its own, which objtool knows things about (functions that do not return, static
 * call trampolines). Others get one that is unique over all objects of a patch. A static call in a
 * module hides its prefix: its site cannot be set up before the module is there, so it stays a call
 * of the trampoline, which always works.
 */
static void set_alias(struct external *ext, bool global)
{
	if (!ext->late && global)
		ext->alias = g_strdup(ext->name);
	else
		ext->alias = g_strdup_printf("%s%s..%s.%lu", ext->late ? "late." : "", ext->name,
					     ext->objname, ext->sympos);
}

/* The only global symbol called @name in @tab; sets *@several if there is more than one. */
static const struct kp_sym *only_global(const struct kp_symtab *tab, const char *name,
					bool *several)
{
	size_t count = 0;
	const struct kp_sym *const *syms = kp_symtab_find(tab, name, &count);
	const struct kp_sym *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!syms[i]->global)
			continue;
		if (found && found->addr != syms[i]->addr)
			*several = true;
		found = syms[i];
	}
	return found;
}

static struct external *from_table(struct diff *diff, const struct kp_symtab *tab,
				   const char *objname, const char *name)
{
	bool several = false;
	const struct kp_sym *sym = only_global(tab, name, &several);
	struct external *ext;

	if (!sym)
		return NULL;
	if (several)
		diff_error(diff, NULL, "rename the use, or refer to it through one of its users",
			   "%s: several global symbols of %s have this name", name, objname);
	ext = external_new(objname, sym, tab);
	set_alias(ext, true);
	return ext;
}

/*
 * An export of another module is imported as any module would: the loader checks its version, and
 * the module stays as long as the patch. It is not a late reference, since no core fills in those
 * to a module that the patch does not change, and a module that it does change may come later than
 * the one whose code calls it.
 */
static struct external *from_module_export(const struct diff *diff, const char *name, bool weak)
{
	const struct kp_export *ex = kp_symvers_find(diff->symvers, name);
	struct external *ext;

	if (!ex || kp_symvers_is_vmlinux(ex))
		return NULL;
	ext = plain_new(name, weak);
	ext->objname = kp_symvers_module_name(ex);
	return ext;
}

/* What run-pre matching learnt about an imported symbol from the code that uses it. */
static struct external *from_runpre(struct diff *diff, const char *name)
{
	const struct runpre_sym *rs = diff->rp ? runpre_find(diff->rp, name) : NULL;
	struct external *ext;

	if (!rs || rs->defined || rs->state != RUNPRE_MATCH || !rs->target)
		return NULL;
	ext = external_new(diff->objname, rs->target, diff->symtab);
	set_alias(ext, rs->target->global);
	return ext;
}

static struct external *resolve_import(struct diff *diff, const char *name, bool weak)
{
	struct external *ext;

	if (vmlinux_export(diff, name)) {
		bool several = false;
		const struct kp_symtab *tab =
			diff_is_module(diff)
				? (diff->vmlinux ? kp_image_symtab(diff->vmlinux) : NULL)
				: diff->symtab;
		const struct kp_sym *sym = tab ? only_global(tab, name, &several) : NULL;

		ext = plain_new(name, weak);
		ext->objname = g_strdup("vmlinux");
		if (sym)
			ext->addr = sym->addr;
		return ext;
	}
	ext = from_runpre(diff, name);
	if (!ext)
		ext = from_table(diff, diff->symtab, diff->objname, name);
	/* Before what vmlinux does not export: a module cannot have meant that. */
	if (!ext)
		ext = from_module_export(diff, name, weak);
	if (!ext && diff->vmlinux)
		ext = from_table(diff, kp_image_symtab(diff->vmlinux), "vmlinux", name);
	return ext ? ext : plain_new(name, weak);
}

/* Without an image: a name that is unique, or unique in the object's own FILE block. */
static const struct kp_sym *local_by_file(const struct diff *diff, const char *name)
{
	size_t count = 0;
	const struct kp_sym *const *syms = kp_symtab_find(diff->symtab, name, &count);
	const struct kp_sym *found = NULL;

	if (count == 1)
		return syms[0];
	for (size_t i = 0; i < count; i++) {
		bool all = syms[i]->file != 0;

		/* every static function of the object must be in the same block */
		for (unsigned int a = 0; all && a < diff->orig->atoms->len; a++) {
			const struct atom *atom = g_ptr_array_index(diff->orig->atoms, a);
			size_t others = 0, k;

			if (atom->kind != ATOM_FUNC || !atom->sym || atom->sym->bind != STB_LOCAL)
				continue;
			const struct kp_sym *const *o =
				kp_symtab_find(diff->symtab, atom->sym->name, &others);

			for (k = 0; k < others && o[k]->file != syms[i]->file; k++)
				;
			all = k < others;
		}
		if (all && found)
			return NULL;
		if (all)
			found = syms[i];
	}
	return found;
}

static const struct kp_sym *locate(struct diff *diff, struct atom *orig, struct external *ext)
{
	const char *name = orig->sym->name;

	if (!diff->rp) {
		bool several = false;
		const struct kp_sym *sym = atom_is_local(orig)
						   ? local_by_file(diff, name)
						   : only_global(diff->symtab, name, &several);

		if (!sym || several)
			diff_error(diff, orig,
				   "give the kernel image (vmlinuz or .ko) as symbol table",
				   "not found in %s, or not uniquely", diff->symtab_path);
		return several ? NULL : sym;
	}
	const struct runpre_sym *rs = runpre_find(diff->rp, name);
	const char *why = rs && rs->why ? rs->why : "";

	if (!rs || !rs->defined) {
		diff_error(diff, orig, no_address, "is not in the object that was matched");
	} else if (rs->state == RUNPRE_AMBIGUOUS) {
		diff_error(diff, orig, no_address, "several places in %s fit: %s", diff->objname,
			   why);
	} else if (rs->state == RUNPRE_ABSENT) {
		diff_error(diff, orig, no_address, "is not in %s: %s", diff->objname, why);
	} else if (!rs->target) {
		diff_error(diff, orig, no_address, "has no entry in the symbol table of %s",
			   diff->objname);
	} else if (!kp_symtab_sympos_is_stable(diff->symtab, rs->target)) {
		diff_error(diff, orig, no_address,
			   "shares its name with init code of %s, so its position is not the same "
			   "while the module loads and afterwards",
			   diff->objname);
	} else {
		ext->unverified = rs->state == RUNPRE_DIFFERS;
		return rs->target;
	}
	return NULL;
}

static bool is_overridden(const struct diff *diff, const char *name)
{
	const struct runpre_sym *rs = diff->rp ? runpre_find(diff->rp, name) : NULL;

	return rs && rs->defined && rs->state == RUNPRE_OVERRIDDEN;
}

/* @atom: patched side, with a twin that is what is referred to. */
static struct external *resolve_original(struct diff *diff, struct atom *atom)
{
	struct atom *orig = atom->twin;
	struct external probe = { 0 }, *ext;
	const struct kp_sym *sym;

	if (is_overridden(diff, orig->sym->name)) {
		ext = resolve_import(diff, orig->sym->name, false);
		ext->shift = -(int64_t)atom_entry_offset(atom);
		return ext;
	}
	sym = locate(diff, orig, &probe);
	if (!sym)
		return NULL;
	ext = external_new(diff->objname, sym, diff->symtab);
	ext->unverified = probe.unverified;
	ext->shift = -(int64_t)atom_entry_offset(atom);
	ext->plain = !diff_is_module(diff) && sym->global && vmlinux_export(diff, sym->name);
	set_alias(ext, sym->global);
	return ext;
}

static void external_free(void *data)
{
	struct external *ext = data;

	if (!ext)
		return;
	g_free(ext->alias);
	g_free(ext->objname);
	g_free(ext->name);
	g_free(ext);
}

static void need(struct diff *diff, const void *key, struct atom *atom, const char *name, bool weak)
{
	if (g_hash_table_contains(diff->externals, key))
		return;
	g_hash_table_insert(diff->externals, (void *)key,
			    atom ? resolve_original(diff, atom) : resolve_import(diff, name, weak));
}

void resolve_externals(struct diff *diff)
{
	diff->externals = g_hash_table_new_full(NULL, NULL, NULL, external_free);
	for (unsigned int i = 0; i < diff->functions->len; i++) {
		struct atom *function = g_ptr_array_index(diff->functions, i);

		need(diff, function, function, NULL, false);
	}
	for (unsigned int i = 0; i < diff->included->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->included, i);

		for (unsigned int r = 0; r < atom->refs->len; r++) {
			const struct ref *ref = &g_array_index(atom->refs, struct ref, r);

			if (ref_is_internal(atom, ref))
				continue;
			if (!ref->atom && (!ref->sym || ref->sym->sec || ref->sym->absolute ||
					   !ref->sym->name[0])) {
				diff_error(diff, atom, NULL,
					   "offset 0x%zx refers to something that is not carried "
					   "over (%s)",
					   ref->offset, ref->sym ? ref->sym->name : "?");
				continue;
			}
			need(diff, key_of(ref), ref->atom, ref->sym->name,
			     ref->sym->bind == STB_WEAK);
		}
	}
}
