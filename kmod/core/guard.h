/* SPDX-License-Identifier: GPL-2.0 */
/* Build-ids: nothing that was made for another kernel or another build of a module gets in. */
#ifndef KP_GUARD_H
#define KP_GUARD_H

#include <linux/module.h>
#include <linux/types.h>

/**
 * kp_guard_init() - check kpatch.ko itself, then watch modules that are loaded.
 *
 * kpatch.ko was finished for one build of the kernel (struct kp_ident __kpatch_ident, filled in by
 * kpatch-post-link). On another one its references point anywhere, so this is the first thing that
 * its init function calls, and it uses only what the module loader resolved by name.
 * The watch is a module notifier of the highest priority: a module with a symbol __kpatch_ident that
 * does not fit is refused before jump labels and static calls are written through its references.
 * Return: 0, -ENOEXEC or an error of register_module_notifier().
 */
int kp_guard_init(void);
void kp_guard_exit(void);

/**
 * kp_guard_module() - whether @mod is the build that @build_id (KP_BUILD_ID_SIZE bytes) names.
 *
 * Works on a module that is coming as well as on a live one. Prints both ids if not.
 * Return: 0; -ENOEXEC if it is another build, or has no build-id.
 */
int kp_guard_module(struct module *mod, const u8 *build_id);

#endif
