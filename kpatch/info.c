// SPDX-License-Identifier: GPL-2.0
/* kpatch info: what is in the file of a patch module. */
#include <string.h>

#include "command.h"
#include "contents.h"
#include "core.h"
#include "fixes.h"
#include "module.h"
#include "text.h"

/* "kpatch,nf_tables" */
static json_t *depends_json(const char *depends)
{
	g_auto(GStrv) names = g_strsplit(depends ? depends : "", ",", -1);
	json_t *list = json_array();

	for (char **name = names; *name; name++)
		if (**name)
			json_array_append_new(list, text_json(*name));
	return list;
}

/* Null: kpatch-build did not make the module, or was an older one. */
static json_t *replace_json(const char *replace)
{
	return replace ? json_boolean(strcmp(replace, "Y") == 0) : json_null();
}

static void set_module(json_t *result, const struct patch_module *module)
{
	const struct {
		const char *key, *value;
	} texts[] = {
		{ "patch", module->name },
		{ "file", module->path },
		{ "core", module->core },
		{ "version", module->version },
		{ "description", module->description },
		{ "author", module->author },
		{ "license", module->license },
		{ "kernel_build_id", module->kernel_id },
		{ "build_id", module->build_id },
		{ "patch_sha256", module->patch_sha256 },
		{ "patch_version", module->patch_version },
		{ "source", module->source },
		{ "compiler", module->compiler },
	};
	const struct {
		const char *key, *lines;
	} lists[] = {
		{ "titles", module->titles },
		{ "authors", module->authors },
		{ "diffs_sha256", module->diffs },
	};
	g_autofree char *kernel = g_strndup(module->vermagic, strcspn(module->vermagic, " "));

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		json_object_set_new(result, texts[i].key, text_json(texts[i].value));
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		json_object_set_new(result, lists[i].key, lines_json(lists[i].lines));
	fixes_add(result, module);
	json_object_set_new(result, "kernel", text_json(kernel));
	json_object_set_new(result, "replace", replace_json(module->replace));
	json_object_set_new(result, "depends", depends_json(module->depends));
}

/* ---- for people ---- */

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* "a, b" */
static void write_names(GString *text, const json_t *names)
{
	for (size_t i = 0; i < json_array_size(names); i++)
		g_string_append_printf(text, "%s%s", i ? ", " : "",
				       json_string_value(json_array_get(names, i)));
}

/* "(FILE:LINE)", where it is known. */
static void write_place(GString *text, const json_t *item)
{
	const char *where = text_of(item, "where");

	if (where)
		g_string_append_printf(text, " (%s)", where);
}

/* "title: A", and so on: there may be commas in these. */
static void write_lines(GString *text, const char *title, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		g_string_append_printf(text, "  %s: %s\n", title,
				       json_string_value(json_array_get(list, i)));
}

static void write_module(GString *text, const json_t *info)
{
	static const char *const keys[] = { "version", "description", "author", "license" };
	static const char *const built[][2] = { { "source", "from source" },
						{ "compiler", "by compiler" } };
	const char *kernel_id = text_of(info, "kernel_build_id");
	const json_t *replace = json_object_get(info, "replace");
	const json_t *depends = json_object_get(info, "depends");

	g_string_append_printf(text, "%s\n  file: %s\n", text_of(info, "patch"),
			       text_of(info, "file"));
	write_lines(text, "title", json_object_get(info, "titles"));
	if (text_of(info, "patch_version"))
		g_string_append_printf(text, "  patch version: %s\n",
				       text_of(info, "patch_version"));
	write_lines(text, "patch author", json_object_get(info, "authors"));
	fixes_write(text, info);
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		if (text_of(info, keys[i]))
			g_string_append_printf(text, "  %s: %s\n", keys[i], text_of(info, keys[i]));
	g_string_append_printf(text, "  core: %s\n  kernel: %s%s%s%s\n", text_of(info, "core"),
			       text_of(info, "kernel"), kernel_id ? " (build-id " : "",
			       kernel_id ? kernel_id : "", kernel_id ? ")" : "");
	for (size_t i = 0; i < G_N_ELEMENTS(built); i++)
		if (text_of(info, built[i][0]))
			g_string_append_printf(text, "  built %s: %s\n", built[i][1],
					       text_of(info, built[i][0]));
	write_lines(text, "diff, SHA-256", json_object_get(info, "diffs_sha256"));
	g_string_append_printf(text, "  cumulative: %s\n",
			       json_is_null(replace)   ? "the file does not say"
			       : json_is_true(replace) ? "yes"
						       : "no");
	if (json_array_size(depends)) {
		g_string_append(text, "  needs modules: ");
		write_names(text, depends);
		g_string_append_c(text, '\n');
	}
}

static void write_function(GString *text, const json_t *function)
{
	json_int_t position = number_of(function, "sympos");

	g_string_append_printf(text, "    function %s", text_of(function, "name"));
	if (position)
		g_string_append_printf(text, ",%" JSON_INTEGER_FORMAT, position);
	g_string_append_printf(text,
			       ": %" JSON_INTEGER_FORMAT " bytes, was %" JSON_INTEGER_FORMAT "\n",
			       number_of(function, "new_size"), number_of(function, "old_size"));
}

static void write_callback(GString *text, const json_t *callback)
{
	g_string_append_printf(text, "    callback %s: %s", text_of(callback, "kind"),
			       text_of(callback, "function"));
	write_place(text, callback);
	g_string_append_c(text, '\n');
}

static void write_object(GString *text, const json_t *object)
{
	const char *id = text_of(object, "build_id");
	json_int_t late = number_of(object, "late_references");
	const json_t *item;
	size_t i;

	g_string_append_printf(text, "  %s%s%s%s\n", text_of(object, "name"),
			       id ? " (build-id " : "", id ? id : "", id ? ")" : "");
	json_array_foreach(json_object_get(object, "functions"), i, item)
		write_function(text, item);
	json_array_foreach(json_object_get(object, "callbacks"), i, item)
		write_callback(text, item);
	if (late)
		g_string_append_printf(text,
				       "    %" JSON_INTEGER_FORMAT
				       " reference%s, filled in when the module is there\n",
				       late, late == 1 ? "" : "s");
}

static void write_state(GString *text, const json_t *state)
{
	const json_t *callback;
	size_t i;

	g_string_append_printf(text, "  state %s: id %s, version %" JSON_INTEGER_FORMAT,
			       text_of(state, "name"), text_of(state, "id"),
			       number_of(state, "version"));
	json_array_foreach(json_object_get(state, "callbacks"), i, callback) g_string_append_printf(
		text, ", %s %s", text_of(callback, "kind"), text_of(callback, "function"));
	if (json_is_true(json_object_get(state, "block_disable")))
		g_string_append(text, ", cannot be disabled");
	write_place(text, state);
	g_string_append_c(text, '\n');
}

static void write_shadow_type(GString *text, const json_t *type)
{
	const char *ctor = text_of(type, "ctor"), *dtor = text_of(type, "dtor");
	const char *state = text_of(type, "state");
	json_int_t size = number_of(type, "size");

	g_string_append_printf(text, "  shadow type %s: id %s, %s%s, %s%s", text_of(type, "name"),
			       text_of(type, "id"), ctor ? "ctor " : "no ctor", ctor ? ctor : "",
			       dtor ? "dtor " : "no dtor", dtor ? dtor : "");
	if (size)
		g_string_append_printf(text, ", %" JSON_INTEGER_FORMAT " bytes", size);
	if (state)
		g_string_append_printf(text, ", of state %s", state);
	g_string_append(text, ", in ");
	write_names(text, json_object_get(type, "objects"));
	g_string_append(text, " (");
	write_names(text, json_object_get(type, "where"));
	g_string_append(text, ")\n");
}

static void write_kept(GString *text, const json_t *kept)
{
	g_string_append_printf(text, "  kept data %s: %" JSON_INTEGER_FORMAT " bytes, in %s",
			       text_of(kept, "name"), number_of(kept, "size"),
			       text_of(kept, "object"));
	write_place(text, kept);
	g_string_append_c(text, '\n');
}

static void write_contents(GString *text, const json_t *info)
{
	const json_t *objects = json_object_get(info, "objects");
	const struct {
		const char *list;
		void (*write)(GString *text, const json_t *item);
	} lists[] = {
		{ "objects", write_object },
		{ "states", write_state },
		{ "shadow_types", write_shadow_type },
		{ "kept", write_kept },
	};
	size_t declared = 0;

	for (size_t l = 0; l < G_N_ELEMENTS(lists); l++) {
		const json_t *list = json_object_get(info, lists[l].list);
		for (size_t i = 0; i < json_array_size(list); i++)
			lists[l].write(text, json_array_get(list, i));
		declared += l ? json_array_size(list) : 0;
	}
	if (!json_array_size(objects))
		g_string_append(text, "  functions: the file does not list them\n");
	if (!declared)
		g_string_append(text, "  no states, shadow types or kept data\n");
}

bool command_info(const struct command *cmd, const char *arg, GError **err)
{
	g_autofree char *path = patch_module_find(cmd->host, arg, err);
	struct patch_module *module = path ? patch_module_read(path, err) : NULL;
	if (!module)
		return false;

	set_module(cmd->result, module);
	json_t *contents = patch_contents(module->elf, err);
	bool ok = contents;
	if (ok) {
		json_object_update(cmd->result, contents);
		write_module(cmd->text, cmd->result);
		write_contents(cmd->text, cmd->result);
	}
	json_decref(contents);
	patch_module_free(module);
	return ok;
}
