/* SPDX-License-Identifier: GPL-2.0 */
/* The cores that a patch module can be made for: one row each. */
#ifndef KP_PATCH_CORE_H
#define KP_PATCH_CORE_H

#include <glib.h>
#include <stdbool.h>

#include "klp.h"
#include "ko.h"

struct post_link_request;

/** struct patch_core - what depends on the core. */
struct patch_core {
	const char *name;	    /* --core=NAME, and kpatch.core= in the module */
	const char *glue;	    /* in share/kpatch/patch, without .c */
	const char *const *headers; /* below share/kpatch: what this glue includes */
	const char *const *options; /* of the configuration; "!NAME": must not be on */
	/*
	 * It is kpatch.ko: a module with exports (core-exports.h) that compares build-ids, to which
	 * references to vmlinux are distances.
	 */
	bool bundled;
	/*
	 * After the link: make what @refs say of the references. Findings go to the request's
	 * diags.
	 */
	bool (*convert)(struct ko *ko, const struct klp_refs *refs,
			const struct post_link_request *request, GError **err);
};

/** patch_core_find() - the row called @name (NULL: the default); NULL if there is none. */
const struct patch_core *patch_core_find(const char *name);

/** patch_core_names() - all names, for messages; to be freed. */
char *patch_core_names(void);

#endif
