// SPDX-License-Identifier: GPL-2.0
/* New variables, for the report: their values are lost with the patch, if they are not kept. */
#include "declared.h"

#include <inttypes.h>
#include <string.h>

#include "declared-layout.h"
#include "names.h"
#include "tables.h"

static bool is_new_data(const struct atom *atom)
{
	return atom->kind == ATOM_DATA && atom->sym && atom->sec->class == SEC_DATA &&
	       !atom->twin && atom_is_writable(atom) && !atom_is_special_static(atom) &&
	       !section_is_init(atom->sec) &&
	       (g_str_has_prefix(atom->sec->name, ".data") ||
		g_str_has_prefix(atom->sec->name, ".bss"));
}

static bool refers_to(const struct atom *function, const struct atom *var)
{
	for (unsigned int r = 0; r < function->refs->len; r++) {
		if (g_array_index(function->refs, struct ref, r).atom == var)
			return true;
	}
	return false;
}

/* The first function that uses @var; NULL if there is none. */
static char *user_of(const struct diff *diff, const struct atom *var)
{
	for (unsigned int i = 0; i < diff->included->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->included, i);

		if (atom->kind == ATOM_FUNC && atom->sym && refers_to(atom, var))
			return name_base(atom_name(atom_root(atom)));
	}
	return NULL;
}

/*
 * What the source calls it, and for a static in a function which one that is: GCC says "x.3", clang
 * "function.x.3". GCC's may have been inlined into the function that is named.
 */
static void source_name(const struct diff *diff, const struct atom *var, char **name,
			char **function)
{
	g_autofree char *key = name_key(var->sym->name);
	const char *dot = strchr(key, '.');

	if (dot) {
		*name = g_strdup(dot + 1);
		*function = g_strndup(key, (gsize)(dot - key));
	} else {
		*name = g_strdup(key);
		*function = name_is_numbered(var->sym->name) ? user_of(diff, var) : NULL;
	}
}

static json_t *variable_json(const struct diff *diff, const struct atom *var)
{
	g_autofree char *name = NULL, *function = NULL;

	if (!is_new_data(var))
		return NULL;

	const struct atom *entry = kept_entry(diff, var);

	source_name(diff, var, &name, &function);
	return json_pack("{s:s, s:s?, s:I, s:s, s:b, s:b, s:o, s:o}", "name", name, "function",
			 function, "size", (json_int_t)var->size, "section", var->sec->name,
			 "keepable", is_keepable(var, name), "kept", entry != NULL, "where",
			 entry ? field_place(entry, KEEP_FILE, KEEP_LINE) : json_null(), "type",
			 entry ? json_sprintf("0x%" PRIx64, field_long(entry, KEEP_TYPE))
			       : json_null());
}

json_t *new_data(const struct diff *diff)
{
	return list_included(diff, variable_json);
}
