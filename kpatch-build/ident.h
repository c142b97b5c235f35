/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which build of which kernel a module is for. A patch for the bundled core, and kpatch.ko itself,
 * have a struct kp_ident (kmod/include/kpatch/kpatch-core.h) in a section of its own, zero until it
 * is stamped.
 */
#ifndef KP_IDENT_H
#define KP_IDENT_H

#include <glib.h>
#include <stdbool.h>

#include "image.h"
#include "ko.h"

#define IDENT_SECTION ".kpatch.ident"

/** ident_release() - the kernel release in the vermagic of @ko, to be freed; NULL: none. */
char *ident_release(const struct ko *ko);

/**
 * ident_check_headers() - whether @headers, kbuild's folder, and @image are of one build of the
 * kernel.
 *
 * Packages of a distribution are rebuilt under one release name, and headers and image may be
 * upgraded one without the other. Headers that do not tell their build are taken.
 */
bool ident_check_headers(const char *headers, const struct kp_image *image, GError **err);

/**
 * ident_stamp() - write the build-id of @image into @ko.
 *
 * Refused when @ko was built for another release, or stamped with another build-id: its
 * references are for that one then.
 */
bool ident_stamp(struct ko *ko, const struct kp_image *image, GError **err);

#endif
