// SPDX-License-Identifier: GPL-2.0
#include "kbuild-env.h"

#include <string.h>

#include "error.h"
#include "run.h"

/* Added to the top Makefile: a goal whose recipe shows the environment that recipes get. */
static const char env_makefile[] = "PHONY += kpatch-env\n"
				   "kpatch-env: $(kpatch-before)\n"
				   "\t@env -0 > '$(kpatch-out)'\n";

/* What belongs to the process, not to kbuild. */
static bool is_private(const char *entry)
{
	static const char *const names[] = {
		"PATH",	     "HOME",	     "PWD",	     "OLDPWD",	    "SHLVL",
		"_",	     "TMPDIR",	     "USER",	     "LOGNAME",	    "SHELL",
		"TERM",	     "MAKEFLAGS",    "MFLAGS",	     "MAKELEVEL",   "MAKEOVERRIDES",
		"MAKEFILES", "MAKE_TERMOUT", "MAKE_TERMERR", "abs_srctree", "abs_objtree",
	};
	gsize len = strcspn(entry, "=");

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (strlen(names[i]) == len && !strncmp(entry, names[i], len))
			return true;
	return false;
}

char *kbuild_env_path(const struct tree *tree)
{
	return g_build_filename(tree->dir, "kbuild-env", NULL);
}

bool kbuild_env_dump(const struct tree *tree, unsigned int jobs, const char *const *goals,
		     const char *path, GError **err)
{
	g_autofree char *makefile = g_strconcat(path, ".mk", NULL);
	g_autofree char *tmp = g_strconcat(path, ".tmp", NULL);
	g_autofree char *before = goals ? g_strjoinv(" ", (char **)goals) : g_strdup("");
	g_autofree char *before_arg = g_strconcat("kpatch-before=", before, NULL);
	g_autofree char *out_arg = g_strconcat("kpatch-out=", tmp, NULL);
	g_autofree char *text = NULL;
	gsize len;

	if (!cache_write(makefile, env_makefile, sizeof(env_makefile) - 1, err))
		return false;
	const char *const args[] = {
		"--no-print-directory", "-f", "Makefile", "-f", makefile, before_arg, out_arg,
		"kpatch-env",		NULL
	};
	bool ok = tree_make(tree, jobs, args, NULL, err) &&
		  g_file_get_contents(tmp, &text, &len, err) && cache_write(path, text, len, err);

	cache_remove_tree(makefile, NULL);
	cache_remove_tree(tmp, NULL);
	return ok;
}

char **kbuild_env_load(const char *path, const char *srcdir, GError **err)
{
	char **env = tree_make_env();
	g_autofree char *text = NULL;
	gsize len;

	if (!g_file_get_contents(path, &text, &len, err)) {
		g_strfreev(env);
		return NULL;
	}
	for (const char *p = text; p < text + len; p += strlen(p) + 1) {
		const char *equals = strchr(p, '=');
		/* Bash exports functions under such names. */
		bool odd = strcspn(p, "%()") < strcspn(p, "=");

		if (!equals || odd || is_private(p))
			continue;
		g_autofree char *name = g_strndup(p, (gsize)(equals - p));

		env = g_environ_setenv(env, name, equals + 1, TRUE);
	}
	env = g_environ_setenv(env, "abs_srctree", srcdir, TRUE);
	env = g_environ_setenv(env, "abs_objtree", srcdir, TRUE);
	/* What the top Makefile sets for single targets. */
	env = g_environ_setenv(env, "KBUILD_MODULES", "1", TRUE);
	env = g_environ_setenv(env, "KBUILD_BUILTIN", "1", TRUE);
	return env;
}
