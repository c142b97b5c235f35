/* SPDX-License-Identifier: GPL-2.0 */
/* GNU build-ids, from ELF notes. */
#ifndef KPATCH_BUILD_ID_H
#define KPATCH_BUILD_ID_H

/** build_id_of_notes() - the build-id in a file of raw ELF notes, in hex; NULL if there is none. */
char *build_id_of_notes(const char *path);

/** build_id_of_file() - the build-id of an ELF file, maybe a compressed one; NULL if it has none.
 */
char *build_id_of_file(const char *path);

#endif
