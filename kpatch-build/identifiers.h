/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does a changed header change what an object is made from? Preprocessed text
 * of an includer differs whenever an inline function or a struct differs, used
 * or not. Therefore top-level declarations are compared, and only a difference
 * that can be reached by name from something that makes code or data counts.
 */
#ifndef KPB_IDENTIFIERS_H
#define KPB_IDENTIFIERS_H

#include <glib.h>
#include <stdbool.h>

/** struct decl - one top-level declaration, definition or preprocessor directive. */
struct decl {
	const char *text; /* into the text that was given */
	gsize len;
	unsigned int line, end_line; /* physical lines of that text */
	guint64 hash; /* of the tokens */
	GPtrArray *defines; /* names (interned) that it declares or defines */
	GPtrArray *mentions; /* all names (interned) in it, in strings as well */
	bool emits; /* may make code or data by itself */
	bool directive; /* a preprocessor directive other than #define and #undef */
	bool macro; /* a #define */
	bool invocation; /* starts with NAME(...): a macro may declare anything */
};

/** struct decls - the declarations of a text; names are interned in @names. */
struct decls {
	GPtrArray *list; /* of struct decl * */
	GHashTable *names; /* set of char *, owned */
};

/** decls_parse() - split C text, preprocessed or not; @text must outlive the result. */
struct decls *decls_parse(const char *text, gsize len);
void decls_free(struct decls *decls);

/**
 * identifiers_unit_affected() - can the difference between two preprocessed sources change code?
 * @why: gets a name of a changed declaration that is used, or NULL; may be NULL
 */
bool identifiers_unit_affected(const GString *original, const GString *patched, char **why);

#endif
