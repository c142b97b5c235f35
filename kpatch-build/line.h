/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keeping __LINE__ stable: a changed __LINE__ changes the code of functions
 * that the patch does not touch (WARN, lockdep, assertions). Where a patch
 * shifts lines, "#line N" gives the lines after it their old numbers back.
 */
#ifndef KPB_LINE_H
#define KPB_LINE_H

#include <glib.h>
#include <stdbool.h>

#include "apply.h"

/** line_applies_to() - is @path a file that is read by the C preprocessor only? */
bool line_applies_to(const char *path);

/** line_annotate() - the text of @lines (struct src_line) with #line directives where needed. */
GString *line_annotate(const GArray *lines);

/**
 * line_plain() - the text of @lines as it is, without directives.
 */
GString *line_plain(const GArray *lines);

/**
 * line_verify() - check with the preprocessor's output that unchanged lines kept their numbers.
 * @file: a patched file
 * @original, @patched: output of "cc -E" with line markers for one source
 *
 * Return: the first original line number that got another one, 0 when all is well.
 */
unsigned int line_verify(const struct src_file *file, const GString *original,
			 const GString *patched);

#endif
