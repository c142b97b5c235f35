/* SPDX-License-Identifier: GPL-2.0 */
/* Shadow variables: registration of types. The rest is in kpatch-core.h. */
#ifndef KP_SHADOW_H
#define KP_SHADOW_H

#include <kpatch/kpatch-core.h>

int kp_shadow_init(void);
/** kp_shadow_exit() - frees what is left; warns about variables of registered types. */
void kp_shadow_exit(void);

/**
 * kp_shadow_register() - the types of @obj come into use, all or none of them.
 *
 * Before any callback of the object. Under kp_mutex; may sleep. ctor and dtor of the newest
 * registration of an id are those that are used.
 * Return: 0; -EINVAL registered already or two types with one id in the object, -EBUSY the
 * variables of the id are still being freed, or they belong to a patch that was forced out and no other patch has the id, -ENOMEM.
 */
int kp_shadow_register(struct kp_object *obj);

/**
 * kp_shadow_check() - whether the types of @patch, which is to be loaded, go with those of all others.
 *
 * Variables of an id have one size, as far as patches say so, and one owner, if any. Whoever goes
 * last frees them all: where an id has a dtor, all its types have one, but for those of patches that
 * this one replaces. A patch that has a state of another one has the types that belong to it as
 * well: the state would live on without its data. Under kp_mutex. Return: 0, -EINVAL.
 */
int kp_shadow_check(const struct kp_patch *patch);

/**
 * kp_shadow_dying() - whether variables of a type of @obj are being freed.
 *
 * That waits for RCU-tasks: do not wait for it under kp_mutex.
 */
bool kp_shadow_dying(const struct kp_object *obj);

/**
 * kp_shadow_unregister() - after all callbacks of @obj; nothing if it is not registered.
 *
 * Under kp_mutex, @obj's patch still in kp_patches; may sleep. When it returns no caller is in a
 * ctor or dtor of @obj's types. The last user of an id has its variables freed with its dtor, in
 * process context with interrupts on, after kp_transition_quiesce(): by a worker, which holds the
 * patch's module and the object's until it is done. Where the object is a module that is coming or
 * going: at once.
 * Meanwhile the id is dying: it can neither be allocated nor registered.
 *
 * Variables that existed before anybody registered the id may belong to a patch that never does. They are
 * left alone while any other patch is in force.
 */
void kp_shadow_unregister(struct kp_object *obj);

/**
 * kp_shadow_cancel() - as unregister, when nothing of the patch ran but callbacks.
 *
 * What these left is freed at once, since the patch's module may go at once. What existed before stays.
 */
void kp_shadow_cancel(struct kp_object *obj);

/**
 * kp_shadow_leak() - as unregister, but the transition was forced: variables and dtor stay for ever.
 */
void kp_shadow_leak(struct kp_object *obj);

/**
 * kp_shadow_flush() - wait until the variables of all types that are dying now are freed.
 *
 * May sleep for long; not under kp_mutex.
 */
void kp_shadow_flush(void);

/** kp_shadow_count() - number of variables of type @id that exist. */
unsigned long kp_shadow_count(unsigned long id);

/** kp_shadow_show() - a line per type of @patch into the page @buf: "ID COUNT NAME [STATE]". */
ssize_t kp_shadow_show(struct kp_patch *patch, char *buf);

#ifdef KP_TEST
/* This many warnings about misuse are expected: they become notices. */
extern unsigned int kp_shadow_warnings_expected;
#endif

#endif
