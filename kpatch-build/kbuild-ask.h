/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asking kbuild for compile commands with "make -n", without running them: its
 * scripts/Makefile.build goes through the folders to the objects, and instead
 * of the rule that compiles it prints the command.
 */
#ifndef KPB_KBUILD_ASK_H
#define KPB_KBUILD_ASK_H

#include <glib.h>
#include <stdbool.h>

#include "target.h"

struct kbuild_question {
	const struct target *target;
	const char *srcdir; /* the master or a working copy */
	char **env;	    /* from kbuild_env_load() */
	const char *log;
	unsigned int jobs;
	const GPtrArray *objects; /* of char *: paths as make's targets */
};

struct kbuild_answer {
	GHashTable *commands; /* object -> command as kbuild wrote it */
	char *other;	      /* something else that would be made before; NULL: nothing */
	GString *messages;    /* make's complaints */
};

void kbuild_answer_free(struct kbuild_answer *answer);
typedef struct kbuild_answer kbuild_answer;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kbuild_answer, kbuild_answer_free)

/** kbuild_ask() - the commands for the objects; nothing is written. */
struct kbuild_answer *kbuild_ask(const struct kbuild_question *question, GError **err);

/** kbuild_answer_is_missing() - whether something must be generated first. */
bool kbuild_answer_is_missing(const struct kbuild_answer *answer, const GPtrArray *objects);

/**
 * kbuild_generate() - make what the objects need, but not the objects themselves.
 *
 * The caller holds the target's lock. kbuild's failures are no error here, since a race in its
 * rules makes the first try fail at times: whoever asks again sees what is still missing.
 */
bool kbuild_generate(const struct kbuild_question *question, GError **err);

#endif
