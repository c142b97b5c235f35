/* SPDX-License-Identifier: GPL-2.0 */
/* Decompression in memory, by what the data look like. */
#ifndef KP_UNPACK_H
#define KP_UNPACK_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** kp_unpack_method() - name of the compression that @data starts like, NULL if it is none we know.
 */
const char *kp_unpack_method(const uint8_t *data, size_t len);

/**
 * kp_unpack() - decompress gzip, xz or zstd; what follows the compressed data is ignored.
 * @limit: more output than this is an error
 * @path: for messages
 */
GBytes *kp_unpack(const uint8_t *data, size_t len, size_t limit, const char *path, GError **err);

/** kp_unpack_file() - the contents of @path, unpacked if it is compressed (.ko.xz and the like). */
GBytes *kp_unpack_file(const char *path, GError **err);

#endif
