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
 * Before any callback of the object. Under kp_mutex; may sleep.
 * Return: 0; -EINVAL registered already or two types with one id in the object, -EBUSY the id is just
 * being freed (wait for it: the core does, for up to some seconds) or leaked, -ENOMEM.
 */
int kp_shadow_register(struct kp_object *obj);

/**
 * kp_shadow_unregister() - after all callbacks of @obj; nothing if it is not registered.
 *
 * The last user of an id frees its variables with its dtor, in process context, in batches with
 * interrupts on. Meanwhile the id is dying: it can neither be allocated nor registered. Under kp_mutex.
 */
void kp_shadow_unregister(struct kp_object *obj);

/**
 * kp_shadow_leak() - as unregister, but the transition was forced: variables and dtor stay for ever.
 */
void kp_shadow_leak(struct kp_object *obj);

/** kp_shadow_count() - number of variables of type @id that exist. */
unsigned long kp_shadow_count(unsigned long id);

/** kp_shadow_show() - a line per type of @patch into the page @buf: "ID COUNT NAME". */
ssize_t kp_shadow_show(struct kp_patch *patch, char *buf);

#endif
