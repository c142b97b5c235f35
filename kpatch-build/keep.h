/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kept variables (KPATCH_KEEP()): struct kp_keep of kmod/include/kpatch/kpatch-core.h, in section
 * .kpatch.keep. create-diff-object has put each variable into a section of its own: whatever refers
 * to that refers to the variable.
 */
#ifndef KP_KEEP_H
#define KP_KEEP_H

#include <glib.h>
#include <stdbool.h>

#include "diag.h"
#include "klp.h"
#include "ko.h"
#include "symvers.h"

#define KEEP_SECTION ".kpatch.keep"

/** KEEP_OBJNAME_LATE - the objname of their rows in .kpatch.late; sympos is the row in
 * .kpatch.keep. */
#define KEEP_OBJNAME_LATE ".kept"

/** struct keep - the kept variables of a file. */
struct keep;

/** keep_check() - what has to hold between the objects of a patch, and for its core. */
void keep_check(const struct ko *ko, bool bundled, struct kp_diags *diags);

/** keep_read() - the table of @ko; one that does not go with its sections is an error. */
struct keep *keep_read(const struct ko *ko, GError **err);
void keep_free(struct keep *keep);
typedef struct keep keep;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(keep, keep_free)

/**
 * keep_ref_of() - the kept variable that @rela of @sec refers to; NULL when it refers to none, or
 * is the pointer to the initial value in .kpatch.keep.
 * @addend: set to the relocation's, from the start of the variable
 *
 * Return: a reference to KEEP_OBJNAME_LATE, owned by @keep.
 */
const struct klp_ref *keep_ref_of(const struct keep *keep, const struct ko_section *sec,
				  const struct ko_rela *rela, int64_t *addend);

/** keep_is() - whether @ref is one that keep_ref_of() returned. */
bool keep_is(const struct klp_ref *ref);

/**
 * keep_check_values() - initial values that point to what goes with the patch, or to modules, go to
 * @diags.
 */
void keep_check_values(const struct ko *ko, const struct keep *keep, const struct klp_refs *refs,
		       const struct kp_symvers *symvers, struct kp_diags *diags);

#endif
