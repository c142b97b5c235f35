/* SPDX-License-Identifier: GPL-2.0 */
/* Which files a patch may touch: some cannot be changed at run time, some do not matter. */
#ifndef KPB_PATCH_POLICY_H
#define KPB_PATCH_POLICY_H

#include "diag.h"
#include "source-patch.h"
#include "tree.h"

enum policy {
	POLICY_APPLY,
	POLICY_IGNORE, /* no part of the kernel's code: documentation, tests; a note says so */
	POLICY_REFUSE, /* an error is in the diagnostics */
};

/** policy_check() - what to do with one file of a patch; findings go to @diags. */
enum policy policy_check(const struct tree *tree, const struct source_patch *patch,
			 const struct sp_file *file, struct kp_diags *diags);

#endif
