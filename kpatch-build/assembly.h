/* SPDX-License-Identifier: GPL-2.0 */
/* Assembly cannot be patched, so it must not depend on what a patch changes. */
#ifndef KPB_ASSEMBLY_H
#define KPB_ASSEMBLY_H

#include <glib.h>
#include <stdbool.h>

#include "affected.h"
#include "diag.h"

/**
 * assembly_check() - look for assembly that uses what the patch changes.
 * @tree: the pristine tree
 * @names: set of all names that lead to a change
 * @macros: those of them that are macros
 * @diags: gets an error for each macro that assembly uses, and a warning for types from whose
 *         layout constants for assembly are made (asm-offsets.c)
 */
bool assembly_check(const char *tree, const struct affected_input *input, GHashTable *names,
		    GHashTable *macros, struct kp_diags *diags, GError **err);

#endif
