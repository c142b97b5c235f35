/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Late references: places in a patch that refer to what has no address when the patch is linked:
 * symbols of modules which come and go, and kept variables (keep.h).
 */
#ifndef KP_LATE_H
#define KP_LATE_H

#include <linux/string.h>
#include <kpatch/kpatch-core.h>

#define kp_for_each_late(patch, row) \
	for (row = (patch)->late; row && row->objname; row++)

/** kp_late_is_kept() - the row refers to a kept variable, not to a module. */
static inline bool kp_late_is_kept(const struct kp_late *row)
{
	return !strcmp(row->objname, KP_LATE_KEPT);
}

/** kp_late_is_valid() - the type is known, and the place in the part of the patch that stays. */
bool kp_late_is_valid(const struct kp_patch *patch, const struct kp_late *row);

/**
 * kp_late_apply() - fill in the references of @patch to symbols of @mod.
 *
 * Before the module's own init runs, or when the patch is loaded after it. All symbols are looked up and
 * all ranges checked before anything is written. May sleep; takes text_mutex.
 * Return: 0; -EINVAL symbol not found, -ENOEXEC out of range or unknown type. Nothing is written then.
 */
int kp_late_apply(const struct kp_patch *patch, struct module *mod);

/**
 * kp_late_apply_kept() - fill in the references of @patch to its kept variables, which have storage.
 *
 * As kp_late_apply(), but no symbol can be missing.
 */
int kp_late_apply_kept(const struct kp_patch *patch);

/** kp_late_clear() - zero them again; harmless when they were not applied. May sleep. */
void kp_late_clear(const struct kp_patch *patch, const char *objname);

/** kp_late_refers() - whether @patch has late references to the module called @objname. */
bool kp_late_refers(const struct kp_patch *patch, const char *objname);

#endif
