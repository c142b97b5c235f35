/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hash table of shadow variables. Read under RCU, written under the stripe lock of the hash:
 * one of many locks, with interrupts off, since callers may be in hard interrupts. A worker
 * resizes the table, bucket by bucket. (rhashtable's locks are not safe in interrupts on 6.1.)
 */
#ifndef KP_SHADOW_TABLE_H
#define KP_SHADOW_TABLE_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct shadow_type;

/*
 * struct shadow_var - a variable
 * @chain:	in a bucket of the table whose @link is the index. Two, so that readers find
 *		complete chains in the old table while the new one is filled
 * @type_node:	in the list of its type
 * @free_node:	in the list of shadow-free.c
 * @data:	aligned as well as what the kernel's livepatch gives
 */
struct shadow_var {
	struct hlist_node chain[2];
	struct list_head type_node;
	struct llist_node free_node;
	struct shadow_type *type;
	void *obj;
	unsigned long id;
	char data[] __aligned(16);
};

/** shadow_table_init() - an empty table; @worker resizes it. 0, -ENOMEM. */
int shadow_table_init(struct workqueue_struct *worker);
/** shadow_table_exit() - when the worker is gone, and nobody looks any more. */
void shadow_table_exit(void);

u32 shadow_hash(const void *obj, unsigned long id);

/** shadow_lock() - the stripe of @hash, until shadow_unlock() with what this returned. */
unsigned long shadow_lock(u32 hash);
void shadow_unlock(u32 hash, unsigned long flags);

/** shadow_find() - NULL if there is none. In an RCU read section, or with the stripe locked. */
struct shadow_var *shadow_find(void *obj, unsigned long id, u32 hash);

/** shadow_link(), shadow_unlink() - with the stripe locked. Memory goes after a grace period. */
void shadow_link(struct shadow_var *var, u32 hash);
void shadow_unlink(struct shadow_var *var, u32 hash);

/** shadow_check_size() - after adding or removing, without the stripe: resize if necessary. */
void shadow_check_size(void);

#endif
