/* SPDX-License-Identifier: GPL-2.0 */
/* The tasks that hold a transition up, and what they are doing. */
#ifndef KPATCH_BLOCKERS_H
#define KPATCH_BLOCKERS_H

#include <glib.h>
#include <jansson.h>

#include "host.h"

/** struct blocker - a task that is still in the old state. */
struct blocker {
	int pid, tid;
	char *comm;
	char state;   /* as in /proc/PID/stat: R running, S sleeping ... ; '?' unknown */
	char **stack; /* innermost function first, at most a few; empty if not readable */
};

void blocker_free(struct blocker *blocker);

/**
 * blockers_from_patch_state() - ask /proc/PID/task/TID/patch_state, as the in-kernel core offers
 * it. The idle tasks of the CPUs are not in /proc, so the list may be empty in a stalled
 * transition.
 */
GPtrArray *blockers_from_patch_state(const struct host *host, const char *patch, int target);

/** blocker_format() - "TID comm (state): f < g < h", to be freed by the caller. */
char *blocker_format(const struct blocker *blocker);

/** blockers_json() - the list as JSON; the caller owns the reference. */
json_t *blockers_json(const GPtrArray *blockers);

#endif
