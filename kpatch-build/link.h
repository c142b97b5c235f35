/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the differ's objects to the patch module: first link, objtool, kbuild's module link with the
 * glue, references as the core wants them, signature.
 */
#ifndef KP_LINK_H
#define KP_LINK_H

#include <glib.h>
#include <stdbool.h>

#include "diag.h"
#include "fixes.h"
#include "patch-core.h"
#include "target.h"
#include "tree.h"

/** struct link_module_id - a module that is patched. */
struct link_module_id {
	char *name;	/* as in lsmod */
	char *build_id; /* of its file, hex */
};

void link_module_id_free(struct link_module_id *id);

/** struct link_request - what to link; strings are borrowed for the call. */
struct link_request {
	const struct target *target;
	const struct tree *tree; /* kbuild runs in its master when the target has no headers */
	const char *work_dir;	 /* existing; "link" in it is made anew and left */
	GPtrArray *objects;	 /* char *: outputs of create-diff-object, in a fixed order */
	const struct patch_core *core;
	const char *vmlinux;	   /* the target's image, for the bundled core; else may be NULL */
	const GPtrArray *modules;  /* of struct link_module_id *: those patched, for the bundled
				      core; NULL: none */
	const char *name;	   /* of the module's file, without .ko */
	bool replace;		   /* whether loading it replaces all patches before it */
	const char *output;	   /* the .ko; replaced at once or not at all */
	const char *build_id;	   /* of the target's image, hex; NULL: not known */
	const char *patch_sha256;  /* of the source patches, hex; NULL: not recorded */
	const struct fixes *fixes; /* what they say of themselves; NULL: not recorded */
	const char *sign_key, *sign_cert; /* both or none */
	struct kp_diags *diags;		  /* gets findings: errors and warnings */
};

/**
 * link_module() - make the patch module.
 * @log: what ld, kbuild, objtool and modpost printed is appended; may be NULL
 *
 * The result depends on the contents of the objects, the name and the options only, not on where or
 * when it is made. Takes about two seconds.
 *
 * Return: false with @err; KP_UNPATCHABLE when @diags tell why.
 */
bool link_module(const struct link_request *request, GString *log, GError **err);

#endif
