// SPDX-License-Identifier: GPL-2.0
/* What can only be judged with the target at hand. */
#include "diff.h"

#include <string.h>

#include "arch.h"
#include "error.h"
#include "tables.h"

/* The code that is replaced must be the code that was compiled, cold part included. */
static void check_identity(struct diff *diff, const struct atom *patched)
{
	const struct atom *orig = patched->twin;
	const struct runpre_sym *rs = orig ? runpre_find(diff->rp, orig->sym->name) : NULL;

	if (!rs || rs->state == RUNPRE_MATCH || rs->state == RUNPRE_AMBIGUOUS ||
	    (rs->state == RUNPRE_ABSENT && rs->defined))
		return; /* the latter two have been reported when they were located */
	if (rs->state == RUNPRE_OVERRIDDEN)
		diff_error(diff, patched, "patch the definition that the kernel uses",
			   "is a weak definition that %s does not use", diff->objname);
	else
		diff_error(diff, patched,
			   "use the source, configuration and compiler of the running kernel",
			   "compiled original and %s differ at offset 0x%lx: %s", diff->objname,
			   (unsigned long)rs->differs_at, rs->why ? rs->why : "other code");
}

static void check_identities(struct diff *diff)
{
	for (unsigned int i = 0; i < diff->functions->len; i++) {
		const struct atom *function = g_ptr_array_index(diff->functions, i);

		check_identity(diff, function);
		for (unsigned int c = 0; function->children && c < function->children->len; c++)
			check_identity(diff, g_ptr_array_index(function->children, c));
	}
}

/*
 * Leave a jump table entry out. The compiler emits a jump that objtool would turn into a NOP
 * (bit 1 of the key's addend asks for it: arch/x86/include/asm/jump_label.h); without the entry
 * this has to be done here, else the branch would be taken.
 */
static bool drop_jump_label(struct atom *entry)
{
	const struct ref *code = &g_array_index(entry->refs, struct ref, 0);
	const struct ref *key = &g_array_index(entry->refs, struct ref, 2);
	struct atom *function = entry->owner;
	size_t pos = (size_t)code->at;

	entry->dropped = true;
	if (!(key->at & 2))
		return true;
	const uint8_t *bytes = atom_bytes(function);

	if (!bytes || code->at < 0 || pos >= function->size)
		return false;
	size_t len = arch.branch_len(bytes + pos, function->size - pos);

	if (!len)
		return false;
	if (!function->patched)
		function->patched = g_memdup2(bytes, function->size);
	for (unsigned int r = function->refs->len; r-- > 0;) {
		const struct ref *ref = &g_array_index(function->refs, struct ref, r);

		if (ref->offset >= pos && ref->offset < pos + len)
			g_array_remove_index(function->refs, r);
	}
	return arch.write_nop(function->patched + pos, len);
}

static bool is_tracepoint_key(const struct ref *key)
{
	const char *name = key->atom ? atom_name(key->atom) : key->sym->name;

	return g_str_has_prefix(name, "__tracepoint_");
}

/* Kernels from 6.13 on, and stable ones with the fix, know keys that have become read-only. */
static bool kernel_seals_keys(const struct kp_image *vmlinux)
{
	size_t count = 0;

	return kp_symtab_find(kp_image_symtab(vmlinux), "jump_label_init_ro", &count);
}

static void check_jump_label(struct diff *diff, struct atom *entry)
{
	const struct ref *code = &g_array_index(entry->refs, struct ref, 0);
	const struct ref *key = &g_array_index(entry->refs, struct ref, 2);
	const struct kp_image *vmlinux = diff_is_module(diff) ? diff->vmlinux : diff->image;
	const struct external *ext;
	static const char *const remedy = "use static_key_enabled() instead";

	if (ref_is_internal(entry, key))
		return;
	ext = find_external(diff, key);
	if (!ext)
		return;
	const char *name = key->atom ? atom_name(key->atom) : key->sym->name;

	if (ext->late && is_tracepoint_key(key)) {
		if (!drop_jump_label(entry))
			diff_error(diff, entry->owner, remedy,
				   "jump label at offset 0x%lx has an unknown form",
				   (unsigned long)code->at);
		else
			diff_warning(diff, entry->owner, NULL,
				     "the tracepoint %s of %s is silent in the patched function",
				     name + strlen("__tracepoint_"), ext->objname);
	} else if (ext->late) {
		diff_error(diff, entry->owner, remedy,
			   "jump label at offset 0x%lx uses key %s, which is defined in module %s",
			   (unsigned long)code->at, name, ext->objname);
	} else if (vmlinux && ext->addr && kp_image_ro_after_init(vmlinux, ext->addr) &&
		   !kernel_seals_keys(vmlinux)) {
		diff_error(diff, entry->owner, remedy,
			   "jump label at offset 0x%lx uses key %s, which is read-only after init: "
			   "this "
			   "kernel would crash when the patch is loaded",
			   (unsigned long)code->at, name);
	}
}

/* The module loader works on these before late references are written. */
static void check_late(struct diff *diff, struct atom *atom)
{
	bool consumed = (atom->sec->table && atom->sec->table->loader_consumes) ||
			!strcmp(atom->sec->name, ".altinstr_replacement");

	for (unsigned int r = 0; consumed && !atom->dropped && r < atom->refs->len; r++) {
		const struct ref *ref = &g_array_index(atom->refs, struct ref, r);
		const struct external *ext =
			ref_is_internal(atom, ref) ? NULL : find_external(diff, ref);

		if (!ext || !ext->late || table_is(atom->sec, "__jump_table"))
			continue;
		diff_error(diff, atom->owner, "avoid the reference in this place",
			   "%s refers to %s of module %s, but the kernel needs that address before "
			   "the "
			   "module is there",
			   atom->sec->name, ext->name, ext->objname);
	}
}

/* Bytes that alternatives or paravirt patching replaces must not hold a late reference. */
static void check_patched_site(struct diff *diff, struct atom *entry)
{
	const uint8_t *bytes = atom_bytes(entry);
	size_t len_at;

	if (table_is(entry->sec, ".altinstructions"))
		len_at = entry->size - 2; /* struct alt_instr ends with instrlen, replacementlen */
	else if (table_is(entry->sec, ".parainstructions"))
		len_at = 9; /* struct paravirt_patch_site: u8 *instr, u8 type, u8 len */
	else
		return;
	const struct ref *site = &g_array_index(entry->refs, struct ref, 0);

	for (unsigned int r = 0; bytes && len_at < entry->size && r < entry->owner->refs->len;
	     r++) {
		const struct ref *ref = &g_array_index(entry->owner->refs, struct ref, r);
		int64_t off = (int64_t)ref->offset - site->at;
		const struct external *ext;

		if (off < 0 || off >= bytes[len_at] || ref_is_internal(entry->owner, ref))
			continue;
		ext = find_external(diff, ref);
		if (ext && ext->late)
			diff_error(
				diff, entry->owner, "avoid the reference in this place",
				"offset 0x%zx refers to %s of module %s, but the kernel replaces "
				"that instruction before the module is there",
				ref->offset, ext->name, ext->objname);
	}
}

static void check_reference(struct diff *diff, const struct atom *atom)
{
	for (unsigned int r = 0; r < atom->refs->len; r++) {
		const struct ref *ref = &g_array_index(atom->refs, struct ref, r);
		const struct external *ext = !ref_is_internal((struct atom *)atom, ref)
						     ? find_external(diff, ref)
						     : NULL;

		if (ext && diff->image && ext->addr && ext->objname && !ext->plain &&
		    !strcmp(ext->objname, diff->objname) &&
		    kp_image_is_init(diff->image, ext->addr))
			diff_error(diff, atom, NULL, "refers to %s, which is gone after init",
				   ext->name);
	}
}

void check_target(struct diff *diff)
{
	if (diff->rp)
		check_identities(diff);
	for (unsigned int i = 0; i < diff->included->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->included, i);

		if (table_is(atom->sec, "__jump_table"))
			check_jump_label(diff, atom);
		check_late(diff, atom);
		check_reference(diff, atom);
		if (atom->kind == ATOM_ENTRY && atom->owner)
			check_patched_site(diff, atom);
	}
}
