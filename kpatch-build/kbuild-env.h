/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's top Makefile exports to the makes that it starts in every
 * folder: flags and tools. With it kbuild's scripts/Makefile.build can be asked
 * directly, which takes 0.1 s instead of 1 s.
 */
#ifndef KPB_KBUILD_ENV_H
#define KPB_KBUILD_ENV_H

#include "tree.h"

/**
 * kbuild_env_dump() - write what is exported to a file.
 * @goals: what make shall do before, NULL-terminated; NULL: nothing
 */
bool kbuild_env_dump(const struct tree *tree, unsigned int jobs, const char *const *goals,
		     const char *path, GError **err);

/**
 * kbuild_env_load() - the environment for makes in a tree.
 * @path: from kbuild_env_dump()
 * @srcdir: the master, or a working copy of it
 */
char **kbuild_env_load(const char *path, const char *srcdir, GError **err);

/** kbuild_env_path() - where the tree's environment is kept; to be freed. */
char *kbuild_env_path(const struct tree *tree);

#endif
