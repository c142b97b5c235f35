// SPDX-License-Identifier: GPL-2.0
/* The hash table of shadow variables: see shadow-table.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/rculist.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "inject.h"
#include "shadow-free.h"
#include "shadow-table.h"

#define STRIPES	  256 /* locks; the table has at least as many buckets, each belongs to one */
#define TABLE_MIN 1024

/* Buckets come by the page: who allocates many at once has them cleared with interrupts off (6.1). */
#define PAGE_BUCKETS (PAGE_SIZE / sizeof(struct hlist_head))

/*
 * struct shadow_table - the hash table
 * @mask:	number of buckets - 1
 * @link:	which of shadow_var.chain it uses
 * @moved:	while it is filled: buckets of the old table that are in it; changes for a bucket
 *		under its stripe lock
 * @pages:	PAGE_BUCKETS buckets each
 */
struct shadow_table {
	unsigned long mask;
	unsigned int link;
	unsigned long moved;
	struct hlist_head *pages[];
};

static struct shadow_table __rcu *table;
static struct shadow_table *next_table; /* being filled, or NULL */
static atomic_long_t total = ATOMIC_LONG_INIT(0);
static spinlock_t stripes[STRIPES];

static void resize_table(struct work_struct *work);
static DECLARE_WORK(resize_work, resize_table);
static struct workqueue_struct *queue;

#ifdef KP_TEST
static u64 locked_at[STRIPES];
static unsigned long longest_locked_ns;
module_param(longest_locked_ns, ulong, 0644);
MODULE_PARM_DESC(longest_locked_ns, "how long a lock of the shadow variables was held at most");

/* Under the stripe lock. The maximum is not exact when two CPUs raise it at once. */
static void note_locked(u32 hash)
{
	locked_at[hash % STRIPES] = local_clock();
}

static void note_unlocked(u32 hash)
{
	unsigned long held = (unsigned long)(local_clock() - locked_at[hash % STRIPES]);

	if (held > READ_ONCE(longest_locked_ns))
		WRITE_ONCE(longest_locked_ns, held);
}

#else

static inline void note_locked(u32 hash) { }
static inline void note_unlocked(u32 hash) { }
#endif

u32 shadow_hash(const void *obj, unsigned long id)
{
	return (u32)hash_64((unsigned long)obj + hash_64(id, 64), 32);
}

unsigned long shadow_lock(u32 hash)
{
	unsigned long flags;

	spin_lock_irqsave(&stripes[hash % STRIPES], flags);
	note_locked(hash);
	return flags;
}

void shadow_unlock(u32 hash, unsigned long flags)
{
	note_unlocked(hash);
	spin_unlock_irqrestore(&stripes[hash % STRIPES], flags);
}

/* In an RCU read section, or with a stripe locked, which is one as well. */
static struct shadow_table *current_table(void)
{
	return rcu_dereference_check(table, rcu_read_lock_any_held());
}

static struct hlist_head *bucket_of(const struct shadow_table *in, unsigned long hash)
{
	unsigned long bucket = hash & in->mask;

	return &in->pages[bucket / PAGE_BUCKETS][bucket % PAGE_BUCKETS];
}

struct shadow_var *shadow_find(void *obj, unsigned long id, u32 hash)
{
	struct shadow_table *in = current_table();
	struct shadow_var *var;

	hlist_for_each_entry_rcu(var, bucket_of(in, hash), chain[in->link])
		if (var->obj == obj && var->id == id)
			return var;
	return NULL;
}

/*
 * The table that is being filled, if what belongs into bucket @hash of @now is there already.
 *
 * Under the stripe lock. A writer that still sees the old table sees next_table as well: that
 * is cleared a grace period after the new one was published.
 */
static struct shadow_table *also_in(const struct shadow_table *now, u32 hash)
{
	struct shadow_table *next = READ_ONCE(next_table);

	if (!next || next == now || (hash & now->mask) >= READ_ONCE(next->moved))
		return NULL;
	return next;
}

static void add_to(struct shadow_table *to, struct shadow_var *var, u32 hash)
{
	hlist_add_head_rcu(&var->chain[to->link], bucket_of(to, hash));
}

void shadow_link(struct shadow_var *var, u32 hash)
{
	struct shadow_table *now = current_table(), *next = also_in(now, hash);

	add_to(now, var, hash);
	if (next)
		add_to(next, var, hash);
	atomic_long_inc(&total);
}

void shadow_unlink(struct shadow_var *var, u32 hash)
{
	struct shadow_table *now = current_table(), *next = also_in(now, hash);

	hlist_del_rcu(&var->chain[now->link]);
	if (next)
		hlist_del_rcu(&var->chain[next->link]);
	atomic_long_dec(&total);
}

/* Twice the variables, when there are more than buckets or less than an eighth. */
static unsigned long wanted_buckets(void)
{
	unsigned long count = (unsigned long)max(atomic_long_read(&total), 0L), now;

	rcu_read_lock();
	now = current_table()->mask + 1;
	rcu_read_unlock();
	if (count <= now && (count >= now / 8 || now == TABLE_MIN))
		return now;
	return max_t(unsigned long, roundup_pow_of_two(2 * count + 1), TABLE_MIN);
}

void shadow_check_size(void)
{
	unsigned long now;

	rcu_read_lock();
	now = current_table()->mask + 1;
	rcu_read_unlock();
	if (wanted_buckets() != now)
		queue_work(queue, &resize_work);
}

static void free_table(struct shadow_table *old)
{
	unsigned long i;

	for (i = 0; i <= old->mask / PAGE_BUCKETS; i++) {
		free_page((unsigned long)old->pages[i]);
		shadow_free_pause();
	}
	kvfree(old);
}

static struct shadow_table *alloc_table(unsigned long buckets, unsigned int link)
{
	unsigned long count = buckets / PAGE_BUCKETS, i;
	struct shadow_table *new;

	new = kp_inject() ? NULL : kvzalloc(struct_size(new, pages, count), GFP_KERNEL);
	if (!new)
		return NULL;
	new->mask = buckets - 1;
	new->link = link;
	for (i = 0; i < count; i++) {
		new->pages[i] = kp_inject() ? NULL : (void *)get_zeroed_page(GFP_KERNEL);
		if (!new->pages[i]) {
			free_table(new);
			return NULL;
		}
		cond_resched();
	}
	return new;
}

static void move_bucket(struct shadow_table *old, struct shadow_table *new, unsigned long bucket)
{
	unsigned long flags = shadow_lock((u32)bucket);
	struct shadow_var *var;

	hlist_for_each_entry(var, bucket_of(old, bucket), chain[old->link])
		add_to(new, var, shadow_hash(var->obj, var->id));
	WRITE_ONCE(new->moved, bucket + 1);
	shadow_unlock((u32)bucket, flags);
}

/* The only one that changes table and next_table; works do not run beside themselves. */
static void resize_table(struct work_struct *work)
{
	struct shadow_table *old = rcu_dereference_protected(table, true), *new;
	unsigned long buckets = wanted_buckets(), bucket;

	if (buckets == old->mask + 1)
		return;
	/* Without memory chains are longer; the next variable tries again. */
	new = alloc_table(buckets, !old->link);
	if (!new)
		return;
	WRITE_ONCE(next_table, new);
	for (bucket = 0; bucket <= old->mask; bucket++) {
		move_bucket(old, new, bucket);
		cond_resched();
	}
	rcu_assign_pointer(table, new);
	/* After this nobody uses the old chains, and the links are free for the next time. */
	synchronize_rcu();
	WRITE_ONCE(next_table, NULL);
	free_table(old);
	shadow_check_size();
}

int shadow_table_init(struct workqueue_struct *worker)
{
	struct shadow_table *first = alloc_table(TABLE_MIN, 0);
	unsigned int i;

	if (!first)
		return -ENOMEM;
	for (i = 0; i < STRIPES; i++)
		spin_lock_init(&stripes[i]);
	queue = worker;
	rcu_assign_pointer(table, first);
	return 0;
}

void shadow_table_exit(void)
{
	free_table(rcu_dereference_protected(table, true));
	RCU_INIT_POINTER(table, NULL);
}
