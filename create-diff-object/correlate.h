/* SPDX-License-Identifier: GPL-2.0 */
/* Pairing what is the same thing in the original and in the patched object. */
#ifndef CORRELATE_H
#define CORRELATE_H

struct object;

/**
 * correlate() - set ->twin of functions and variables.
 *
 * Strings, constants, table entries and special statics get no twin: they are compared by contents
 * and copied with the code that uses them.
 */
void correlate(struct object *orig, struct object *patched);

/**
 * correlate_static_locals() - the part of correlate() for numbered variables (static-locals.c).
 *
 * The compiler numbers static locals afresh in each build. The same variable is the one of the same
 * source name that the same function uses.
 */
void correlate_static_locals(struct object *orig, struct object *patched);

#endif
