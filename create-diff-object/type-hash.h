/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The types of variables, as the DWARF of an object describes them.
 *
 * What a type is becomes a text in which only counts what code relies on: kinds, names, sizes and
 * places of members, but no typedef names, no qualifiers, and of what is pointed to only kind and
 * name. So the text is the same whatever order the compiler writes types in, and for all compilers
 * and DWARF versions that agree on the type.
 *
 *	struct NAME:SIZE{BIT:MEMBER:TYPE;...}	union alike; no NAME if it has none;
 *						members by place and name
 *	[COUNT]TYPE				array; [0] if it has no length
 *	enum NAME:SIZE
 *	base:ENCODING:SIZE			DW_ATE_*
 *	*TYPE, fn(TYPE,...)TYPE			with TYPE in short: "struct NAME"
 */
#ifndef TYPE_HASH_H
#define TYPE_HASH_H

#include <glib.h>
#include <stdint.h>

/** struct types - the debug information of an object. */
struct types;

/** types_open() - read @path, an object compiled with -g; bad or missing information is an error.
 */
struct types *types_open(const char *path, GError **err);
void types_free(struct types *types);
typedef struct types types;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(types, types_free)

/**
 * types_describe() - the type of a variable as text.
 * @symbol: of the variable: "x", "x.3" for a static in a function
 * @size: that it has, in bytes; a type of another size is an error
 *
 * Return: freed by the caller; NULL when it is not described, or not well.
 */
char *types_describe(const struct types *types, const char *symbol, uint64_t size, GError **err);

#endif
