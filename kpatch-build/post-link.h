/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is done to the .ko after kbuild linked it: whatever the core needs to find what the patch
 * refers to in its targets, import tables that match, nothing that is not needed at run time.
 */
#ifndef KP_POST_LINK_H
#define KP_POST_LINK_H

#include <stdbool.h>

#include "diag.h"
#include "image.h"
#include "patch-check.h"
#include "patch-core.h"
#include "symvers.h"

/** struct post_link_request - input and output may be the same file. */
struct post_link_request {
	const char *input; /* as kbuild made it, with .kpatch.undef */
	const char *output;
	const struct patch_core *core;	  /* that the patch is for */
	const struct kp_symvers *symvers; /* exports of the target */
	const struct kp_image *image;	  /* vmlinux of the target; needed for the bundled core */
	struct objtool_needs needs;
	struct kp_diags *diags; /* gets what is wrong with the patch */
};

/**
 * post_link() - finish a patch module.
 *
 * Return: false with @err; KP_UNPATCHABLE when it is in @diags why.
 */
bool post_link(const struct post_link_request *request, GError **err);

/**
 * post_link_core() - finish kpatch.ko itself for the one kernel that @image is.
 *
 * Undefined symbols that the kernel does not export are looked up in the image by name.
 */
bool post_link_core(const struct post_link_request *request, GError **err);

#endif
