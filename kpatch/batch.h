/* SPDX-License-Identifier: GPL-2.0 */
/* One thing done to several patches: what fails does not keep the rest from being done. */
#ifndef KPATCH_BATCH_H
#define KPATCH_BATCH_H

#include "command.h"

/** struct batch - what came out until now. */
struct batch {
	const struct command *cmd;
	json_t *results;   /* an object for each */
	GString *failures; /* messages, a line each */
	unsigned int failed;
	bool interrupted; /* by the user: nothing more is done */
};

struct batch batch_begin(const struct command *cmd);

/** batch_do() - run @run for @arg, with a result of its own; false if it failed. */
bool batch_do(struct batch *batch, command_fn run, const char *arg);

/**
 * batch_end() - put the results into the command's, as "patches".
 * Return: false with @err, which has all messages, if something failed.
 */
bool batch_end(struct batch *batch, GError **err);

/** batch_each() - all of it, for each of @args; the last is NULL. */
bool batch_each(const struct command *cmd, command_fn run, char *const *args, GError **err);

#endif
