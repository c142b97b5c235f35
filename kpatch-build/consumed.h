/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Places that cannot refer to a symbol of another module, whichever core fills them in: that
 * module may come later, but they are read when the patch itself is loaded.
 */
#ifndef KP_CONSUMED_H
#define KP_CONSUMED_H

#include <stdbool.h>

#include "diag.h"
#include "klp.h"
#include "ko.h"

/**
 * consumed_check() - refuse the @at-th relocation of @relas, of @sec, against @ref, the symbol of
 * a module, if nobody could fill it in in time.
 * Return: whether it is all right; else it is in @diags.
 */
bool consumed_check(const struct ko *ko, const struct ko_section *sec, const struct ko_relas *relas,
		    guint at, const struct klp_ref *ref, struct kp_diags *diags);

#endif
