/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cores: what in the kernel applies a patch module. They show their patches
 * in sysfs with the same names and meanings (Documentation/ABI/testing/
 * sysfs-kernel-livepatch), so what differs is a row of a table.
 */
#ifndef KPATCH_CORE_H
#define KPATCH_CORE_H

#include <glib.h>
#include <stdbool.h>

#include "host.h"

/** struct core_ops - one core. */
struct core_ops {
	const char *name;   /* as in the module's kpatch.core= */
	const char *dir;    /* of its patches, below sysfs */
	const char *log;    /* how its kernel messages begin */
	const char *module; /* that it is in; NULL: it is part of the kernel */
	const char *absent; /* what to do when it is not there */
	/* The tasks that have not arrived at @target (1 patched, 0 unpatched): of struct blocker *.
	 */
	GPtrArray *(*blockers)(const struct host *host, const char *patch, int target);
};

/** core_table() - all cores. */
const struct core_ops *core_table(size_t *count);

/** core_by_name() - NULL if this version knows no such core. */
const struct core_ops *core_by_name(const char *name);

/** core_of_patch() - the core that has @patch, NULL if none has. */
const struct core_ops *core_of_patch(const struct host *host, const char *patch);

/**
 * core_ready() - make sure that the core can take patches: if it is a module, load it.
 * @file: the module's file, NULL for the one installed for the running kernel
 *
 * If the running kernel does not have it, @err says what to do.
 */
bool core_ready(const struct host *host, const struct core_ops *core, const char *file,
		GError **err);

/** core_log_since() - what the cores, and the kernel about @module, logged since host_log_mark().
 */
char *core_log_since(const struct host *host, const char *module);

/** core_patch_dir() - the sysfs folder of @patch, or of all patches for NULL; freed by the caller.
 */
char *core_patch_dir(const struct host *host, const struct core_ops *core, const char *patch);

/** struct patch_state - what sysfs says about a patch. */
struct patch_state {
	bool present;
	bool enabled; /* the state it is in or, in transition, on the way to */
	bool transition;
};

struct patch_state core_state(const struct host *host, const struct core_ops *core,
			      const char *patch);

/** patch_state_name() - "enabled", "enabling", "disabled", "disabling" or "absent". */
const char *patch_state_name(const struct patch_state *state);

/** core_patches() - names of the core's patches, sorted; elements are owned by the array. */
GPtrArray *core_patches(const struct host *host, const struct core_ops *core);

/** core_in_transition() - the name of the core's patch that is in transition, or NULL. */
char *core_in_transition(const struct host *host, const struct core_ops *core);

/** struct loaded_patch - a patch that a core has. */
struct loaded_patch {
	const struct core_ops *core;
	char *name;
	struct patch_state state;
};

/** loaded_patches() - of all cores, by core and name; elements are owned by the array. */
GPtrArray *loaded_patches(const struct host *host);

/** core_write() - write 1 or 0 to one of the patch's files in sysfs. 0 or a negative errno. */
int core_write(const struct host *host, const struct core_ops *core, const char *patch,
	       const char *file, bool on);

/** core_set_enabled() - write to the patch's "enabled". 0 or a negative errno. */
int core_set_enabled(const struct host *host, const struct core_ops *core, const char *patch,
		     bool on);

#endif
