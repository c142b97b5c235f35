/* SPDX-License-Identifier: GPL-2.0 */
/* Which CVEs patches fix, as their files say. */
#ifndef KPATCH_FIXES_H
#define KPATCH_FIXES_H

#include <glib.h>
#include <jansson.h>

#include "module.h"

/** fixes_add() - "fixes" of @object: the CVEs of @module; null: it does not say. */
void fixes_add(json_t *object, const struct patch_module *module);

/**
 * fixes_add_loaded() - the same for the loaded patch @name, and its titles and version.
 *
 * A loaded module does not show what its file says, so these are from the one of @installed
 * (installed_read()) that it came from, as its build-id tells. All are null if there is none.
 */
void fixes_add_loaded(json_t *object, const struct host *host, const char *name,
		      const GPtrArray *installed);

/** fixes_write() - the line of "fixes", for people. */
void fixes_write(GString *text, const json_t *object);

/**
 * fixes_in_force() - a sorted list of all CVEs that those of @patches fix which are enabled; each
 * has "state" and "fixes".
 */
json_t *fixes_in_force(const json_t *patches);

#endif
