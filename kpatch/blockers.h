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
	char *state;	/* "running", "sleeping" ...: in a word or two */
	char *function; /* of old code, that it is in; NULL where the core does not say */
	char **stack;	/* innermost function first, at most a few; empty if not readable */
};

void blocker_free(struct blocker *blocker);

/**
 * blockers_from_patch_state() - ask /proc/PID/task/TID/patch_state, as the in-kernel core offers
 * it. The idle tasks of the CPUs are not in /proc, so the list may be empty in a stalled
 * transition.
 */
GPtrArray *blockers_from_patch_state(const struct host *host, const char *patch, int target);

/**
 * blockers_from_core() - read the patch's file "blockers", as the bundled core offers it: a line
 * "TID COMM STATE FUNCTION" for each task, idle tasks included (TID 0, "swapper/N").
 */
GPtrArray *blockers_from_core(const struct host *host, const char *patch, int target);

/** blocker_format() - "TID comm (state) in o: f < g < h", to be freed by the caller. */
char *blocker_format(const struct blocker *blocker);

/** blockers_json() - the list as JSON; the caller owns the reference. */
json_t *blockers_json(const GPtrArray *blockers);

#endif
