/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The installed patches: /var/lib/kpatch/RELEASE has their files, and a file "order" with the
 * names of these, a line each, as they were installed.
 *
 * Files that are not in "order" come last: a package may bring them. Names without a file are
 * passed over. So the two need not be written in one step, and whatever a crash leaves is a
 * valid store. A file's time would not do: copies and images of a disk do not keep it.
 */
#ifndef KPATCH_STORE_H
#define KPATCH_STORE_H

#include <glib.h>
#include <stdbool.h>

#include "host.h"

/**
 * store_find() - the installed file that the user means by @what: the name of a patch or of its
 * file. "-" and "_" are the same there, unless that leaves a choice.
 *
 * Return: a path, freed by the caller; NULL with @err.
 */
char *store_find(const struct host *host, const char *release, const char *what, GError **err);

/** store_list() - paths of the files for a kernel in their order; owned by the array. */
GPtrArray *store_list(const struct host *host, const char *release);

/**
 * store_add() - put a file there, as the last one; it is on the disk on return, whole or not at
 * all.
 * @file: its name there; what was called so is replaced
 */
bool store_add(const struct host *host, const char *release, const char *file, const char *data,
	       gsize size, GError **err);

/** store_remove() - remove a file of store_list() or store_find(). */
bool store_remove(const struct host *host, const char *release, const char *path, GError **err);

#endif
