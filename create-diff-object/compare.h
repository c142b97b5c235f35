/* SPDX-License-Identifier: GPL-2.0 */
/* Whether two atoms are the same code or data. */
#ifndef COMPARE_H
#define COMPARE_H

#include <stdbool.h>

struct atom;
struct object;

/**
 * atoms_equal() - same bytes outside relocated fields, and the same references: to twins, to
 * undefined symbols of one name, or to anonymous things of equal contents.
 */
bool atoms_equal(struct atom *a, struct atom *b);

/**
 * function_equal() - atoms_equal() and equal special-section entries.
 *
 * An alternative for another CPU feature or another fixup handler is a change although the code's
 * bytes are the same. Line numbers in bug entries are not.
 */
bool function_equal(struct atom *a, struct atom *b);

/** compare_objects() - set ->changed in both twins of each pair in @orig and its twin object. */
void compare_objects(struct object *orig);

#endif
