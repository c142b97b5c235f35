/* SPDX-License-Identifier: GPL-2.0 */
/* Special sections: which there are, and what one entry of each looks like. */
#ifndef TABLES_H
#define TABLES_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct atom;
struct object;
struct section;

/**
 * struct table_rule - a section whose entries describe code.
 *
 * An entry belongs to the code that its first relocation refers to, and is carried over with it.
 * The entry size follows from the number of relocations, so no debug information is needed.
 */
struct table_rule {
	const char *name;
	bool prefix;	      /* name is a prefix */
	unsigned int refs;    /* relocations in an entry */
	size_t size;	      /* of an entry, where the number of relocations varies; else 0 */
	const char *size_env; /* environment variable that overrides the size, as in kpatch */
	size_t short_tail;    /* the last entry may lack this many bytes of padding */
	bool loader_consumes; /* read by the module loader, before late relocations are written */
	size_t ignore, ignore_len; /* bytes that do not count as a change */
	const char *companion;	   /* section with a parallel array without relocations */
};

/** table_classify() - set @sec's class and table from its name, type and flags. */
void table_classify(struct section *sec);

/**
 * table_entry_size() - bytes in an entry of table section @sec.
 * Errors: relocations that do not fit the rule, which means an unknown format.
 */
bool table_entry_size(const struct section *sec, size_t *size, GError **err);

/** table_is() - whether @sec is the table of rule @name. */
bool table_is(const struct section *sec, const char *name);

/** section_is_init() - code and data that the kernel frees after boot, or never keeps. */
bool section_is_init(const struct section *sec);

/** section_is_exit() */
bool section_is_exit(const struct section *sec);

#endif
