/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first link: all objects of a patch become one, with ld -r. Before that, what the records of
 * one object call a symbol must not be something else in another.
 */
#ifndef KP_LINK_MERGE_H
#define KP_LINK_MERGE_H

#include <glib.h>
#include <stdbool.h>

#include "diag.h"
#include "symvers.h"

/** struct merge_request - strings are borrowed. */
struct merge_request {
	const GPtrArray *objects; /* char *: outputs of create-diff-object */
	const char *work_dir;	  /* existing, for changed copies of objects */
	const char *script;	  /* patch.lds */
	const char *output;
	const struct kp_symvers *symvers;
	bool core_exports; /* the core has shadow variables and states of its own */
	struct kp_diags *diags;
};

/** struct merge_result - what the later steps need to know of the merged object. */
struct merge_result {
	GPtrArray *namespaces; /* char *: symbol namespaces that it imports from, sorted */
};

void merge_result_free(struct merge_result *result);
typedef struct merge_result merge_result;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(merge_result, merge_result_free)

/** merge_objects() - make @output; errors of the patch go to @diags and end in KP_UNPATCHABLE. */
struct merge_result *merge_objects(const struct merge_request *request, GString *log, GError **err);

#endif
