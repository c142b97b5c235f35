/* SPDX-License-Identifier: GPL-2.0 */
/* What every subcommand of kpatch gets and gives back. */
#ifndef KPATCH_COMMAND_H
#define KPATCH_COMMAND_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "host.h"

/** struct command - the work to do, and where its outcome goes. */
struct command {
	const struct host *host;
	unsigned int wait_seconds; /* for a transition, the lock, the last user of a module */
	bool keep_waiting;	   /* a stalled transition is waited for instead of undone */
	bool wait;		   /* status: wait before looking */
	bool replace;		   /* install: take the place of another patch of the name */
	bool yes;		   /* force: do not ask */
	const char *release;	   /* of the kernel to install for; NULL: the running one */
	const char *core_module;   /* file of the core, where that is a module; or NULL */
	/* Called for what a person wants to know meanwhile; @passing lines may be overwritten. */
	void (*say)(const char *line, bool passing, void *data);
	/* Called for the user's consent; NULL: nobody can be asked. */
	bool (*ask)(const char *question, void *data);
	void *say_data; /* for both */
	json_t *result; /* object; filled for --json, also when the command fails */
	GString *text;	/* the same for people, printed at the end */
};

typedef bool (*command_fn)(const struct command *cmd, const char *arg, GError **err);

/* The commands; @arg is NULL where none is named here. */

/** command_load() - load the patch module @arg (file or name) and see it through its transition. */
bool command_load(const struct command *cmd, const char *arg, GError **err);

/** command_load_all() - load what is needed of the installed patches; one that fails is passed by.
 */
bool command_load_all(const struct command *cmd, const char *arg, GError **err);

/** command_unload() - take the patch @arg out of force and remove its module. */
bool command_unload(const struct command *cmd, const char *arg, GError **err);

/** command_unload_all() - the same with all patches, the last one first. */
bool command_unload_all(const struct command *cmd, const char *arg, GError **err);

/** command_install() - copy the file @arg to where load finds patches. */
bool command_install(const struct command *cmd, const char *arg, GError **err);

/** command_uninstall() - remove the file of the installed patch @arg (name). */
bool command_uninstall(const struct command *cmd, const char *arg, GError **err);

/** command_list() - show the loaded patches. */
bool command_list(const struct command *cmd, const char *arg, GError **err);

/** command_info() - show what is in the patch module @arg (file or name), loaded or not. */
bool command_info(const struct command *cmd, const char *arg, GError **err);

/** command_status() - show whether the loaded patches are in force; fails if one is not. */
bool command_status(const struct command *cmd, const char *arg, GError **err);

/** command_signal() - wake the tasks that hold a transition up. */
bool command_signal(const struct command *cmd, const char *arg, GError **err);

/** command_force() - end the transition of the patch @arg (name) as it is. */
bool command_force(const struct command *cmd, const char *arg, GError **err);

/** command_verify() - compare what is loaded with what is installed; fails if they differ. */
bool command_verify(const struct command *cmd, const char *arg, GError **err);

/** command_say() - tell a line that stays. */
void command_say(const struct command *cmd, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/** command_progress() - tell a line that the next one may overwrite. */
void command_progress(const struct command *cmd, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/** command_set() - set a text field of the result. */
void command_set(const struct command *cmd, const char *key, const char *value);

/** command_outcome() - put "ok" and, if it failed, "error" into the result. */
void command_outcome(const struct command *cmd, const GError *error);

#endif
