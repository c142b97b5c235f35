/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Compiling objects with kbuild's own commands, with the output elsewhere.
 * Paths stay relative to the tree, so results do not depend on where it is.
 */
#ifndef KPB_COMPILE_H
#define KPB_COMPILE_H

#include <glib.h>
#include <stdbool.h>

#include "command.h"
#include "tree.h"

/** enum compile_variant - what to make of a source. */
enum compile_variant {
	COMPILE_PLAIN,	      /* kbuild's command, without debug information */
	COMPILE_SPLIT,	      /* plus -ffunction-sections -fdata-sections */
	COMPILE_TYPES,	      /* the same, but with debug information */
	COMPILE_PREPROCESS,   /* -E, with line markers */
	COMPILE_PREPROCESS_P, /* -E -P, without them */
};

/** struct compile_job - one compiler run. */
struct compile_job {
	const struct command *command;
	enum compile_variant variant;
	const char *dir; /* NULL: the original, in the master; else the working copy */
	/* What the compiler is called through, or NULL (--cc-launcher); results are the same. */
	const char *const *launcher;
	const char *const *first; /* arguments before all others, or NULL: folders of headers */
	const char *const *extra; /* more compiler arguments, NULL-terminated; NULL: none */
	char *output;  /* NULL: the original's place in the cache, else where to write; freed by the
			* caller */
	GString *text; /* preprocessing: gets the output instead of @output when not NULL */
	char *warnings; /* set: what the compiler said, NULL when nothing */
	bool cached;	/* set: it was in the cache */
	void *data;	/* the caller's */
};

struct compile_job *compile_job_new(const struct command *command, enum compile_variant variant,
				    const char *dir, const char *output);
void compile_job_free(struct compile_job *job);

/** compile_done_fn - told after each job; called in the thread that called compile_run(). */
typedef void (*compile_done_fn)(unsigned int done, unsigned int total,
				const struct compile_job *job, void *user);

/**
 * compile_run() - run jobs (struct compile_job *), @parallel at a time.
 *
 * Originals (no dir, no extra) whose output is NULL come from the cache when they were compiled
 * before, else they are put there; job->output is set to the file in the cache, which must not be
 * written to. On a compiler error @err shows the compiler's messages.
 */
bool compile_run(const struct tree *tree, GPtrArray *jobs, unsigned int parallel,
		 compile_done_fn done, void *user, GError **err);

/** compile_argv() - the compiler's command line, without a launcher; g_strfreev(). */
char **compile_argv(const struct compile_job *job, const char *output);

#endif
