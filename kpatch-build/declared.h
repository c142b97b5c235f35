/* SPDX-License-Identifier: GPL-2.0 */
/* What the objects of a patch declare for the core, seen together. */
#ifndef KP_DECLARED_H
#define KP_DECLARED_H

#include <stdbool.h>

#include "diag.h"
#include "ko.h"

/**
 * declared_check() - that the declarations of a merged object go together.
 * @bundled: the core knows states with callbacks
 */
void declared_check(const struct ko *ko, bool bundled, struct kp_diags *diags);

/**
 * declared_merge() - let all entries of a type say the same about size and owner.
 * Return: whether anything changed. After declared_check() found nothing.
 */
bool declared_merge(struct ko *ko);

#endif
