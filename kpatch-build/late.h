/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Late references, for the bundled core: what a patch refers to in modules that may come and go,
 * and its kept variables, which are where the core has put them.
 *
 * The relocations become rows of struct kp_late (kmod/include/kpatch/kpatch-core.h) in section
 * .kpatch.late, which patch.lds has made with the zeroed row that ends it.
 */
#ifndef KP_LATE_H
#define KP_LATE_H

#include <glib.h>
#include <stdbool.h>

#include "diag.h"
#include "keep.h"
#include "klp.h"
#include "ko.h"

#define LATE_SECTION ".kpatch.late"

/**
 * late_convert() - make rows of all relocations against symbols of modules and kept variables.
 *
 * Those that nobody could fill in in time go to @diags.
 */
bool late_convert(struct ko *ko, const struct klp_refs *refs, const struct keep *keep,
		  struct kp_diags *diags, GError **err);

#endif
