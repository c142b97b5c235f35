// SPDX-License-Identifier: GPL-2.0
/* KPATCH_KEEP(): variables that outlive the patch. */
#include "declared.h"

#include <inttypes.h>
#include <string.h>

#include "declared-layout.h"
#include "tables.h"
#include "type-hash.h"

/* Ordinary memory that is written at any time. In the others a variable would lose what they are
 * for. */
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

static bool is_digits(const char *text)
{
	while (g_ascii_isdigit(*text))
		text++;
	return !*text;
}

/* Whether @symbol is what a compiler calls the variable @name: "x", GCC's "x.3", clang's "f.x.3".
 */
static bool is_variable(const char *symbol, const char *name)
{
	size_t len = strlen(name);
	const char *at = symbol;

	if (strncmp(at, name, len) || (at[len] && at[len] != '.')) {
		at = strchr(symbol, '.');
		if (!at || strncmp(++at, name, len))
			return false;
	}
	return !at[len] || (at[len] == '.' && is_digits(at + len + 1));
}

static void keep_error(struct diff *diff, const struct atom *entry, const char *remedy,
		       const char *problem)
{
	g_autofree char *name = g_strdup(field_string(entry, KEEP_NAME));

	diff_error(diff, NULL, remedy, "KPATCH_KEEP(%s) at %s:%" PRIu32 ": %s", name,
		   field_string(entry, KEEP_FILE), field_word(entry, KEEP_LINE), problem);
}

const char *why_not_kept(const struct atom *var)
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

static bool check_memory(struct diff *diff, const struct atom *entry, const struct atom *var)
{
	const char *problem = why_not_kept(var);

	if (problem)
		keep_error(diff, entry, "keep an ordinary variable", problem);
	return !problem;
}

/* The whole of a variable: not a member, no initial value that is longer than the type says. */
static bool check_extent(struct diff *diff, const struct atom *entry, const struct ref *ref,
			 const char *name)
{
	const struct symbol *sym = ref->atom->sym;
	uint64_t size = field_long(entry, KEEP_BYTES), align = field_long(entry, KEEP_ALIGN);

	if (!sym || ref->at != (int64_t)(sym->value - ref->atom->start) ||
	    !is_variable(sym->name, name)) {
		keep_error(diff, entry, "keep the whole variable, by the name it is defined with",
			   "is not the name of a variable");
		return false;
	}
	if (align > MAX_ALIGN) {
		keep_error(diff, entry, "keep a pointer to it, and allocate it",
			   "is aligned to more than a page, where its storage begins");
		return false;
	}
	if (size && size == sym->size)
		return true;

	g_autofree char *problem = g_strdup_printf(
		"has %" PRIu64 " bytes, and its type says %" PRIu64, sym->size, size);

	keep_error(diff, entry, "use a type whose size is that of the variable", problem);
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
	return check_memory(diff, entry, var) && check_extent(diff, entry, ref, name);
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

static void finish_entry(struct diff *diff, struct atom *entry, const struct types *types,
			 GHashTable *seen)
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

	const char *section = section_name(diff, file, name);
	const struct atom *other = g_hash_table_lookup(seen, section);

	if (other) {
		g_autofree char *problem =
			g_strdup_printf("there is one of this name already, at line %" PRIu32,
					field_word(other, KEEP_LINE));

		keep_error(diff, entry,
			   "once for each variable; give variables of different functions "
			   "different names",
			   problem);
		return;
	}
	g_hash_table_insert(seen, (char *)section, entry);
	field_ref(entry, KEEP_INIT)->atom->kept_in = section;
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

static bool is_entry(const struct atom *atom)
{
	return declared_in(atom, ".kpatch.keep") && atom->size == KEEP_SIZE && atom_bytes(atom);
}

void finish_kept(struct diff *diff)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(types) types = NULL;

	if (!g_hash_table_contains(diff->patched->sec_by_name, ".kpatch.keep"))
		return;
	types = open_types(diff);
	for (unsigned int i = 0; i < diff->included->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->included, i);

		if (is_entry(atom))
			finish_entry(diff, atom, types, seen);
	}
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
