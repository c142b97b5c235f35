/* SPDX-License-Identifier: GPL-2.0 */
/* What the installed patches of the running kernel amount to. */
#ifndef KPATCH_INSTALLED_H
#define KPATCH_INSTALLED_H

#include "module.h"

/** struct installed - an installed patch. Everything is owned by it. */
struct installed {
	char *path;
	char *name;		     /* by its file, if that cannot be read */
	struct patch_module *module; /* NULL: it cannot be used, as @error says */
	GError *error;
	bool tried; /* to be loaded */
};

/** installed_read() - those for the running kernel in their order; owned by the array. */
GPtrArray *installed_read(const struct host *host);

/** installed_is_cumulative() - whether it takes the place of all others of its core. */
bool installed_is_cumulative(const struct installed *patch);

/**
 * installed_successor() - the last cumulative patch that comes after number @i of @list, is for the
 * same core and can be used; it replaces that one. NULL: there is none.
 */
const struct installed *installed_successor(const GPtrArray *list, guint i);

#endif
