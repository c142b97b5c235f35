/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a program finds the other parts of kpatch. Everything is looked up
 * relative to the running binary, so that an installed tree can be moved and a
 * build directory works like an installed tree (the Makefile makes
 * BUILD/share/kpatch a link to the checkout's kmod/).
 */
#ifndef KP_PATHS_H
#define KP_PATHS_H

#include <glib.h>

/**
 * kp_data_dir() - the directory that holds include/kpatch/ and patch/ (headers and glue).
 *
 * $KPATCH_DATA if set, else share/kpatch beside the binary's directory.
 * Return: absolute path, freed by the caller; NULL with @err when there is none.
 */
char *kp_data_dir(GError **err);

/**
 * kp_libexec() - the path of a helper program such as "create-diff-object".
 *
 * $KPATCH_LIBEXEC if set, else the binary's own directory, ../libexec/kpatch, and $PATH.
 * Return: absolute path, freed by the caller; NULL with @err when it is in none of them.
 */
char *kp_libexec(const char *program, GError **err);

#endif
