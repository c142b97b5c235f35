// SPDX-License-Identifier: GPL-2.0
#include "affected.h"

#include <string.h>

static void object_free(void *data)
{
	struct affected_object *object = data;

	g_free(object->why);
	g_free(object);
}

void affected_free(struct affected *affected)
{
	if (!affected)
		return;
	g_ptr_array_unref(affected->objects);
	g_free(affected);
}

unsigned int affected_count_indirect(const struct affected *affected)
{
	unsigned int count = 0;

	for (guint i = 0; i < affected->objects->len; i++) {
		const struct affected_object *object = affected->objects->pdata[i];

		count += !object->direct;
	}
	return count;
}

void affected_drop(struct affected *affected, const struct affected_object *object)
{
	g_ptr_array_remove(affected->objects, (void *)object);
}

/* "nf_tables", "net/netfilter/nf_tables.ko" and "nf-tables" all mean module nf_tables. */
static char *module_name(const char *text)
{
	char *name = g_path_get_basename(text);

	if (g_str_has_suffix(name, ".ko"))
		name[strlen(name) - 3] = '\0';
	return g_strdelimit(name, "-", '_');
}

static bool in_target(const struct kbuild_object *object, const char *objname, const char *wanted)
{
	bool vmlinux = !strcmp(objname, "vmlinux");

	if (!strcmp(wanted, object->path) || !strcmp(wanted, objname))
		return true;
	if (!strcmp(wanted, "modules"))
		return !vmlinux;
	g_autofree char *name = module_name(wanted);

	return !vmlinux && !strcmp(objname, name);
}

bool affected_wants(const GPtrArray *only, const struct kbuild_object *object, const char *objname)
{
	for (guint i = 0; i < only->len; i++)
		if (in_target(object, objname, only->pdata[i]))
			return true;
	return !only->len;
}

static bool wanted(const struct affected_input *input, const struct kbuild_object *object)
{
	if (object->builtin && affected_wants(input->only, object, "vmlinux"))
		return true;
	for (guint i = 0; i < object->modules->len; i++)
		if (affected_wants(input->only, object, object->modules->pdata[i]))
			return true;
	return false;
}

struct search {
	const struct affected_input *input;
	struct kp_diags *diags;
	GHashTable *found; /* object path -> struct affected_object * */
};

static void add(struct search *search, const struct kbuild_object *object, bool direct, bool is_new)
{
	struct affected_object *known = g_hash_table_lookup(search->found, object->path);

	if (known) {
		known->direct |= direct;
		return;
	}
	if (!wanted(search->input, object))
		return;
	struct affected_object *fresh = g_new0(struct affected_object, 1);

	fresh->object = object;
	fresh->direct = direct;
	fresh->is_new = is_new;
	g_hash_table_insert(search->found, object->path, fresh);
}

static void add_direct(struct search *search, const struct kbuild_object *object)
{
	if (object->unpatchable) {
		kp_diag_add(search->diags, KP_ERROR_DIAG, object->source, NULL,
			    "this needs a new kernel and a reboot", "cannot patch this file: %s",
			    object->unpatchable);
		return;
	}
	add(search, object, true, false);
}

/* Objects that only the patched tree builds; those that it no longer builds just stay. */
static void add_new_objects(struct search *search)
{
	const struct affected_input *input = search->input;
	const GPtrArray *all = input->kbuild_new ? kbuild_objects(input->kbuild_new) : NULL;

	for (guint i = 0; all && i < all->len; i++) {
		const struct kbuild_object *object = all->pdata[i];

		if (!kbuild_find_object(input->kbuild, object->path) && !object->unpatchable)
			add(search, object, true, true);
	}
}

static const GPtrArray *objects_of(const struct affected_input *input, const char *path)
{
	return kbuild_find_objects_for_source(input->kbuild, path);
}

static bool built_when_patched(const struct affected_input *input, const char *path)
{
	return input->kbuild_new && kbuild_find_objects_for_source(input->kbuild_new, path)->len;
}

/* Does anything that is built see @path? Objects that include it are added. */
static bool add_includers(struct search *search, const char *path)
{
	g_autoptr(GPtrArray) start = g_ptr_array_new();
	bool any = false;

	g_ptr_array_add(start, (void *)path);
	g_autoptr(GHashTable) files = include_graph_includers(search->input->graph, start);
	GHashTableIter iter;
	void *file;

	g_hash_table_iter_init(&iter, files);
	while (g_hash_table_iter_next(&iter, &file, NULL)) {
		if (!strcmp(file, path))
			continue;
		const GPtrArray *objects = objects_of(search->input, file);

		/* A new header is included by files that are patched, so they are found anyway. */
		any |= objects->len > 0;
		for (guint i = 0; i < objects->len; i++) {
			const struct kbuild_object *object = objects->pdata[i];

			if (!object->unpatchable)
				add(search, object, false, false);
		}
	}
	return any;
}

static bool is_kbuild_file(const char *path)
{
	return g_str_has_suffix(path, "Makefile") || g_str_has_suffix(path, "Kbuild");
}

static void search_file(struct search *search, const struct src_file *file)
{
	const GPtrArray *objects = objects_of(search->input, file->path);

	if (is_kbuild_file(file->path))
		return;
	for (guint i = 0; i < objects->len; i++)
		if (file->exists)
			add_direct(search, objects->pdata[i]);
	bool included = add_includers(search, file->path);

	if (objects->len && !file->exists)
		kp_diag_add(search->diags, KP_NOTE, file->path, NULL, NULL,
			    "is deleted by the patch; its code stays in the running kernel");
	else if (!objects->len && !included && file->existed)
		kp_diag_add(
			search->diags, KP_NOTE, file->path, NULL, NULL,
			"this kernel's configuration does not build it; the change has no effect");
	else if (!file->existed && g_str_has_suffix(file->path, ".c") &&
		 !built_when_patched(search->input, file->path))
		kp_diag_add(search->diags, KP_NOTE, file->path, NULL, NULL,
			    "is new; no Kbuild file of the patch builds it");
}

static int compare_objects(const void *a, const void *b)
{
	const struct affected_object *const *x = a, *const *y = b;

	return strcmp((*x)->object->path, (*y)->object->path);
}

struct affected *affected_find(const struct affected_input *input, struct kp_diags *diags)
{
	struct affected *affected = g_new0(struct affected, 1);
	struct search search = {
		.input = input,
		.diags = diags,
		.found = g_hash_table_new(g_str_hash, g_str_equal),
	};
	g_autoptr(GPtrArray) paths = overlay_paths(input->overlay);
	GHashTableIter iter;
	void *object;

	for (guint i = 0; i < paths->len; i++)
		search_file(&search, overlay_find(input->overlay, paths->pdata[i]));
	add_new_objects(&search);
	affected->objects = g_ptr_array_new_with_free_func(object_free);
	g_hash_table_iter_init(&iter, search.found);
	while (g_hash_table_iter_next(&iter, NULL, &object))
		g_ptr_array_add(affected->objects, object);
	g_ptr_array_sort(affected->objects, compare_objects);
	g_hash_table_unref(search.found);
	return affected;
}
