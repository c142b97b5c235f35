/* SPDX-License-Identifier: GPL-2.0 */
/* What a patch module's file says about the patch: the tables of kmod/patch/kpatch-patch.h. */
#ifndef KPATCH_CONTENTS_H
#define KPATCH_CONTENTS_H

#include <glib.h>
#include <jansson.h>

#include "elf-read.h"

/**
 * patch_contents() - the tables of the module @elf.
 *
 * Return: an object with arrays "objects", "states", "shadow_types" and "kept", described in
 * man/kpatch.8; modules that kpatch-build did not make may have none of them. NULL with @err if one
 * is damaged.
 */
json_t *patch_contents(const struct kp_elf *elf, GError **err);

#endif
