/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Narrowing the affected objects with the preprocessor: an object that only
 * includes something patched is compiled only when its preprocessed source
 * differs in what it uses. The same output shows whether #line did its job.
 */
#ifndef KPB_NARROW_H
#define KPB_NARROW_H

#include <glib.h>
#include <stdbool.h>

#include "affected.h"
#include "command.h"
#include "compile.h"
#include "diag.h"

/** struct narrow_setup - what is needed to preprocess. */
struct narrow_setup {
	const struct tree *tree;
	const struct work *work;
	const struct commands *commands; /* those of all objects are known */
	const struct overlay *overlay;
	const char *const *extra; /* more compiler arguments for the patched source */
	unsigned int parallel;
	compile_done_fn done;
	void *user;
};

/** narrow_affected() - drop the indirect objects that the patch does not change. */
bool narrow_affected(const struct narrow_setup *setup, struct affected *affected,
		     struct kp_diags *diags, GError **err);

#endif
