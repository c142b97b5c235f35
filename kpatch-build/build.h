/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A build: what it knows so far, and its stages. main.c calls them in order; each
 * uses what the ones before it found. Every stage returns false with @err when the
 * build cannot go on; findings about the patch are in @diags.
 */
#ifndef KPB_BUILD_H
#define KPB_BUILD_H

#include <glib.h>
#include <stdbool.h>

#include "affected.h"
#include "command.h"
#include "diag.h"
#include "diff.h"
#include "include-graph.h"
#include "kbuild.h"
#include "options.h"
#include "report.h"
#include "target.h"
#include "tree.h"

/** struct build - everything about one run; NULL where a stage has not been reached. */
struct build {
	const struct options *options;
	struct report *report;
	struct kp_diags *diags;
	guint shown; /* so many of @diags were shown */

	GPtrArray *patches;  /* of struct source_patch * */
	char *patch_sha256;  /* of all patches */
	struct fixes *fixes; /* what they say of themselves */
	struct target *target;
	struct tree *tree;
	struct kbuild *kbuild;
	struct kbuild *kbuild_new; /* of the patched tree; NULL when no Kbuild file changes */
	struct include_graph *graph;
	struct overlay *overlay;
	struct work *work;
	struct commands *commands;
	struct affected *affected;
	char **extra;  /* compiler arguments for patched sources: the author's headers */
	char **record; /* and for what is compared: headers that make calls describe themselves */
	char *vmlinux; /* the image as ELF */
	GPtrArray *inputs;	 /* of struct diff_input * */
	GPtrArray *results;	 /* of struct diff_result * */
	char *module;		 /* the .ko, once it exists */
	struct package *packing; /* what is known of the package before it is made */
	char *package;		 /* the package file, once it exists */
};

struct build *build_new(const struct options *options);
void build_free(struct build *build);

/** build_read_patches() - read and parse the patch files. */
bool build_read_patches(struct build *build, GError **err);

/** build_find_target() - find source, configuration, compiler and image of the kernel. */
bool build_find_target(struct build *build, GError **err);

/** build_prepare() - prepare the tree, and learn what it builds and what includes what. */
bool build_prepare(struct build *build, GError **err);

/** build_apply() - apply the patches to a working copy. */
bool build_apply(struct build *build, GError **err);

/** build_find_affected() - find the objects to compile. */
bool build_find_affected(struct build *build, GError **err);

/** build_compile() - compile them: original and patched. */
bool build_compile(struct build *build, GError **err);

/** build_diff() - find what changed in each. */
bool build_diff(struct build *build, GError **err);

/** build_link() - link the changes into a module. */
bool build_link(struct build *build, GError **err);

/** build_check_package() - whether a package is wanted that cannot be made. */
bool build_check_package(struct build *build, GError **err);

/** build_package() - make a package of the module, if one is wanted; a failure removes both. */
bool build_package(struct build *build, GError **err);

/** build_compile_estimate() - " (about 3 min)", or "" when it is short; to be freed. */
char *build_compile_estimate(const struct build *build);

/** build_check_diags() - show new findings; false when there are errors among them. */
bool build_check_diags(struct build *build, GError **err);

#endif
