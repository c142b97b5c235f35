// SPDX-License-Identifier: GPL-2.0
/* Types of shadow variables: struct kpatch_patch_shadow of kmod/patch/kpatch-patch.h. */
#include "declared.h"

#include <inttypes.h>
#include <string.h>

enum {
	SHADOW_ID = 8,
	SHADOW_CTOR = 16,
	SHADOW_DTOR = 24,
	SHADOW_NAME = 32,
	SHADOW_FILE = 40,
	SHADOW_LINE = 56,
};

void finish_shadow_type(struct diff *diff, struct atom *atom)
{
	if (!field_string(atom, SHADOW_NAME) || !field_string(atom, SHADOW_FILE))
		diff_error(diff, atom, "use KPATCH_SHADOW_TYPE() of kpatch-macros.h",
			   "a type of shadow variables without name or place");
}

/* The function at @offset, as the report names it. */
static void report_function(json_t *type, const char *key, const struct atom *atom, size_t offset)
{
	const struct ref *ref = field_ref(atom, offset);

	if (ref)
		json_object_set_new(type, key,
				    json_string(ref->atom ? atom_name(ref->atom) : ref->sym->name));
}

/* The type with @id in @list, new if there is none. */
static json_t *type_in(json_t *list, const char *id, const char *name)
{
	size_t i;
	json_t *type;

	json_array_foreach(list, i, type)
	{
		if (!strcmp(json_string_value(json_object_get(type, "id")), id))
			return type;
	}
	type = json_pack("{s:s, s:s?, s:n, s:n, s:[]}", "id", id, "name", name, "ctor", "dtor",
			 "where");
	json_array_append_new(list, type);
	return type;
}

json_t *declared_shadow_types(const struct diff *diff)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < diff->included->len; i++) {
		const struct atom *atom = g_ptr_array_index(diff->included, i);
		const struct declaration_rule *rule = declaration_rule(atom);

		if (!rule || !declared_in(atom, ".kpatch.shadow_types") ||
		    atom->size != rule->size || !atom_bytes(atom))
			continue;

		g_autofree char *id = g_strdup_printf("0x%" PRIx64, field_long(atom, SHADOW_ID));
		json_t *type = type_in(list, id, field_string(atom, SHADOW_NAME));

		report_function(type, "ctor", atom, SHADOW_CTOR);
		report_function(type, "dtor", atom, SHADOW_DTOR);
		json_array_append_new(json_object_get(type, "where"),
				      field_place(atom, SHADOW_FILE, SHADOW_LINE));
	}
	return list;
}
