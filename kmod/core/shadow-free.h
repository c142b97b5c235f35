/* SPDX-License-Identifier: GPL-2.0 */
/* Memory of shadow variables that nobody can find any more. */
#ifndef KP_SHADOW_FREE_H
#define KP_SHADOW_FREE_H

#include <linux/workqueue.h>

struct shadow_var;

/**
 * shadow_free() - free @var after a grace period of RCU, by a worker. In any context but NMI, with the
 * stripe locked or not.
 */
void shadow_free(struct shadow_var *var);

/**
 * shadow_free_pause() - between rows of memory that is freed, so that the page allocator does not come
 * to give back a lot at once with interrupts off. May sleep.
 */
void shadow_free_pause(void);

/** shadow_free_init() - @worker is to do it. */
void shadow_free_init(struct workqueue_struct *worker);
/** shadow_free_exit() - returns when all is free. Nobody may call shadow_free() any more. */
void shadow_free_exit(void);

#endif
