/* SPDX-License-Identifier: GPL-2.0 */
/* The command line of kpatch. */
#ifndef KPATCH_OPTIONS_H
#define KPATCH_OPTIONS_H

#include "command.h"

/** struct options - what the user asked for. Strings point into argv. */
struct options {
	const char *name; /* of the subcommand */
	command_fn run;
	bool shows;	   /* its text is what the user wants: --quiet does not suppress it */
	char *const *args; /* of the subcommand; the last is NULL */
	const char *release, *core_module;
	unsigned int wait_seconds;
	bool wait, keep_waiting, all, replace, yes, json, quiet, help, version;
};

/** options_parse() - false with @err (KP_USAGE) for a wrong command line. */
bool options_parse(struct options *options, int argc, char **argv, GError **err);

/** options_usage() - the text of --help; freed by the caller. */
char *options_usage(void);

#endif
