// SPDX-License-Identifier: GPL-2.0
/*
 * Configuring the master. The configuration that the kernel was built with is a fact: it is taken
 * as it is, without kconfig, which would change what depends on the tools that it finds here
 * (without pahole CONFIG_DEBUG_INFO_BTF_MODULES goes, and with it fields of struct module).
 */
#include "tree-prepare.h"

#include <string.h>

#include "error.h"

#define KERNEL_5_18 0x051200

/* Copies FROM_DIR/FROM to the master's TO; a file that does not exist is made empty. */
static bool place(const struct tree *tree, const char *from_dir, const char *from, const char *to,
		  GError **err)
{
	g_autofree char *source = from_dir ? g_build_filename(from_dir, from, NULL) : NULL;
	g_autofree char *dest = g_build_filename(tree->master, to, NULL);
	g_autofree char *dir = g_path_get_dirname(dest);
	g_autofree char *text = g_strdup("");
	gsize len = 0;

	if (source && g_file_test(source, G_FILE_TEST_EXISTS)) {
		g_clear_pointer(&text, g_free);
		if (!g_file_get_contents(source, &text, &len, err))
			return false;
	}
	return cache_mkdir(dir, err) && cache_write(dest, text, len, err);
}

/*
 * A folder with what kconfig made of this very configuration when the kernel was built; NULL
 * when there is none. It is the truth: olddefconfig here would see other tools, and change it.
 */
static const char *configured_dir(const struct target *target)
{
	const char *const dirs[] = { target->headers,
				     target->source_is_tree ? target->source : NULL };

	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
		g_autofree char *config = g_build_filename(dirs[i] ?: "/", ".config", NULL);
		g_autofree char *values =
			g_build_filename(dirs[i] ?: "/", "include/config/auto.conf", NULL);

		if (dirs[i] && g_file_test(values, G_FILE_TEST_EXISTS) &&
		    cache_same_content(config, target->config))
			return dirs[i];
	}
	return NULL;
}

/* Writes a file of the master. */
static bool put(const struct tree *tree, const char *path, const GString *text, GError **err)
{
	g_autofree char *full = g_build_filename(tree->master, path, NULL);
	g_autofree char *dir = g_path_get_dirname(full);

	return cache_mkdir(dir, err) && cache_write(full, text->str, text->len, err);
}

/*
 * A line of .config as scripts/kconfig/confdata.c writes it for make and for C. Up to 5.17 make
 * got strings with their quotes.
 */
static void convert_line(const struct target *target, const char *line, GString *conf,
			 GString *header)
{
	const char *value = strchr(line, '=');
	gsize len = value ? strlen(++value) : 0;

	if (!value || !g_str_has_prefix(line, "CONFIG_"))
		return;
	int name_len = (int)(value - line - 1);

	if (len >= 2 && value[0] == '"' && target->kernel_version >= KERNEL_5_18)
		g_string_append_printf(conf, "%.*s=%.*s\n", name_len, line, (int)len - 2,
				       value + 1);
	else
		g_string_append_printf(conf, "%s\n", line);
	if (!strcmp(value, "y"))
		g_string_append_printf(header, "#define %.*s 1\n", name_len, line);
	else if (!strcmp(value, "m"))
		g_string_append_printf(header, "#define %.*s_MODULE 1\n", name_len, line);
	else
		g_string_append_printf(header, "#define %.*s %s\n", name_len, line, value);
}

static bool convert(const struct tree *tree, GError **err)
{
	g_autoptr(GString) conf = g_string_new(NULL);
	g_autoptr(GString) header = g_string_new(NULL);
	g_autofree char *text = NULL;

	if (!g_file_get_contents(tree->target->config, &text, NULL, err))
		return false;
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

	for (int i = 0; lines[i]; i++)
		convert_line(tree->target, lines[i], conf, header);
	return put(tree, "include/config/auto.conf", conf, err) &&
	       put(tree, "include/generated/autoconf.h", header, err);
}

/*
 * kbuild runs kconfig when auto.conf is older than .config or anything that auto.conf.cmd
 * names. An empty auto.conf.cmd names nothing.
 */
bool tree_configure(const struct tree *tree, GError **err)
{
	const char *dir = configured_dir(tree->target);
	g_autofree char *config_dir = g_path_get_dirname(tree->target->config);
	g_autofree char *config = g_path_get_basename(tree->target->config);
	g_autofree char *symvers_dir = g_path_get_dirname(tree->target->symvers);
	g_autofree char *symvers = g_path_get_basename(tree->target->symvers);

	if (!place(tree, config_dir, config, ".config", err) ||
	    !place(tree, symvers_dir, symvers, "Module.symvers", err) ||
	    !place(tree, NULL, NULL, "include/config/auto.conf.cmd", err) ||
	    !place(tree, dir, "include/generated/rustc_cfg", "include/generated/rustc_cfg", err))
		return false;
	if (!dir)
		return convert(tree, err);
	return place(tree, dir, "include/config/auto.conf", "include/config/auto.conf", err) &&
	       place(tree, dir, "include/generated/autoconf.h", "include/generated/autoconf.h",
		     err);
}
