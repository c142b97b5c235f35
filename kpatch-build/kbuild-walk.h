/* SPDX-License-Identifier: GPL-2.0 */
/* The walk over all Kbuild files, see kbuild.h. */
#ifndef KPB_KBUILD_WALK_H
#define KPB_KBUILD_WALK_H

#include "tree.h"

/**
 * struct kbuild_dir - what a folder's Kbuild file makes of the configuration.
 *
 * Each word is a path relative to the tree; objects as make's targets.
 */
struct kbuild_dir {
	char *path;	/* "fs/proc"; "." is the top */
	char **needs;	/* "builtin", "modules": what is made of the folder at all */
	char **builtin; /* objects for vmlinux */
	char **lib;	/* objects for the folder's lib.a */
	char **modules; /* for each module its path without .o, then its objects, then "" */
	char **subdirs; /* where to go on */
};

void kbuild_dir_free(struct kbuild_dir *dir);

/** struct kbuild_walk - where and how to walk. */
struct kbuild_walk {
	const struct target *target;
	const char *srcdir; /* the master or a working copy */
	char **env;	    /* from kbuild_env_load() */
	const char *tmp;    /* an existing folder for files, emptied by the caller */
	const char *log;
	unsigned int jobs;
};

/**
 * kbuild_walk_run() - walk @top and what is below it.
 * @before: what an earlier walk said about @top, for what is needed of it; NULL: everything
 *
 * Return: path -> struct kbuild_dir *; NULL with @err.
 */
GHashTable *kbuild_walk_run(const struct kbuild_walk *walk, const char *top,
			    const struct kbuild_dir *before, GError **err);

/** kbuild_walk_file() - where the tree's walk is kept; to be freed. */
char *kbuild_walk_file(const struct tree *tree);

/** kbuild_walk_save(), kbuild_walk_load() - keep a walk in a file. */
bool kbuild_walk_save(GHashTable *dirs, const char *path, GError **err);
GHashTable *kbuild_walk_load(const char *path, GError **err);

/** kbuild_walk_tree() - walk the master and keep the result in kbuild_walk_file(). */
bool kbuild_walk_tree(const struct tree *tree, const char *env_path, unsigned int jobs,
		      GError **err);

#endif
