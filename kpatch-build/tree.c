// SPDX-License-Identifier: GPL-2.0
#include "tree.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "lock.h"
#include "run.h"
#include "tree-prepare.h"

/*
 * Debian's Makefile puts the package's name and version into include/generated/package.h when it is
 * told them; code prints it (dump_stack()), so it is part of what was compiled.
 */
static void add_package_vars(const struct target *target, GPtrArray *vars)
{
	g_autofree char *path =
		g_build_filename(target->headers ?: "/", "include", "generated", "package.h", NULL);
	g_autofree char *text = NULL;
	char name[64], version[128];

	if (!g_file_get_contents(path, &text, NULL, NULL) ||
	    sscanf(text, "#define LINUX_PACKAGE_ID \" %63[^ \"] %127[^ \"]\"", name, version) != 2)
		return;
	g_ptr_array_add(vars, g_strdup("DISTRIBUTION_OFFICIAL_BUILD=1"));
	g_ptr_array_add(vars, g_strdup_printf("DISTRIBUTOR=%s", name));
	g_ptr_array_add(vars, g_strdup_printf("DISTRIBUTION_VERSION=%s", version));
}

char **tree_make_vars(const struct target *target)
{
	g_autoptr(GPtrArray) vars = g_ptr_array_new();

	g_ptr_array_add(vars, g_strdup_printf("ARCH=%s", target->arch));
	g_ptr_array_add(vars, g_strdup_printf("CC=%s", target->cc));
	g_ptr_array_add(vars, g_strdup_printf("KERNELRELEASE=%s", target->release));
	if (target_config_on(target, "CONFIG_LD_IS_LLD"))
		g_ptr_array_add(vars, g_strdup("LLVM=1"));
	/*
	 * Neither the builder's tools nor place and time shall show. Without BTF resolve_btfids
	 * need not be built (10 s); it says nothing to the compiler.
	 */
	static const char *const fixed[] = {
		"LOCALVERSION=",
		"PAHOLE=false",
		"RUSTC=false",
		"CONFIG_DEBUG_INFO_BTF=",
		"KBUILD_BUILD_USER=kpatch",
		"KBUILD_BUILD_HOST=kpatch",
		"KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
		g_ptr_array_add(vars, g_strdup(fixed[i]));
	add_package_vars(target, vars);
	g_ptr_array_add(vars, NULL);
	return (char **)g_ptr_array_steal(vars, NULL);
}

/* Variables that make, kbuild or the compiler would take from their environment. */
static bool changes_results(const char *name)
{
	static const char *const prefixes[] = { "KBUILD_",
						"CONFIG_",
						"MAKE",
						"GNUMAKE",
						"LC_",
						"CPATH",
						"C_INCLUDE",
						"COMPILER_PATH",
						"LIBRARY_PATH",
						"GCC_",
						"DEPENDENCIES_OUTPUT",
						"SUNPRO_",
						"LLVM",
						"KERNEL",
						"LOCALVERSION",
						"HOST",
						"USERCFLAGS",
						"INSTALL_",
						"MOD" };
	static const char *const names[] = { "MFLAGS",
					     "KCFLAGS",
					     "KAFLAGS",
					     "KCPPFLAGS",
					     "KRUSTFLAGS",
					     "CFLAGS",
					     "LDFLAGS",
					     "CPPFLAGS",
					     "ARCH",
					     "SRCARCH",
					     "SUBARCH",
					     "CROSS_COMPILE",
					     "CC",
					     "LD",
					     "AR",
					     "NM",
					     "AS",
					     "OBJCOPY",
					     "OBJDUMP",
					     "STRIP",
					     "READELF",
					     "PAHOLE",
					     "CHECK",
					     "CF",
					     "V",
					     "C",
					     "W",
					     "O",
					     "M",
					     "LANG",
					     "LANGUAGE",
					     "srctree",
					     "objtree",
					     "sub_make_done",
					     "obj",
					     "src",
					     "DEBUG",
					     "OUTPUT",
					     "EXTRA_CFLAGS",
					     "SOURCE_DATE_EPOCH",
					     "GREP_OPTIONS",
					     "TZ" };

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(name, prefixes[i]))
			return true;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

char **tree_make_env(void)
{
	char **env = g_get_environ();
	g_auto(GStrv) names = g_listenv();

	for (int i = 0; names[i]; i++)
		if (changes_results(names[i]))
			env = g_environ_unsetenv(env, names[i]);
	env = g_environ_setenv(env, "LC_ALL", "C", TRUE);
	env = g_environ_setenv(env, "TZ", "UTC", TRUE);
	return env;
}

bool tree_make(const struct tree *tree, unsigned int jobs, const char *const *args, int *status,
	       GError **err)
{
	g_auto(GStrv) vars = tree_make_vars(tree->target);
	g_auto(GStrv) env = tree_make_env();
	g_autofree char *parallel = g_strdup_printf("-j%u", MAX(jobs, 1));
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	const struct run_opts opts = { .cwd = tree->master,
				       .env = (const char *const *)env,
				       .log = tree->log,
				       .what = "make" };

	g_ptr_array_add(argv, "make");
	g_ptr_array_add(argv, parallel);
	for (int i = 0; vars[i]; i++)
		g_ptr_array_add(argv, vars[i]);
	for (int i = 0; args[i]; i++)
		g_ptr_array_add(argv, (char *)args[i]);
	g_ptr_array_add(argv, NULL);
	return run_status(&opts, (const char *const *)argv->pdata, NULL, status, err);
}

const char *tree_left_out(const struct tree *tree, const char *path)
{
	if (tree->target->source_is_tree)
		return NULL;
	g_autofree char *full = g_build_filename(tree->master, path, NULL);

	if (g_file_test(full, G_FILE_TEST_EXISTS))
		return NULL;
	/* The target's own architecture is there, so what does not exist of it never did. */
	g_autofree char *own = g_strdup_printf("arch/%s/", tree->target->arch);

	for (const struct tree_rule *rule = tree_rules(); rule->folder; rule++)
		if (g_str_has_prefix(path, rule->folder) && !g_str_has_prefix(path, own))
			return rule->reason;
	return NULL;
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	g_free(tree->dir);
	g_free(tree->master);
	g_free(tree->log);
	g_free(tree);
}

static bool open_master(struct tree *tree, unsigned int jobs, tree_phase_fn phase, void *user,
			GError **err)
{
	if (!cache_mkdir(tree->dir, err))
		return false;
	if (tree_is_ready(tree))
		return true;
	g_autofree char *lock_path = g_build_filename(tree->dir, "lock", NULL);
	GError *problem = NULL;
	bool busy;
	g_autoptr(kp_lock) lock = kp_lock_try(lock_path, KP_LOCK_EXCLUSIVE, &busy, &problem);

	if (problem) {
		g_propagate_error(err, problem);
		return false;
	}
	if (!lock) {
		if (phase)
			phase("waiting for another build that prepares the source tree", user);
		lock = kp_lock_take(lock_path, KP_LOCK_EXCLUSIVE, err);
	}
	/* Somebody else may have prepared it meanwhile. */
	return lock && (tree_is_ready(tree) || tree_prepare(tree, jobs, phase, user, err));
}

struct tree *tree_open(const struct target *target, const char *cache, unsigned int jobs,
		       tree_phase_fn phase, void *user, GError **err)
{
	struct tree *tree = g_new0(struct tree, 1);
	g_autofree char *name = g_strdup_printf("%s-%s", target->release, target->key);

	tree->target = target;
	tree->dir = g_build_filename(cache, name, NULL);
	tree->master = g_build_filename(tree->dir, "master", NULL);
	tree->log = g_build_filename(tree->dir, "log", NULL);
	/* kbuild itself cannot do with such paths. */
	if (strpbrk(tree->master, " :\t\n'\"$\\"))
		kp_fail(err, KP_FAILED,
			"make cannot work in the cache folder '%s' because of a character in its "
			"name; use --cache DIR",
			cache);
	else if (open_master(tree, jobs, phase, user, err))
		return tree;
	tree_free(tree);
	return NULL;
}
