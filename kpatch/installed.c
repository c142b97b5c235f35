// SPDX-License-Identifier: GPL-2.0
#include "installed.h"

#include <string.h>

#include "store.h"

static void free_installed(gpointer data)
{
	struct installed *patch = data;

	g_free(patch->path);
	g_free(patch->name);
	patch_module_free(patch->module);
	g_clear_error(&patch->error);
	g_free(patch);
}

static struct installed *read_one(const struct host *host, const char *path)
{
	struct installed *patch = g_new0(struct installed, 1);

	patch->path = g_strdup(path);
	patch->module = patch_module_read(path, &patch->error);
	patch->name = patch->module ? g_strdup(patch->module->name) : patch_name(path);
	if (patch->module && !patch_module_fits(host, patch->module, &patch->error))
		g_clear_pointer(&patch->module, patch_module_free);
	return patch;
}

GPtrArray *installed_read(const struct host *host)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(free_installed);
	g_autoptr(GPtrArray) paths = store_list(host, host->release);

	for (guint i = 0; i < paths->len; i++)
		g_ptr_array_add(list, read_one(host, paths->pdata[i]));
	return list;
}

bool installed_is_cumulative(const struct installed *patch)
{
	return patch->module && g_strcmp0(patch->module->replace, "Y") == 0;
}

const struct installed *installed_successor(const GPtrArray *list, guint i)
{
	const struct installed *patch = list->pdata[i];

	for (guint later = list->len; later-- > i + 1;) {
		const struct installed *other = list->pdata[later];
		if (installed_is_cumulative(other) && patch->module &&
		    other->module->ops == patch->module->ops)
			return other;
	}
	return NULL;
}
