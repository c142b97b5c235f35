/* SPDX-License-Identifier: GPL-2.0 */
/* Which objects of the kernel a set of changed files affects. */
#ifndef KPB_AFFECTED_H
#define KPB_AFFECTED_H

#include <glib.h>
#include <stdbool.h>

#include "apply.h"
#include "diag.h"
#include "include-graph.h"
#include "kbuild.h"

/** struct affected_object - an object that may differ between the original and the patched tree. */
struct affected_object {
	const struct kbuild_object *object; /* of the old or, when it is new, the new walk */
	bool direct; /* its own source is patched; else it only includes something patched */
	bool is_new; /* the original kernel does not have it */
	char *why;   /* after narrowing: a changed name that it uses; NULL when not known */
};

/** struct affected - objects that may be affected, sorted by path. */
struct affected {
	GPtrArray *objects; /* of struct affected_object * */
};

/** struct affected_input - what is known about patch and kernel. */
struct affected_input {
	const struct overlay *overlay;
	const struct include_graph *graph;
	const struct kbuild *kbuild;
	const struct kbuild *kbuild_new; /* NULL when no Kbuild file changed */
	const GPtrArray *only; /* of char *: objects and modules to restrict to; may be empty */
};

/**
 * affected_find() - all objects that the changed files can reach.
 * @diags: gets an error for each patched source whose object cannot be patched, and a note for
 *         each file that the configuration does not build
 */
struct affected *affected_find(const struct affected_input *input, struct kp_diags *diags);
void affected_free(struct affected *affected);

/** affected_count() - number of objects, or only of those that are (not) direct. */
unsigned int affected_count_indirect(const struct affected *affected);

/**
 * affected_wants() - whether the user wants this object patched where it is part of @objname.
 * @only: of char *: objects, modules, "vmlinux" or "modules"; empty for everything
 * @objname: "vmlinux" or a module's name
 */
bool affected_wants(const GPtrArray *only, const struct kbuild_object *object, const char *objname);

/** affected_drop() - take an object out of the set. */
void affected_drop(struct affected *affected, const struct affected_object *object);

#endif
