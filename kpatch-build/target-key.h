/* SPDX-License-Identifier: GPL-2.0 */
/* What tells targets apart in the cache. */
#ifndef KPB_TARGET_KEY_H
#define KPB_TARGET_KEY_H

#include "target.h"

/**
 * target_make_key() - a key of 16 hex digits: over release, package version, configuration,
 * compiler, and for a source tree over size and time of its files. To be freed.
 */
char *target_make_key(const struct target *target, GError **err);

#endif
