/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the core share. Who knows what, from the bottom up:
 *
 *	lookup     symbols of vmlinux and of modules by name and position
 *	guard      build-ids: patch modules and patched modules that do not belong here are refused
 *	late       references of a patch into other modules, and to kept variables
 *	keep       storage of variables that patches share with those that replace them
 *	redirect   a slot for each patched function, and how calls get there (stubs.S, choose.c)
 *	transition moves all tasks from old to new code (taskset.c, exit.c, stack.c); knows no patches
 *	shadow, state   what patches own beside code
 *	patch      the life of a patch: ties the above together (object.c, nop.c, sysfs.c, notify.c)
 *
 * Locking: kp_mutex serialises everything but the code that tasks run when they call a patched
 * function (stubs.S, choose.c) and shadow variables. It is taken before ftrace's, text_mutex,
 * tasklist_lock and cpus_read_lock(). Nothing waits for RCU-tasks under it, only for its rude kind.
 */
#ifndef KP_CORE_H
#define KP_CORE_H

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <kpatch/kpatch-core.h>

/** kp_mutex - see above. */
extern struct mutex kp_mutex;

/** kp_patches - all patches that are known, the newest last. */
extern struct list_head kp_patches;

/** kp_transition_patch - the patch whose transition is under way, or NULL. Under kp_mutex. */
extern struct kp_patch *kp_transition_patch;

#define kp_for_each_patch(patch) list_for_each_entry(patch, &kp_patches, list)
#define kp_for_each_patch_safe(patch, tmp) \
	list_for_each_entry_safe(patch, tmp, &kp_patches, list)
#define kp_for_each_object(patch, obj) list_for_each_entry(obj, &(patch)->obj_list, node)
#define kp_for_each_object_safe(patch, obj, tmp) \
	list_for_each_entry_safe(obj, tmp, &(patch)->obj_list, node)
#define kp_for_each_func(obj, func) list_for_each_entry(func, &(obj)->func_list, node)
#define kp_for_each_func_safe(obj, func, tmp) \
	list_for_each_entry_safe(func, tmp, &(obj)->func_list, node)
#define kp_for_each_object_static(patch, obj) \
	for (obj = (patch)->objs; obj->funcs || obj->name; obj++)
#define kp_for_each_func_static(obj, func) \
	for (func = (obj)->funcs; func->old_name || func->new_func || func->old_sympos; func++)
#define kp_for_each_state(patch, state) \
	for (state = (patch)->states; state && state->id; state++)

static inline bool kp_is_module(const struct kp_object *obj)
{
	return obj->name;
}

/** kp_is_object_loaded() - vmlinux is always there. */
static inline bool kp_is_object_loaded(const struct kp_object *obj)
{
	return !obj->name || obj->mod;
}

#endif
