/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Applying source patches. It happens in memory, on an overlay over the
 * pristine tree, where each line knows which line of the original it is: that
 * gives the changed ranges after any number of patches, and what #line needs.
 * Only overlay_write() touches files, and only in the working copy.
 */
#ifndef KPB_APPLY_H
#define KPB_APPLY_H

#include <glib.h>
#include <stdbool.h>

#include "diag.h"
#include "source-patch.h"

/** struct src_line - a line of a source file; @text has no newline and is not terminated. */
struct src_line {
	const char *text;
	gsize len;
	unsigned int orig; /* its number in the original file, 0 for an added line */
	bool no_newline;   /* last line without newline at its end */
};

/** struct src_range - a changed place: @old_count lines became @new_count; starts count from 1. */
struct src_range {
	unsigned int old_start, old_count;
	unsigned int new_start, new_count;
};

/** struct src_file - a file that patches touch, as it was and as it is now. */
struct src_file {
	char *path; /* relative to the top of the tree */
	bool existed, exists;
	GArray *original; /* of struct src_line; empty when it did not exist */
	GArray *lines;	  /* of struct src_line; empty when it does not exist */
	GArray *ranges;	  /* of struct src_range; valid after overlay_finish() */
	char *data;	  /* the original's bytes */
};

/** struct overlay - the patched files over a tree; paths are keys. */
struct overlay {
	char *tree;
	GHashTable *files; /* path -> struct src_file * */
};

/** overlay_new() - an overlay over the pristine tree in folder @tree. */
struct overlay *overlay_new(const char *tree);
void overlay_free(struct overlay *overlay);

/**
 * overlay_apply() - apply one file of a patch.
 * @patch: must live as long as the overlay, which points into its text
 * @diags: gets a note where a hunk applies at another line than it says
 *
 * Context must match exactly; only the position may differ. An error names
 * patch, file, hunk, and the line that was expected.
 */
bool overlay_apply(struct overlay *overlay, const struct source_patch *patch,
		   const struct sp_file *file, struct kp_diags *diags, GError **err);

/** overlay_finish() - find the changed ranges and forget files that ended up as they were. */
void overlay_finish(struct overlay *overlay);

/** overlay_paths() - the touched paths, sorted; the array owns nothing. */
GPtrArray *overlay_paths(const struct overlay *overlay);

const struct src_file *overlay_find(const struct overlay *overlay, const char *path);

/** overlay_write() - put the patched files into the working copy @copy, with #line where needed. */
bool overlay_write(const struct overlay *overlay, const char *copy, GError **err);

#endif
