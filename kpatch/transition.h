/* SPDX-License-Identifier: GPL-2.0 */
/* Seeing a patch through its transition. */
#ifndef KPATCH_TRANSITION_H
#define KPATCH_TRANSITION_H

#include "command.h"
#include "core.h"

/** enum transition_end - how the wait for a transition came out. */
enum transition_end {
	TRANSITION_COMPLETE,
	TRANSITION_STALLED,	/* the time is over */
	TRANSITION_INTERRUPTED, /* SIGINT or SIGTERM */
};

/**
 * transition_wait() - wait until @patch is in no transition.
 *
 * Shows progress. With cmd->keep_waiting the end of the time is only reported. When it
 * stalls, the tasks that hold it up are reported and put in the result.
 */
enum transition_end transition_wait(const struct command *cmd, const struct core_ops *core,
				    const char *patch);

/** transition_wait_other() - wait until no patch of this core is in transition. */
bool transition_wait_other(const struct command *cmd, const struct core_ops *core, GError **err);

/**
 * remove_patch_module() - remove the module of a patch that is not in force any more.
 * Waits for its last user. It is not an error if the module has gone by itself.
 */
bool remove_patch_module(const struct command *cmd, const char *patch, GError **err);

#endif
