/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of a patch, between patch.c (the whole), object.c (one object of it), nop.c, sysfs.c
 * and notify.c (modules come and go). Everything here is called under kp_mutex unless it says otherwise.
 */
#ifndef KP_PATCH_H
#define KP_PATCH_H

#include "core.h"

struct kp_ranges;

/* ---- patch.c ---- */

/** kp_patch_init() - at module load. */
int kp_patch_init(void);
/** kp_patch_exit() - waits until all patches that went are freed. Without kp_mutex. */
void kp_patch_exit(void);

/** kp_disable_patch() - start to take a patch out of force. -EINVAL, -EBUSY, -ENOMEM. */
int kp_disable_patch(struct kp_patch *patch);

/** kp_reverse_patch() - turn the transition of kp_transition_patch around. */
int kp_reverse_patch(void);

/** kp_force_patch() - end the transition of kp_transition_patch by force. */
void kp_force_patch(void);

/**
 * kp_update_ranges() - an object of the patch in transition came or went.
 * @must:	do not fail
 *
 * May sleep. Return: 0, -ENOMEM.
 */
int kp_update_ranges(bool must);

/**
 * kp_transition_calls() - whether the transition has called, or will call, callbacks of @patch.
 *
 * It is the one in transition, or is being replaced by it; callbacks for the far end run when that ends.
 */
bool kp_transition_calls(const struct kp_patch *patch);

/**
 * kp_lock_unless() - take kp_mutex at a moment at which @busy says no.
 * @busy:	called under kp_mutex
 * @ms:		how long to wait for it, in milliseconds
 *
 * May sleep. Return: 0, with kp_mutex held; -EBUSY, or -EINTR after a fatal signal, without it.
 */
int kp_lock_unless(bool (*busy)(const void *data), const void *data, unsigned int ms);

/** kp_transition_enables() - whether the transition was started to put its patch in force. */
bool kp_transition_enables(void);

/* ---- object.c ---- */

/** kp_objname() - for people and for directories. */
static inline const char *kp_objname(const struct kp_object *obj)
{
	return obj->name ? obj->name : "vmlinux";
}

/** kp_init_object_loaded() - find the functions of an object that is there. */
int kp_init_object_loaded(struct kp_object *obj);

/** kp_free_object_loaded() - the module went: forget what was found in it. */
void kp_free_object_loaded(struct kp_object *obj);

/**
 * kp_patch_object() - put the functions of @obj on top of their stacks.
 * @transition: tasks decide (the patch is in transition); else everybody gets them at once
 *
 * All or nothing. Return: 0 or what kp_redirect_get() said.
 */
int kp_patch_object(struct kp_object *obj, bool transition);

/** kp_unpatch_object() - take the functions off; calls go to what is below. */
void kp_unpatch_object(struct kp_object *obj);

/** kp_unpatch_nops() - the same for nops only. */
void kp_unpatch_nops(struct kp_object *obj);

/** kp_choose_object() - let tasks decide between the functions of @obj and what is below them. */
void kp_choose_object(struct kp_object *obj, bool patching);

/** kp_settle_object() - the transition is over: calls go to the top of the stacks. */
void kp_settle_object(struct kp_object *obj);

/**
 * kp_add_func_ranges() - the code of the functions of @obj, and what lies below them.
 * @below, @above: get the ranges
 */
void kp_add_func_ranges(struct kp_object *obj, struct kp_ranges *below, struct kp_ranges *above);

/** KP_RANGES_PER_FUNC - how many ranges kp_add_func_ranges() adds at most to each list. */
#define KP_RANGES_PER_FUNC 9

/* Callbacks; the conditions under which they run are the kernel's. */
int kp_pre_patch_callback(struct kp_object *obj);
void kp_post_patch_callback(struct kp_object *obj);
void kp_pre_unpatch_callback(struct kp_object *obj);
void kp_post_unpatch_callback(struct kp_object *obj);

/* ---- nop.c ---- */

/** kp_add_nops() - give @patch a nop for each function that only the patches before it change. */
int kp_add_nops(struct kp_patch *patch);

/** kp_free_nop(), kp_free_dynamic_object() - from the release of their kobjects. */
void kp_free_nop(struct kp_func *func);
void kp_free_dynamic_object(struct kp_object *obj);

/* ---- sysfs.c ---- */

/** kp_sysfs_init() - creates /sys/kernel/kpatch. */
int kp_sysfs_init(void);
void kp_sysfs_exit(void);

/** kp_kobject_init_*() - so that kobject_put() frees; the object goes on the list of its parent. */
void kp_kobject_init_patch(struct kp_patch *patch);
void kp_kobject_init_object(struct kp_patch *patch, struct kp_object *obj);
void kp_kobject_init_func(struct kp_object *obj, struct kp_func *func);

/** kp_kobject_add_*() - make it visible. 0 or a negative errno. */
int kp_kobject_add_patch(struct kp_patch *patch);
int kp_kobject_add_object(struct kp_patch *patch, struct kp_object *obj);
int kp_kobject_add_func(struct kp_object *obj, struct kp_func *func);

/* ---- notify.c ---- */

/** kp_notify_init() - watch modules come and go. */
int kp_notify_init(void);
void kp_notify_exit(void);

/**
 * kp_module_alive() - the module @name if patches apply to it now; else NULL.
 *
 * A module that is coming counts from the moment on that notify.c has applied the patches to it, one that is
 * going counts no more. It stays as long as kp_mutex is held.
 */
struct module *kp_module_alive(const char *name);

/**
 * kp_module_in_between() - whether the module @name is coming and nobody knows how that ends.
 *
 * Either our notifier is about to be told of it, or it was told before there was a notifier: the module
 * runs its init function for the time being, and only when it is live can patches be applied.
 */
bool kp_module_in_between(const char *name);

#endif
