// SPDX-License-Identifier: GPL-2.0
/* KPATCH_KEEP(): variables that outlive the patch. */
#include "declared.h"

#include <inttypes.h>
#include <string.h>

#include "declared-layout.h"
#include "names.h"
#include "tables.h"
#include "type-hash.h"

/*
 * Kept variables are in ordinary memory, which is written at any time. One in these sections would
 * lose what the section is for.
 */
static const struct {
	const char *section, *what;
} not_kept[] = {
	{ "..percpu", "is per-CPU" },
	{ "..ro_after_init", "becomes read-only when the patch is loaded" },
	{ "..decrypted", "is in memory that is shared with a hypervisor" },
	{ ".data.rel.ro", "is constant" },
};

/* Each variable has pages of its own. */
#define MAX_ALIGN 4096

static void keep_error(struct diff *diff, const struct atom *entry, const char *remedy,
		       const char *problem)
{
	diff_error(diff, NULL, remedy, "KPATCH_KEEP(%s) at %s:%" PRIu32 ": %s",
		   field_string(entry, KEEP_NAME), field_string(entry, KEEP_FILE),
		   field_word(entry, KEEP_LINE), problem);
}

static const char *why_not_kept(const struct atom *var)
{
	const char *section = var->sec->name;

	for (size_t i = 0; i < G_N_ELEMENTS(not_kept); i++) {
		if (strstr(section, not_kept[i].section))
			return not_kept[i].what;
	}
	if (section_is_init(var->sec) || section_is_exit(var->sec))
		return "is freed when the patch is loaded";
	if (!atom_is_writable(var))
		return "is constant: every patch brings its own";
	if (g_str_has_prefix(section, ".data") || g_str_has_prefix(section, ".bss"))
		return NULL;
	return "is in a section of its own kind";
}

/* The name is the key: another patch might keep the other one. */
static bool has_namesake(const struct atom *var, const char *name)
{
	const GPtrArray *symbols = var->obj->symbols;

	for (unsigned int i = 1; i < symbols->len; i++) {
		const struct symbol *other = g_ptr_array_index(symbols, i);

		if (other != var->sym && other->sec && other->type == STT_OBJECT &&
		    name_is_variable(other->name, name))
			return true;
	}
	return false;
}

/* What is in the way of keeping @var, which the source calls @name; NULL: nothing. */
static const char *find_obstacle(const struct atom *var, const char *name, const char **remedy)
{
	const char *problem = why_not_kept(var);

	*remedy = "keep an ordinary variable";
	if (problem)
		return problem;
	if (!var->sym->size) {
		*remedy = "remove it";
		return "has no bytes: there is nothing to keep";
	}
	if (var->sec->shdr.sh_addralign > MAX_ALIGN) {
		*remedy = "keep a pointer to it, and allocate it";
		return "is aligned to more than a page, where its storage begins";
	}
	if (has_namesake(var, name)) {
		*remedy = "give it a name of its own";
		return "is not the only variable of this name in its source file: another patch "
		       "could take one for the other";
	}
	return NULL;
}

bool is_keepable(const struct atom *var, const char *name)
{
	const char *remedy;

	return !find_obstacle(var, name, &remedy);
}

/* The whole of a variable: not a member, no initial value that is longer than the type says. */
static bool check_extent(struct diff *diff, const struct atom *entry, const struct ref *ref,
			 const char *name)
{
	const struct symbol *sym = ref->atom->sym;
	uint64_t size = field_long(entry, KEEP_BYTES);

	if (!sym || ref->at != (int64_t)(sym->value - ref->atom->start) ||
	    !name_is_variable(sym->name, name)) {
		keep_error(diff, entry, "keep the whole variable, by the name it is defined with",
			   "is not the name of a variable");
		return false;
	}

	const char *remedy, *problem = find_obstacle(ref->atom, name, &remedy);

	if (problem) {
		keep_error(diff, entry, remedy, problem);
		return false;
	}
	if (size == sym->size)
		return true;

	g_autofree char *sizes = g_strdup_printf(
		"has %" PRIu64 " bytes, and its type says %" PRIu64, sym->size, size);

	keep_error(diff, entry, "use a type whose size is that of the variable", sizes);
	return false;
}

static bool check_variable(struct diff *diff, const struct atom *entry, const char *name)
{
	const struct ref *ref = field_ref(entry, KEEP_INIT);
	const struct atom *var = ref ? ref->atom : NULL;

	if (!var || var->kind != ATOM_DATA) {
		keep_error(diff, entry, "write it in the source that defines the variable",
			   "is not defined in this source");
		return false;
	}
	if (var->twin) {
		keep_error(diff, entry, "remove it",
			   "is the kernel's own variable, which patches do not replace: there is "
			   "nothing to keep");
		return false;
	}
	return check_extent(diff, entry, ref, name);
}

/*
 * A section of its own until the module is finished: so it can be told what refers to the variable,
 * also by way of the section's symbol, and to the place right behind an array. No other object of
 * the patch has one of this name: what it is made from is the variable's key.
 */
static const char *section_name(const struct diff *diff, const char *file, const char *name)
{
	g_autofree char *key = g_strdup_printf("%s %s %s", diff->objname, file, name);
	g_autofree char *section = g_strdup_printf(KEPT_SECTION "%016" PRIx64, declared_hash(key));

	return g_intern_string(section);
}

static void set_type(struct diff *diff, struct atom *entry, const struct types *types)
{
	g_autoptr(GError) err = NULL;
	const struct symbol *sym = field_ref(entry, KEEP_INIT)->atom->sym;
	g_autofree char *text = types_describe(types, sym->name, sym->size, &err);
	g_autofree char *problem =
		text ? NULL : g_strdup_printf("its type is not known: %s", err->message);

	if (text)
		set_field(entry, KEEP_TYPE, declared_hash(text));
	else
		keep_error(diff, entry,
			   "use a type of C that does not depend on anything at run time", problem);
}

static bool is_entry(const struct atom *atom)
{
	return declared_in(atom, ".kpatch.keep") && declaration_is_complete(atom);
}

const struct atom *kept_entry(const struct diff *diff, const struct atom *var)
{
	for (unsigned int i = 0; var->kept_in && i < diff->included->len; i++) {
		const struct atom *entry = g_ptr_array_index(diff->included, i);

		if (is_entry(entry) && field_ref(entry, KEEP_INIT) &&
		    field_ref(entry, KEEP_INIT)->atom == var)
			return entry;
	}
	return NULL;
}

static void finish_entry(struct diff *diff, struct atom *entry, const struct types *types)
{
	const char *name = field_string(entry, KEEP_NAME);
	const char *file = field_string(entry, KEEP_FILE);

	if (!name || !file) {
		diff_error(diff, entry, "use KPATCH_KEEP() of kpatch-macros.h",
			   "a kept variable without name or place");
		return;
	}
	if (!check_variable(diff, entry, name))
		return;

	struct atom *var = field_ref(entry, KEEP_INIT)->atom;
	const struct atom *other = kept_entry(diff, var);

	if (other) {
		g_autofree char *problem = g_strdup_printf("is kept already, at %s:%" PRIu32,
							   field_string(other, KEEP_FILE),
							   field_word(other, KEEP_LINE));

		keep_error(diff, entry, "once for each variable", problem);
		return;
	}
	var->kept_in = section_name(diff, file, name);
	if (types)
		set_type(diff, entry, types);
}

/* NULL when it is in the diagnostics why. */
static struct types *open_types(struct diff *diff)
{
	g_autoptr(GError) err = NULL;
	struct types *types = diff->types_path ? types_open(diff->types_path, &err) : NULL;

	if (!types)
		diff_error(diff, NULL,
			   "give create-diff-object the patched object compiled with -g (--types)",
			   "KPATCH_KEEP(): the types of variables are not known%s%s",
			   err ? ": " : "", err ? err->message : "");
	return types;
}

void finish_kept(struct diff *diff)
{
	g_autoptr(types) types = NULL;

	if (!g_hash_table_contains(diff->patched->sec_by_name, ".kpatch.keep"))
		return;
	types = open_types(diff);
	for (unsigned int i = 0; i < diff->included->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->included, i);

		if (is_entry(atom))
			finish_entry(diff, atom, types);
	}
}
