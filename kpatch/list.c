// SPDX-License-Identifier: GPL-2.0
/* kpatch list: what is in force, read from sysfs. */
#include <stdlib.h>
#include <string.h>

#include "blockers.h"
#include "command.h"
#include "core.h"
#include "declared.h"
#include "fixes.h"
#include "installed.h"
#include "module.h"
#include "text.h"

/* The folders in a folder, sorted. */
static GPtrArray *folders(const char *path)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		if (g_file_test(child, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(names, g_strdup(name));
	}
	names_sort(names);
	return names;
}

/* A function's folder is called "name,position"; the position counts equal names from 1. */
static json_t *function_json(const char *folder)
{
	const char *comma = strrchr(folder, ',');
	int position = comma ? atoi(comma + 1) : 1;
	g_autofree char *name =
		g_strndup(folder, comma ? (size_t)(comma - folder) : strlen(folder));

	return json_pack("{s:s, s:i}", "name", name, "sympos", position);
}

static json_t *object_json(const char *patch_dir, const char *name)
{
	g_autofree char *dir = g_build_filename(patch_dir, name, NULL);
	g_autofree char *patched = host_read(dir, "patched", NULL);
	g_autoptr(GPtrArray) functions = folders(dir);
	json_t *list = json_array();

	for (guint i = 0; i < functions->len; i++)
		json_array_append_new(list, function_json(functions->pdata[i]));
	json_t *object = json_pack("{s:s, s:o}", "name", name, "functions", list);
	/* Kernels before 6.1 do not say. */
	if (patched)
		json_object_set_new(object, "patched", json_boolean(strcmp(patched, "1") == 0));
	return object;
}

static json_t *patch_json(const struct host *host, const struct loaded_patch *loaded,
			  const GPtrArray *installed)
{
	const struct core_ops *core = loaded->core;
	const struct patch_state state = loaded->state;
	const char *name = loaded->name;
	g_autofree char *dir = core_patch_dir(host, core, name);
	g_autoptr(GPtrArray) objects = folders(dir);
	json_t *list = json_array();

	for (guint i = 0; i < objects->len; i++)
		json_array_append_new(list, object_json(dir, objects->pdata[i]));
	json_t *patch = json_pack("{s:s, s:s, s:s, s:o}", "name", name, "core", core->name, "state",
				  patch_state_name(&state), "objects", list);
	declared_add(patch, dir);
	fixes_add_loaded(patch, host, name, installed);
	if (state.transition) {
		g_autoptr(GPtrArray) blockers = core->blockers(host, name, state.enabled);
		json_object_set_new(patch, "blockers", blockers_json(blockers));
	}
	return patch;
}

/* Modules of patches that a cumulative one replaced. */
static void add_leftovers(const struct host *host, json_t *patches)
{
	g_autoptr(GPtrArray) modules = module_leftovers(host);

	for (guint i = 0; i < modules->len; i++)
		json_array_append_new(patches,
				      json_pack("{s:s, s:s, s:[]}", "name", modules->pdata[i],
						"state", "not in force", "objects"));
}

static void write_object(GString *text, const json_t *object)
{
	const json_t *patched = json_object_get(object, "patched");
	const json_t *function;
	size_t i;

	g_string_append_printf(text, "  %s%s:", json_string_value(json_object_get(object, "name")),
			       patched && !json_is_true(patched) ? " (not loaded)" : "");
	json_array_foreach(json_object_get(object, "functions"), i, function)
	{
		json_int_t position = json_integer_value(json_object_get(function, "sympos"));
		g_string_append_printf(text, " %s",
				       json_string_value(json_object_get(function, "name")));
		if (position > 1)
			g_string_append_printf(text, ",%d", (int)position);
	}
	g_string_append_c(text, '\n');
}

static void write_blocker(GString *text, const json_t *task)
{
	const char *function = json_string_value(json_object_get(task, "function"));

	g_string_append_printf(text, "  waiting for task %d %s%s%s\n",
			       (int)json_integer_value(json_object_get(task, "tid")),
			       json_string_value(json_object_get(task, "comm")),
			       function ? " in " : "", function ? function : "");
}

static void write_patch(GString *text, const json_t *patch)
{
	const json_t *object, *task;
	size_t i;

	const char *core = json_string_value(json_object_get(patch, "core"));
	g_string_append_printf(text, "%s  %s%s%s%s\n",
			       json_string_value(json_object_get(patch, "name")),
			       json_string_value(json_object_get(patch, "state")),
			       core ? "  (core " : "", core ? core : "", core ? ")" : "");
	fixes_write(text, patch);
	json_array_foreach(json_object_get(patch, "objects"), i, object) write_object(text, object);
	declared_write(text, patch);
	json_array_foreach(json_object_get(patch, "blockers"), i, task) write_blocker(text, task);
}

bool command_list(const struct command *cmd, const char *arg G_GNUC_UNUSED,
		  GError **err G_GNUC_UNUSED)
{
	json_t *patches = json_array();
	g_autoptr(GPtrArray) loaded = loaded_patches(cmd->host);
	g_autoptr(GPtrArray) installed =
		loaded->len ? installed_read(cmd->host) : g_ptr_array_new();

	for (guint l = 0; l < loaded->len; l++)
		json_array_append_new(patches, patch_json(cmd->host, loaded->pdata[l], installed));
	add_leftovers(cmd->host, patches);

	size_t i;
	const json_t *patch;
	json_array_foreach(patches, i, patch) write_patch(cmd->text, patch);
	if (!json_array_size(patches))
		g_string_append(cmd->text, "no patches are loaded\n");
	json_object_set_new(cmd->result, "fixes", fixes_in_force(patches));
	json_object_set_new(cmd->result, "patches", patches);
	return true;
}
