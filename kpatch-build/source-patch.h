/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Source patches: unified diffs, as git and plain diff write them, made for
 * -p1. Reading is strict: what is not understood is an error, since a part
 * that is skipped silently would be a fix that is not in the module.
 */
#ifndef KPB_SOURCE_PATCH_H
#define KPB_SOURCE_PATCH_H

#include <glib.h>
#include <stdbool.h>

enum sp_kind { SP_MODIFIED, SP_NEW, SP_DELETED, SP_RENAMED, SP_COPIED };

/** struct sp_line - one line of a hunk; @text points into the patch's text, without newline. */
struct sp_line {
	char op;	 /* ' ', '+' or '-' */
	bool no_newline; /* "\ No newline at end of file" follows */
	const char *text;
	gsize len;
};

/** struct sp_hunk - one hunk; line numbers count from 1, a start is 0 for an empty side. */
struct sp_hunk {
	unsigned int old_start, old_count;
	unsigned int new_start, new_count;
	unsigned int patch_line; /* of its @@ line, in the patch */
	GArray *lines;		 /* of struct sp_line */
};

/** struct sp_file - the part of a patch that concerns one file. Paths are stripped (-p1). */
struct sp_file {
	enum sp_kind kind;
	char *old_path;		 /* NULL for SP_NEW */
	char *new_path;		 /* NULL for SP_DELETED */
	unsigned int patch_line; /* where its header starts */
	GPtrArray *hunks;	 /* of struct sp_hunk * */
};

/** struct source_patch - one patch file. */
struct source_patch {
	char *name;   /* as given by the user */
	char *sha256; /* of its bytes, hex */
	char *text;
	gsize len;
	char *prose;	  /* the lines that are part of no diff: a mail's header, a message */
	GPtrArray *files; /* of struct sp_file * */
};

/** source_patch_read() - read and parse the patch file @path; errors name file and line. */
struct source_patch *source_patch_read(const char *path, GError **err);

/** source_patch_parse() - parse @text (taken over, also on error); @name is for messages. */
struct source_patch *source_patch_parse(const char *name, char *text, gsize len, GError **err);

void source_patch_free(struct source_patch *patch);

/** sp_file_path() - the path that messages about @file use. */
const char *sp_file_path(const struct sp_file *file);

#endif
