/* SPDX-License-Identifier: GPL-2.0 */
/* What loaded patches declare, from the files of the bundled core in sysfs (kmod/core/sysfs.c). */
#ifndef KPATCH_DECLARED_H
#define KPATCH_DECLARED_H

#include <glib.h>
#include <jansson.h>

/**
 * declared_add() - add "states", "shadow_types" and "kept" to @patch.
 * @dir: the patch's folder in sysfs. What is not there (the kernel's own core shows none) is left
 * out.
 */
void declared_add(json_t *patch, const char *dir);

/** declared_write() - the same for people, in at most a line for each of them. */
void declared_write(GString *text, const json_t *patch);

#endif
