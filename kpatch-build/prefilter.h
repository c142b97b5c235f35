/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which objects can use what a patched header changes, from text alone: the names that
 * the changed declarations define, closed over all headers' declarations that
 * mention them. This is what makes a change in a header with thousands of
 * includers cheap; what remains is preprocessed (narrow.h).
 */
#ifndef KPB_PREFILTER_H
#define KPB_PREFILTER_H

#include <glib.h>
#include <stdbool.h>

#include "affected.h"
#include "diag.h"

/**
 * prefilter_affected() - drop indirect objects whose text cannot lead to a changed name.
 * @tree: the pristine tree
 * @diags: gets an error for assembly that uses a changed macro
 *
 * Nothing is dropped when conditions or #include lines change, since any name may then.
 */
bool prefilter_affected(const char *tree, const struct affected_input *input,
			struct affected *affected, unsigned int jobs, struct kp_diags *diags,
			GError **err);

#endif
