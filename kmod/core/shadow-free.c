// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of shadow variables goes back at a pace: see shadow-free.h.
 *
 * The longer pages are given back and none is taken, the more of them the page allocator hands back at
 * once, with interrupts off: over a thousand in the end (nr_pcp_free() in mm/page_alloc.c, seen on 6.1
 * after a million of kfree_rcu()).
 */
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "shadow-free.h"
#include "shadow-table.h"

/* One grace period does for all that come within this time. */
#define FREE_DELAY (HZ / 20)
/* So many may be the last in their pages, in a row. */
#define ROW 32

static LLIST_HEAD(detached);

static void free_detached(struct work_struct *work);
static DECLARE_DELAYED_WORK(free_work, free_detached);
static struct workqueue_struct *queue;

void shadow_free_pause(void)
{
	/* A page that is taken ends the row; that there may be none does not matter. */
	free_page(__get_free_page(GFP_NOWAIT | __GFP_NOWARN));
	cond_resched();
}

static void free_detached(struct work_struct *work)
{
	struct llist_node *all = llist_del_all(&detached);
	struct shadow_var *var, *next;
	unsigned int row = 0;

	synchronize_rcu();
	llist_for_each_entry_safe(var, next, all, free_node) {
		kfree(var);
		if (++row % ROW == 0)
			shadow_free_pause();
	}
}

void shadow_free(struct shadow_var *var)
{
	if (llist_add(&var->free_node, &detached))
		queue_delayed_work(queue, &free_work, FREE_DELAY);
}

void shadow_free_init(struct workqueue_struct *worker)
{
	queue = worker;
}

void shadow_free_exit(void)
{
	flush_delayed_work(&free_work);
}
