/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does a changed header change what an object is made from? Preprocessed text
 * of an includer differs whenever an inline function or a struct differs, used
 * or not. Therefore top-level declarations are compared, and only a difference
 * that can be reached by name from something that makes code or data counts.
 */
#ifndef KPB_IDENTIFIERS_H
#define KPB_IDENTIFIERS_H

#include <glib.h>
#include <stdbool.h>

/**
 * identifiers_unit_affected() - can the difference between two preprocessed sources change code?
 * @why: gets a name of a changed declaration that is used, or NULL; may be NULL
 */
bool identifiers_unit_affected(const GString *original, const GString *patched, char **why);

#endif
