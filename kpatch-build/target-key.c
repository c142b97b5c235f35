// SPDX-License-Identifier: GPL-2.0
#include "target-key.h"

#include <string.h>
#include <sys/stat.h>

#define KEY_FORMAT "1" /* changes when what is in the cache changes its form */

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What a build leaves in a tree says nothing about the source. */
static bool is_source(const char *name)
{
	static const char *const outputs[] = { ".o", ".a", ".ko", ".mod", ".mod.c", ".order" };

	if (name[0] == '.')
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(outputs); i++)
		if (g_str_has_suffix(name, outputs[i]))
			return false;
	return true;
}

static void add_dir(GChecksum *sum, const char *root, const char *rel);

static void add_entry(GChecksum *sum, const char *root, const char *rel)
{
	g_autofree char *path = g_build_filename(root, rel, NULL);
	struct stat st;

	if (lstat(path, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		add_dir(sum, root, rel);
		return;
	}
	g_autofree char *line = g_strdup_printf("%s %lld %lld.%09ld\n", rel, (long long)st.st_size,
						(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);

	g_checksum_update(sum, (const guchar *)line, -1);
}

/* A source tree may change at any time: what its files look like from outside. */
static void add_dir(GChecksum *sum, const char *root, const char *rel)
{
	g_autofree char *path = g_build_filename(root, rel, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (const char *name; dir && (name = g_dir_read_name(dir));)
		if (is_source(name))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, by_name);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *below = *rel ? g_build_filename(rel, names->pdata[i], NULL)
					      : g_strdup(names->pdata[i]);

		add_entry(sum, root, below);
	}
}

char *target_make_key(const struct target *target, GError **err)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	const char *const parts[] = { KEY_FORMAT,	 target->release, target->version,
				      target->distro,	 target->source,  target->cc,
				      target->cc_version };
	g_autofree char *config = NULL;
	gsize len;

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		g_checksum_update(sum, (const guchar *)parts[i], (gssize)strlen(parts[i]) + 1);
	if (!g_file_get_contents(target->config, &config, &len, err))
		return NULL;
	g_checksum_update(sum, (const guchar *)config, (gssize)len);
	if (target->source_is_tree)
		add_dir(sum, target->source, "");
	return g_strndup(g_checksum_get_string(sum), 16);
}
