/* SPDX-License-Identifier: GPL-2.0 */
/* Running create-diff-object on compiled objects and reading what it found. */
#ifndef KPB_DIFF_H
#define KPB_DIFF_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "diag.h"
#include "target.h"

enum diff_status { DIFF_WRITTEN, DIFF_UNCHANGED, DIFF_UNPATCHABLE, DIFF_ERROR };

/** struct diff_input - one object in one module (or vmlinux). All strings are owned. */
struct diff_input {
	char *object;		  /* as kbuild calls it, for messages and file names */
	char *objname;		  /* "vmlinux" or a module's name */
	char *plain;		  /* the original as kbuild compiles it; NULL: there is none */
	char *original, *patched; /* compiled with -ffunction-sections -fdata-sections */
	char *types;		  /* the patched one with debug information; NULL: not needed */
	char *symtab;		  /* symbols of vmlinux or of the module */
};

void diff_input_free(struct diff_input *input);

/** struct diff_result - what create-diff-object made of it. */
struct diff_result {
	char *object, *objname;
	enum diff_status status;
	GPtrArray *changed, *added; /* of char * */
	json_t *data, *callbacks, *states,
		*shadow_types; /* arrays, as create-diff-object reports them */
	char *output;	       /* the diff object, when status is DIFF_WRITTEN */
	char *said;	       /* lines about all that went in; NULL without debug */
};

/** struct diff_setup - what is the same for all objects. */
struct diff_setup {
	const struct target *target;
	const char *vmlinux; /* the image, decompressed */
	const char *module_name;
	const char *dir; /* an existing folder for output and reports */
	unsigned int parallel;
	bool debug; /* the results have what create-diff-object says */
};

/** diff_done_fn - told after each object, in the caller's thread. */
typedef void (*diff_done_fn)(unsigned int done, unsigned int total, const struct diff_input *input,
			     void *user);

/**
 * diff_run() - compare all objects.
 * @inputs: of struct diff_input *
 * @diags: gets the findings of all objects; an object that cannot be patched is one of them
 *
 * Return: array of struct diff_result * in the order of @inputs; NULL with @err when a
 * comparison could not be run.
 */
GPtrArray *diff_run(const struct diff_setup *setup, const GPtrArray *inputs, diff_done_fn done,
		    void *user, struct kp_diags *diags, GError **err);

#endif
