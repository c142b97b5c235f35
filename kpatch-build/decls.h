/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C text as a list of top-level declarations with the names that each defines and
 * mentions. No parser of C: it must only not lose names, on any input.
 */
#ifndef KPB_DECLS_H
#define KPB_DECLS_H

#include <glib.h>
#include <stdbool.h>

/** struct decl - one top-level declaration, definition or preprocessor directive. */
struct decl {
	const char *text; /* into the text that was given */
	gsize len;
	unsigned int line, end_line; /* physical lines of that text */
	guint64 hash;		     /* of the tokens */
	GPtrArray *defines;	     /* names (interned) that it declares or defines */
	GPtrArray *mentions;	     /* all names (interned) in it, in strings as well */
	bool emits;		     /* may make code or data by itself */
	bool directive;		     /* a preprocessor directive other than #define and #undef */
	bool macro;		     /* a #define */
	bool invocation;	     /* starts with NAME(...): a macro may declare anything */
};

/** struct decls - the declarations of a text; names are interned in @names. */
struct decls {
	GPtrArray *list;   /* of struct decl * */
	GHashTable *names; /* set of char *, owned */
};

/** decls_parse() - split C text, preprocessed or not; @text must outlive the result. */
struct decls *decls_parse(const char *text, gsize len);
void decls_free(struct decls *decls);

#endif
