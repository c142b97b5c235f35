/* SPDX-License-Identifier: GPL-2.0 */
/* The target's kernel image, decompressed once a target. */
#ifndef KPB_VMLINUX_H
#define KPB_VMLINUX_H

#include "tree.h"

/**
 * vmlinux_open() - path of an ELF image of the target's kernel, freed by the caller.
 *
 * A vmlinuz is decompressed into the target's cache folder; an image that is ELF is used as it is.
 */
char *vmlinux_open(const struct tree *tree, GError **err);

/** vmlinux_build_id() - the image's build-id, hex; NULL with @err when it has none. */
char *vmlinux_build_id(const char *vmlinux, GError **err);

#endif
