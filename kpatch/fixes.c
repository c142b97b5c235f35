// SPDX-License-Identifier: GPL-2.0
#include "fixes.h"

#include <string.h>

#include "installed.h"
#include "text.h"

void fixes_add(json_t *object, const struct patch_module *module)
{
	json_object_set_new(object, "fixes",
			    patch_module_knows_fixes(module) ? lines_json(module->fixes)
							     : json_null());
}

/* The file that the loaded module came from; NULL: it is not there, or was not made to be told. */
static const struct patch_module *file_of(const struct host *host, const char *name,
					  const GPtrArray *installed)
{
	for (guint i = 0; i < installed->len; i++) {
		const struct installed *patch = installed->pdata[i];

		if (patch->module && !strcmp(patch->name, name) &&
		    module_is_same(host, patch->module))
			return patch->module;
	}
	return NULL;
}

void fixes_add_loaded(json_t *object, const struct host *host, const char *name,
		      const GPtrArray *installed)
{
	const struct patch_module *module = file_of(host, name, installed);

	if (!module) {
		static const char *const keys[] = { "fixes", "titles", "patch_version" };

		for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
			json_object_set_new(object, keys[i], json_null());
		return;
	}
	fixes_add(object, module);
	json_object_set_new(object, "titles", lines_json(module->titles));
	json_object_set_new(object, "patch_version", text_json(module->patch_version));
}

void fixes_write(GString *text, const json_t *object)
{
	const json_t *fixes = json_object_get(object, "fixes");

	if (!fixes)
		return;
	g_string_append(text, "  fixes:");
	for (size_t i = 0; i < json_array_size(fixes); i++)
		g_string_append_printf(text, "%s %s", i ? "," : "",
				       json_string_value(json_array_get(fixes, i)));
	if (!json_array_size(fixes))
		g_string_append(text, json_is_null(fixes) ? " not known" : " no CVE is named");
	g_string_append_c(text, '\n');
}

json_t *fixes_in_force(const json_t *patches)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	json_t *list = json_array();
	const json_t *patch, *fix;
	size_t p, f;

	json_array_foreach(patches, p, patch)
	{
		if (g_strcmp0(json_string_value(json_object_get(patch, "state")), "enabled"))
			continue;
		json_array_foreach(json_object_get(patch, "fixes"), f, fix)
		{
			if (g_hash_table_add(seen, (gpointer)json_string_value(fix)))
				g_ptr_array_add(names, (gpointer)json_string_value(fix));
		}
	}
	names_sort(names);
	for (guint i = 0; i < names->len; i++)
		json_array_append_new(list, json_string(names->pdata[i]));
	return list;
}
