/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KP_SAME_FUNCTION_H
#define KP_SAME_FUNCTION_H

#include <stdbool.h>

#include "ko.h"

/**
 * same_function() - whether two pointers mean the same function.
 *
 * That is, one place, or two copies of a static function of one name: one that is in a header comes
 * with each object. Their code must be equal, and what it refers to the same thing, an equal string
 * or again such a copy.
 */
bool same_function(const struct ko *ko, const struct ko_rela *a, const struct ko_rela *b);

#endif
