/* SPDX-License-Identifier: GPL-2.0 */
/* Late references: places in a patch that refer to modules which come and go. */
#ifndef KP_LATE_H
#define KP_LATE_H

#include <kpatch/kpatch-core.h>

/**
 * kp_late_apply() - fill in the references of @patch to symbols of @mod.
 *
 * Before the module's own init runs, or when the patch is loaded after it. All symbols are looked up and
 * all ranges checked before anything is written. May sleep; takes text_mutex.
 * Return: 0; -EINVAL symbol not found, -ENOEXEC out of range or unknown type. Nothing is written then.
 */
int kp_late_apply(const struct kp_patch *patch, struct module *mod);

/** kp_late_clear() - zero them again; harmless when they were not applied. May sleep. */
void kp_late_clear(const struct kp_patch *patch, const char *objname);

/** kp_late_refers() - whether @patch has late references to the module called @objname. */
bool kp_late_refers(const struct kp_patch *patch, const char *objname);

#endif
