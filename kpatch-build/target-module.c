// SPDX-License-Identifier: GPL-2.0
/* Where a target's modules are. */
#include "target.h"

#include <string.h>

#include "cache.h"
#include "error.h"
#include "run.h"

static const struct {
	const char *suffix;
	const char *program; /* NULL: not compressed */
} suffixes[] = {
	{ ".ko", NULL },
	{ ".ko.xz", "xz" },
	{ ".ko.zst", "zstd" },
	{ ".ko.gz", "gzip" },
};

/* The module's name when @file is one, else NULL. */
static char *module_name(const char *file)
{
	g_autofree char *base = g_path_get_basename(file);

	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		if (!g_str_has_suffix(base, suffixes[i].suffix))
			continue;
		base[strlen(base) - strlen(suffixes[i].suffix)] = '\0';
		return g_strdelimit(g_steal_pointer(&base), "-", '_');
	}
	return NULL;
}

static void add_file(GHashTable *files, const char *path)
{
	char *name = module_name(path);

	if (name && !g_hash_table_contains(files, name))
		g_hash_table_insert(files, name, g_strdup(path));
	else
		g_free(name);
}

/* depmod has already chosen among several modules of one name. */
static bool read_modules_dep(GHashTable *files, const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "modules.dep", NULL);
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL) || !*text)
		return false;
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

	for (int i = 0; lines[i]; i++) {
		char *colon = strchr(lines[i], ':');

		if (!colon)
			continue;
		*colon = '\0';
		g_autofree char *full = lines[i][0] == '/' ? g_strdup(lines[i])
							   : g_build_filename(dir, lines[i], NULL);

		add_file(files, full);
	}
	return true;
}

static void scan_dir(GHashTable *files, const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		if (g_file_test(below, G_FILE_TEST_IS_SYMLINK))
			continue;
		if (g_file_test(below, G_FILE_TEST_IS_DIR))
			scan_dir(files, below);
		else
			add_file(files, below);
	}
}

static void find_modules(struct target *target)
{
	target->module_files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (target->modules && !read_modules_dep(target->module_files, target->modules))
		scan_dir(target->module_files, target->modules);
	/* A tree that was built, but not installed. */
	if (target->source_is_tree && !g_hash_table_size(target->module_files))
		scan_dir(target->module_files, target->source);
}

static char *unpack(const char *program, const char *path, const char *name, const char *dir,
		    GError **err)
{
	g_autofree char *out_path = g_strdup_printf("%s/%s.ko", dir, name);
	const char *const argv[] = { program, "-dc", path, NULL };
	g_autoptr(GString) out = g_string_new(NULL);

	if (!run_command(NULL, argv, out, err) || !cache_write(out_path, out->str, out->len, err))
		return NULL;
	return g_steal_pointer(&out_path);
}

char *target_module(struct target *target, const char *name, const char *unpack_dir, GError **err)
{
	if (!target->module_files)
		find_modules(target);
	const char *path = g_hash_table_lookup(target->module_files, name);

	if (!path) {
		kp_fail(err, KP_FAILED,
			"the module %s is not below '%s'; install the kernel's modules", name,
			target->modules ?: target->source);
		return NULL;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++)
		if (g_str_has_suffix(path, suffixes[i].suffix) && suffixes[i].program)
			return unpack(suffixes[i].program, path, name, unpack_dir, err);
	return g_strdup(path);
}
