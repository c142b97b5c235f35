/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The prepared source tree of a target ("master"), one per target in the cache,
 * and working copies of it. The master's source is never modified; make runs
 * only there and only under the target's lock (tree_make()).
 */
#ifndef KPB_TREE_H
#define KPB_TREE_H

#include <glib.h>
#include <stdbool.h>

#include "cache.h"
#include "target.h"

/** tree_phase_fn - told when a longer step begins, e.g. "unpacking linux-source-6.1.tar.xz". */
typedef void (*tree_phase_fn)(const char *what, void *user);

struct tree {
	const struct target *target;
	char *dir;    /* the target's folder in the cache */
	char *master; /* the prepared tree, CACHE/TARGET/master */
	char *log;    /* what make and the like printed */
};

/**
 * tree_open() - the target's tree; prepared when that was not done before (about 25 s).
 * @cache: from cache_root()
 * @jobs: how many commands may run at once
 */
struct tree *tree_open(const struct target *target, const char *cache, unsigned int jobs,
		       tree_phase_fn phase, void *user, GError **err);
void tree_free(struct tree *tree);

/**
 * tree_left_out() - why a file that @path names cannot be in the tree: the folder that kpatch
 * does not unpack since no build for this architecture reads it; NULL when it could be there.
 */
const char *tree_left_out(const struct tree *tree, const char *path);

/**
 * tree_make() - run make in the master, under the target's lock.
 * @args: targets and variables, NULL-terminated
 * @status: not NULL: an exit status other than 0 is no error and stored here
 */
bool tree_make(const struct tree *tree, unsigned int jobs, const char *const *args, int *status,
	       GError **err);

/** tree_make_vars() - the variables every make call needs ("CC=gcc-12" ...), to be freed. */
char **tree_make_vars(const struct target *target);

/**
 * tree_make_env() - the environment for make and compilers: the inherited one without what
 * would change the result (MAKEFLAGS, KCFLAGS, KBUILD_*, C_INCLUDE_PATH ...), LC_ALL=C.
 */
char **tree_make_env(void);

/** struct work - a build's own folder in the cache; removed with all in it by work_free(). */
struct work {
	const struct tree *tree;
	struct cache_tmp *tmp;
	char *dir;	  /* for the build's files */
	char *copy;	  /* the working copy, DIR/src; NULL before work_copy() */
	GHashTable *seen; /* paths of the master at the time of the copy */
	bool keep;	  /* leave it when freed */
};

/** work_new() - make a folder for a build. */
struct work *work_new(const struct tree *tree, GError **err);
void work_free(struct work *work);

/**
 * work_copy() - make the working copy: hard links to the master's files.
 *
 * An earlier build's copy is brought back into shape where there is one (0.1 s instead of 1 s).
 * Its files must not be written in place: work_write_file(), or g_file_set_contents(), which
 * both make a new file and rename it.
 */
bool work_copy(struct work *work, GError **err);

/** work_refresh() - link files that were generated in the master since the copy was made. */
bool work_refresh(struct work *work, GError **err);

/** work_write_file() - (re)place a file of the working copy; @path is relative to it. */
bool work_write_file(const struct work *work, const char *path, const char *data, gsize len,
		     GError **err);

#endif
