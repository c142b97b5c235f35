/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names that macros make with "##": SetPage##name is how SetPageDirty comes to be
 * used by a source that only says Dirty.
 */
#ifndef KPB_PASTE_H
#define KPB_PASTE_H

#include <glib.h>

#include "decls.h"

/** struct paste - one chain of pasted pieces in a macro. */
struct paste {
	GPtrArray *pieces; /* of char *: literal text, or NULL for a parameter */
	const char *macro; /* the macro's name; owned by the declaration */
};

/** paste_find() - the chains in @decl (a macro) that have literal text, added to @pastes. */
void paste_find(const struct decl *decl, GPtrArray *pastes);
void paste_free(struct paste *paste);

/**
 * paste_match() - how a macro's user would have to spell @name.
 *
 * Return: an array with one entry for each way in which the chain makes @name: an array of char *,
 * the arguments that the user must write then; empty when nothing is known about them. NULL when
 * the chain cannot make the name.
 */
GPtrArray *paste_match(const struct paste *paste, const char *name);

#endif
