/* SPDX-License-Identifier: GPL-2.0 */
/* What must hold for a patch module before and after the link, and the kernel would not tell. */
#ifndef KP_PATCH_CHECK_H
#define KP_PATCH_CHECK_H

#include <stdbool.h>

#include "diag.h"
#include "klp.h"
#include "ko.h"

/** struct objtool_needs - what objtool has to have made, by the target's configuration. */
struct objtool_needs {
	bool orc;	  /* CONFIG_UNWINDER_ORC */
	bool retpoline;	  /* CONFIG_RETPOLINE, CONFIG_MITIGATION_RETPOLINE */
	bool rethunk;	  /* CONFIG_RETHUNK, CONFIG_MITIGATION_RETHUNK */
	bool static_call; /* CONFIG_HAVE_STATIC_CALL_INLINE */
};

/**
 * patch_check_tables() - the tables that the glue reads.
 *
 * Each entry complete; one callback of a kind for each object, one replacement for each function.
 */
void patch_check_tables(const struct ko *ko, struct kp_diags *diags);

/**
 * patch_check_references() - that somebody fills in each reference to a module.
 *
 * The cores do so for the modules that the patch has an entry or a callback for, and for no others.
 */
void patch_check_references(const struct ko *ko, const struct klp_refs *refs,
			    struct kp_diags *diags);

/** patch_check_sections() - no section that is special in vmlinux and plain data in a module. */
void patch_check_sections(const struct ko *ko, struct kp_diags *diags);

/**
 * patch_check_objtool() - that objtool ran and was not silently useless.
 *
 * A missing section is an error: mitigations or static calls would not be patched. A function
 * without unwind data is a warning: a task that sleeps in it holds up later patches.
 */
void patch_check_objtool(const struct ko *ko, const struct objtool_needs *needs,
			 struct kp_diags *diags);

#endif
