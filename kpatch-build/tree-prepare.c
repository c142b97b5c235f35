// SPDX-License-Identifier: GPL-2.0
#include "tree-prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "error.h"
#include "kbuild-env.h"
#include "kbuild-walk.h"
#include "run.h"

#define READY ".kpatch-ready"

/* What a prepared tree needs, with some room for objects: 1.3 GB and 55,000 files for 6.1. */
#define SPACE_NEEDED (2ULL << 30)
#define FILES_NEEDED 100000
#define SPACE_FULL   (16ULL << 20) /* less than this: full */

/*
 * No object of the kernel is made from these, and they are half of the files. Of the other
 * architectures the Kbuild and Kconfig files stay, which are read whatever the configuration says
 * (fs/hostfs/Makefile, crypto/Kconfig).
 */
static const struct tree_rule rules[] = {
	{ "Documentation/", "*/Documentation/*/*", "documentation" },
	{ "tools/testing/", "*/tools/testing/*/*", "the kernel's own tests" },
	{ "arch/", "*/arch/[!ux]*/*/*.[chS]", "another architecture" },
	{ "arch/", "*/arch/[!ux]*/*/*/*", "another architecture" },
	{ NULL, NULL, NULL },
};

const struct tree_rule *tree_rules(void)
{
	return rules;
}

static char *ready_path(const struct tree *tree)
{
	return g_build_filename(tree->master, READY, NULL);
}

bool tree_is_ready(const struct tree *tree)
{
	g_autofree char *path = ready_path(tree);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* The program that decompresses a tarball; NULL: none needed. False: not known. */
static bool decompressor(const char *tarball, const char **program)
{
	static const struct {
		const char *suffix, *program;
	} known[] = { { ".tar.xz", "xz" },    { ".tar.gz", "gzip" },   { ".tgz", "gzip" },
		      { ".tar.zst", "zstd" }, { ".tar.bz2", "bzip2" }, { ".tar", "cat" } };

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		*program = known[i].program;
		if (g_str_has_suffix(tarball, known[i].suffix))
			return true;
	}
	return false;
}

static bool unpack(const struct tree *tree, GError **err)
{
	const char *program;

	if (!decompressor(tree->target->source, &program))
		return kp_fail(err, KP_FAILED, "'%s' is not a tarball (.tar.xz, .tar.gz, .tar.zst)",
			       tree->target->source);
	const char *from[] = { program, NULL, NULL, NULL, NULL };
	int n = 1;

	if (!strcmp(program, "xz"))
		from[n++] = "-T0"; /* Debian's tarballs are made of blocks */
	if (strcmp(program, "cat"))
		from[n++] = "-dc";
	from[n] = tree->target->source;
	g_autoptr(GPtrArray) to = g_ptr_array_new_with_free_func(g_free);
	const char *const fixed[] = { "tar",
				      "-x",
				      "-f",
				      "-",
				      "--strip-components=1",
				      "--no-same-owner",
				      "--anchored",
				      "--no-wildcards-match-slash" };

	for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
		g_ptr_array_add(to, g_strdup(fixed[i]));
	for (const struct tree_rule *rule = rules; rule->folder; rule++)
		g_ptr_array_add(to, g_strconcat("--exclude=", rule->pattern, NULL));
	g_ptr_array_add(to, NULL);
	const struct run_opts opts = { .cwd = tree->master, .log = tree->log };

	return run_pipe(&opts, from, (const char *const *)to->pdata, err);
}

/* What the walk in its own thread needs and leaves. */
struct walk_thread {
	const struct tree *tree;
	const char *env_path;
	unsigned int jobs;
	GError *err;
};

static void *walk_main(void *data)
{
	struct walk_thread *walk = data;

	return GINT_TO_POINTER(
		kbuild_walk_tree(walk->tree, walk->env_path, walk->jobs, &walk->err));
}

/* make, and meanwhile the walk, which reads nothing that make writes. */
static bool make_and_walk(const struct tree *tree, unsigned int jobs, GError **err)
{
	static const char *const goals[] = { "modules_prepare", NULL };
	g_autofree char *env_path = kbuild_env_path(tree);
	g_autofree char *early = g_strconcat(env_path, ".early", NULL);
	struct walk_thread walk = { .tree = tree, .env_path = early, .jobs = jobs };

	if (!kbuild_env_dump(tree, jobs, NULL, early, err))
		return false;
	GThread *thread = g_thread_new("walk", walk_main, &walk);
	bool made = kbuild_env_dump(tree, jobs, goals, env_path, err);
	bool walked = GPOINTER_TO_INT(g_thread_join(thread));

	cache_remove_tree(early, NULL);
	if (made && !walked)
		g_propagate_error(err, g_steal_pointer(&walk.err));
	g_clear_error(&walk.err);
	return made && walked;
}

static bool prepare(const struct tree *tree, unsigned int jobs, tree_phase_fn phase, void *user,
		    GError **err)
{
	g_autofree char *what = g_strdup_printf("unpacking %s", tree->target->source);
	bool copied;

	if (phase)
		phase(what, user);
	copied = tree->target->source_is_tree
			 ? tree_copy_files(tree->target->source, tree->master, err)
			 : unpack(tree, err);
	if (!copied)
		return false;
	if (phase)
		phase("preparing the source tree", user);
	return tree_configure(tree, err) && make_and_walk(tree, jobs, err);
}

/* A first build's log, commands and so on belong to the master that was there then. */
static bool clean(const struct tree *tree, GError **err)
{
	g_autoptr(GDir) dir = g_dir_open(tree->dir, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(tree->dir, name, NULL);

		if (strcmp(name, "lock") && strcmp(name, "work") && !cache_remove_tree(path, err))
			return false;
	}
	return true;
}

/* Said before the work rather than after it. */
static bool check_space(const struct tree *tree, unsigned long long space, unsigned long long files,
			GError **err)
{
	struct statvfs st;

	if (statvfs(tree->dir, &st) < 0)
		return kp_fail_errno(err, "cannot use the cache folder '%s'", tree->dir);
	unsigned long long have = (unsigned long long)st.f_bavail * st.f_frsize;

	/* File systems without a limit on files say 0. */
	if (have >= space && (!st.f_files || st.f_favail >= files))
		return true;
	return kp_fail(err, KP_FAILED,
		       "no space left on the disk that holds the cache folder '%s': %llu MiB and "
		       "%llu files are free, a kernel's source tree needs %llu MiB and %u files; "
		       "free some space, or use --cache DIR",
		       tree->dir, have >> 20, (unsigned long long)st.f_favail, SPACE_NEEDED >> 20,
		       FILES_NEEDED);
}

bool tree_prepare(const struct tree *tree, unsigned int jobs, tree_phase_fn phase, void *user,
		  GError **err)
{
	g_autofree char *ready = ready_path(tree);

	if (!clean(tree, err) || !check_space(tree, SPACE_NEEDED, FILES_NEEDED, err) ||
	    !cache_mkdir(tree->master, err))
		return false;
	if (prepare(tree, jobs, phase, user, err) && cache_write(ready, "", 0, err))
		return true;
	/* That the disk is full now explains whatever error there was. */
	if (!run_interrupted() && !check_space(tree, SPACE_FULL, 1, NULL)) {
		g_clear_error(err);
		check_space(tree, SPACE_FULL, 1, err);
	}
	/* Keep the log; the next attempt removes it. */
	cache_remove_tree(tree->master, NULL);
	return false;
}
