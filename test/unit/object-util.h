/* SPDX-License-Identifier: GPL-2.0 */
/* For tests of create-diff-object's passes: objects from a few lines of assembly. */
#ifndef OBJECT_UTIL_H
#define OBJECT_UTIL_H

#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>

#include "create-diff-object/object.h"

/* Assemble @text; the file is gone when this returns, its bytes are in @bytes if that is not NULL. */
static inline object *assemble(const char *text, char **bytes, gsize *size)
{
	g_autoptr(GError) err = NULL;
	g_autofree char *dir = g_dir_make_tmp("kpatch-unit.XXXXXX", &err);
	g_assert_no_error(err);
	g_autofree char *source = g_build_filename(dir, "test.s", NULL);
	g_autofree char *path = g_build_filename(dir, "test.o", NULL);
	const char *argv[] = { "as", "-o", path, source, NULL };
	int status = -1;

	g_assert_true(g_file_set_contents(source, text, -1, &err));
	g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
				   NULL, NULL, NULL, &status, &err));
	g_assert_cmpint(status, ==, 0);
	object *obj = object_read(path, &err);

	g_assert_no_error(err);
	if (bytes)
		g_assert_true(g_file_get_contents(path, bytes, size, NULL));
	g_unlink(source);
	g_unlink(path);
	g_rmdir(dir);
	return obj;
}

/* The same, cut into atoms. */
static inline object *assemble_and_cut(const char *text)
{
	g_autoptr(GError) err = NULL;
	object *obj = assemble(text, NULL, NULL);

	object_cut(obj, &err);
	g_assert_no_error(err);
	return obj;
}

/* The atom called @name, which must be there. */
static inline struct atom *atom_called(const object *obj, const char *name)
{
	struct symbol *sym = object_symbol(obj, name);

	g_assert_nonnull(sym);
	g_assert_nonnull(sym->atom);
	return sym->atom;
}

static inline struct ref *ref_at(struct atom *atom, unsigned int i)
{
	g_assert_cmpuint(atom->refs->len, >, i);
	return &g_array_index(atom->refs, struct ref, i);
}

#endif
