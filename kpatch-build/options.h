/* SPDX-License-Identifier: GPL-2.0 */
/* The command line of kpatch-build. */
#ifndef KPB_OPTIONS_H
#define KPB_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

#include "fixes.h"
#include "patch-core.h"
#include "target.h"

struct package_format;

/** struct options - what the user asked for. */
struct options {
	GPtrArray *patches;	      /* of char *: patch files, in order; at least one */
	GPtrArray *releases;	      /* of char *: -a, each once; empty: the running kernel's */
	struct target_request target; /* without a release if there are several */
	unsigned int jobs;
	char **cc_launcher;	/* --cc-launcher, a command; NULL: none */
	GPtrArray *only;	/* of char *: -t, objects or modules to restrict the build to */
	char *name;		/* of the module file, sanitised */
	const char *output_dir; /* an existing folder */
	unsigned int debug;	/* how often -d was given */
	const struct patch_core *core;
	bool replace; /* the module replaces all older ones */
	struct fixes_given fixes;
	const char *json;
	const char *cache;
	const char *sign_key, *sign_cert;
	const struct package_format *package; /* NULL: the module is all that is wanted */
	const char *given_name;		      /* -n; NULL: none */
	unsigned int max_objects;
	bool keep;
	bool quiet;
};

/**
 * options_parse() - read the command line; usage errors and --help end the program.
 *
 * Return: false with @err for what is well-formed but cannot be (output folder missing ...).
 */
bool options_parse(struct options *options, int argc, char **argv, GError **err);
void options_clear(struct options *options);

/** options_sanitise_name() - @name with all but [a-zA-Z0-9_-] replaced by '-', 55 at most. */
char *options_sanitise_name(const char *name);

#endif
