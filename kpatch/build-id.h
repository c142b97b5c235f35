/* SPDX-License-Identifier: GPL-2.0 */
/* GNU build-ids, from ELF notes. */
#ifndef KPATCH_BUILD_ID_H
#define KPATCH_BUILD_ID_H

#include "elf-read.h"

/** build_id_of_notes() - the build-id in a file of raw ELF notes, in hex; NULL if there is none. */
char *build_id_of_notes(const char *path);

/** build_id_of_elf() - the build-id of an ELF file, in hex; NULL if it has none. */
char *build_id_of_elf(const struct kp_elf *elf);

#endif
