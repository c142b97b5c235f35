/* SPDX-License-Identifier: GPL-2.0 */
/* What the author declares for the core in .kpatch.*: callbacks, states (declared.c). */
#ifndef DECLARED_H
#define DECLARED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "diff.h"

/** struct declaration_rule - a section of declarations, and what one looks like. */
struct declaration_rule {
	const char *section;
	bool prefix;	/* section is a prefix */
	size_t size;	/* of a declaration; kmod/patch/kpatch-patch.h has its fields */
	size_t objname; /* where the name of the object goes */
};

/** declaration_rule() - the rule of @atom; NULL when it declares nothing for the core. */
const struct declaration_rule *declaration_rule(const struct atom *atom);

/** declared_states() - the states among what is included, for the report. */
json_t *declared_states(const struct diff *diff);

#endif
