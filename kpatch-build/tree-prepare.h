/* SPDX-License-Identifier: GPL-2.0 */
/* Preparing a target's master tree. */
#ifndef KPB_TREE_PREPARE_H
#define KPB_TREE_PREPARE_H

#include "tree.h"

/** struct tree_rule - a part of the source that is not unpacked. */
struct tree_rule {
	const char *folder;  /* prefix of paths, ends with / */
	const char *pattern; /* for tar's --exclude, with the tarball's top folder */
	const char *reason;
};

/** tree_rules() - what is left out; ends with folder NULL. */
const struct tree_rule *tree_rules(void);

/**
 * tree_prepare() - unpack, configure and prepare the master, and walk it meanwhile.
 *
 * The caller holds the target's lock. The master is complete when tree_is_ready().
 */
bool tree_prepare(const struct tree *tree, unsigned int jobs, tree_phase_fn phase, void *user,
		  GError **err);

/** tree_is_ready() - whether the master was prepared to the end. */
bool tree_is_ready(const struct tree *tree);

/** tree_configure() - put configuration and Module.symvers into the unpacked master. */
bool tree_configure(const struct tree *tree, GError **err);

/** tree_copy_files() - copy the source files of a tree, without what a build left there. */
bool tree_copy_files(const char *from, const char *to, GError **err);

#endif
