// SPDX-License-Identifier: GPL-2.0
#include "assembly.h"

#include <string.h>

#include "decls.h"

/* Is the file assembly: a source that is built, or a header that no C source sees? */
static bool is_assembly(const struct affected_input *input, const char *path)
{
	if (g_str_has_suffix(path, ".S"))
		return kbuild_find_objects_for_source(input->kbuild, path)->len > 0;
	if (!g_str_has_suffix(path, ".h") || !g_str_has_prefix(path, "arch/"))
		return false;
	g_autoptr(GPtrArray) start = g_ptr_array_new();

	g_ptr_array_add(start, (void *)path);
	g_autoptr(GHashTable) files = include_graph_includers(input->graph, start);
	GHashTableIter iter;
	void *file;

	g_hash_table_iter_init(&iter, files);
	while (g_hash_table_iter_next(&iter, &file, NULL))
		if (g_str_has_suffix(file, ".c"))
			return false;
	return true;
}

/* Sources from which a build makes headers with constants: sizes, offsets, numbers of flags. */
static bool makes_constants(const char *path)
{
	return g_str_has_suffix(path, "/asm-offsets.c") || !strcmp(path, "kernel/bounds.c");
}

/** struct rule - what is wrong with a file that uses one of @names. */
struct rule {
	GHashTable *names;
	enum kp_severity severity;
	const char *message, *remedy;
};

static bool check_file(const char *tree, const char *path, const struct rule *rule,
		       struct kp_diags *diags, GError **err)
{
	g_autofree char *full = g_build_filename(tree, path, NULL);
	g_autofree char *text = NULL;
	GHashTableIter iter;
	void *name;
	gsize len;

	if (!g_file_get_contents(full, &text, &len, err))
		return false;
	struct decls *decls = decls_parse(text, len);

	g_hash_table_iter_init(&iter, rule->names);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (g_hash_table_contains(decls->names, name))
			kp_diag_add(diags, rule->severity, path, name, rule->remedy, "%s",
				    rule->message);
	decls_free(decls);
	return true;
}

bool assembly_check(const char *tree, const struct affected_input *input, GHashTable *names,
		    GHashTable *macros, struct kp_diags *diags, GError **err)
{
	const struct rule assembly = {
		.names = macros,
		.severity = KP_ERROR_DIAG,
		.message = "this is assembly and uses a macro that the patch changes; assembly "
			   "cannot be patched",
		.remedy = "make the change without this macro",
	};
	const struct rule constants = {
		.names = names,
		.severity = KP_WARNING,
		.message = "assembly knows sizes and offsets of this as they were",
		.remedy = "do not change a layout that assembly relies on",
	};
	g_autoptr(GPtrArray) changed = overlay_paths(input->overlay);
	g_autoptr(GHashTable) files = include_graph_includers(input->graph, changed);
	GHashTableIter iter;
	void *path;

	g_hash_table_iter_init(&iter, files);
	while (g_hash_table_size(names) && g_hash_table_iter_next(&iter, &path, NULL)) {
		if (overlay_find(input->overlay, path))
			continue;
		if (makes_constants(path) && !check_file(tree, path, &constants, diags, err))
			return false;
		if (g_hash_table_size(macros) && is_assembly(input, path) &&
		    !check_file(tree, path, &assembly, diags, err))
			return false;
	}
	return true;
}
