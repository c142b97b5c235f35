/* SPDX-License-Identifier: GPL-2.0 */
/* What compilers do to names, and how to see through it. */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>

struct atom;

/**
 * name_key() - @name without the numbers that the compiler hands out, so that the same thing in two
 * builds has the same key: "foo.isra.3" -> "foo.isra", "count.12" -> "count", "__UNIQUE_ID_x7" ->
 * "__UNIQUE_ID_x". Caller frees.
 */
char *name_key(const char *name);

/** name_base() - the name in the source: no suffixes at all. Caller frees. */
char *name_base(const char *name);

/** name_is_numbered() - whether name_key() removed something. */
bool name_is_numbered(const char *name);

/**
 * name_is_variable() - whether @symbol is what a compiler calls the variable @name: "x", GCC's
 * "x.3", clang's "f.x.3".
 */
bool name_is_variable(const char *symbol, const char *name);

/**
 * atom_is_special_static() - variables that a macro or the compiler makes for one place in the
 * code. Code that moves takes a fresh copy along; they are never the same thing in two builds.
 */
bool atom_is_special_static(const struct atom *atom);

#endif
