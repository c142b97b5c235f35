// SPDX-License-Identifier: GPL-2.0
/*
 * Sets of tasks that have to be switched.
 *
 * Memory: choosers read a set in any context, without RCU. Memory that has been in force is freed
 * only after kp_wait_chooser(). That may take long, so a retired set waits in a pool, where the next
 * transition may take it at once, without any grace period. This is safe since
 *  - kp_choose_rule() has raised the generation, followed by a write barrier, before the set is
 *    emptied and filled again. A chooser that sees any of the new entries sees the new generation
 *    after its read barrier, too, and starts again: it never acts on what it found;
 *  - its search ends: capacity and mask never change, it stays inside, and looks at no more
 *    entries than there are;
 *  - it only compares addresses of tasks, and dereferences none.
 */
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "exit.h"
#include "inject.h"
#include "taskset.h"
#include "wait.h"

/* How long retired sets wait for another use. */
#define KEEP_SECONDS 5
/* Tasks that may be created between the allocation and the snapshot. */
#define HEADROOM 64

static LIST_HEAD(pool);
static DEFINE_SPINLOCK(pool_lock);

static void free_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(free_work, free_work_fn);

long kp_tasks_find(const struct kp_tasks *tasks, const struct task_struct *task)
{
	unsigned long i = kp_taskset_slot(&tasks->set, task);
	unsigned long entry;

	/* Ends at a free entry: half of them are. */
	while ((entry = READ_ONCE(tasks->set.entries[i]))) {
		if (entry == (unsigned long)task)
			return i;
		if ((entry & ~KP_TASK_DONE) == (unsigned long)task)
			return -1;
		i = (i + 1) & tasks->set.mask;
	}
	return -1;
}

unsigned long kp_tasks_count_pending(struct kp_tasks *tasks)
{
	unsigned long i, pending = 0;

	kp_tasks_for_each_pending(tasks, i)
		pending++;
	tasks->set.pending = pending;
	return pending;
}

static struct kp_tasks *take_from_pool(unsigned long capacity)
{
	struct kp_tasks *tasks, *found = NULL;

	spin_lock(&pool_lock);
	list_for_each_entry(tasks, &pool, node) {
		if (tasks->capacity >= capacity) {
			found = tasks;
			list_del(&found->node);
			break;
		}
	}
	spin_unlock(&pool_lock);
	return found;
}

static struct kp_tasks *alloc_for(unsigned long count)
{
	unsigned long capacity = roundup_pow_of_two(2 * count);
	struct kp_tasks *tasks;

	if (kp_inject())
		return NULL;
	tasks = take_from_pool(capacity);
	if (tasks) {
		memset(tasks->set.entries, 0, tasks->capacity * sizeof(tasks->set.entries[0]));
		tasks->count = 0;
		return tasks;
	}
	tasks = kvzalloc(struct_size(tasks, set.entries, capacity) +
			 array_size(capacity, sizeof(*tasks->notes)), GFP_KERNEL);
	if (!tasks)
		return NULL;
	tasks->notes = (struct kp_note *)&tasks->set.entries[capacity];
	tasks->capacity = capacity;
	tasks->set.mask = capacity - 1;
	return tasks;
}

struct kp_tasks *kp_tasks_alloc(void)
{
	return alloc_for(READ_ONCE(nr_threads) + num_possible_cpus() + kp_exit_count() + HEADROOM);
}

struct filling {
	struct kp_tasks *tasks;
	const struct kp_tasks *except;
};

/* False: there is no room. */
static bool add(struct kp_tasks *tasks, struct task_struct *task, bool idle)
{
	unsigned long i = kp_taskset_slot(&tasks->set, task);

	for (; tasks->set.entries[i]; i = (i + 1) & tasks->set.mask) {
		if (tasks->set.entries[i] == (unsigned long)task)
			return true;
	}
	if (2 * (tasks->count + 1) > tasks->capacity)
		return false;
	get_task_struct(task);
	tasks->notes[i] = (struct kp_note){ .idle = idle };
	WRITE_ONCE(tasks->set.entries[i], (unsigned long)task);
	tasks->count++;
	return true;
}

static bool add_task(struct task_struct *task, void *data)
{
	struct filling *filling = data;

	if (kp_task_dead(task))
		return true;
	if (filling->except && kp_tasks_find(filling->except, task) >= 0)
		return true;
	return add(filling->tasks, task, false);
}

/* Under RCU or tasklist_lock. */
static bool add_listed(struct filling *filling)
{
	struct task_struct *process, *task;

	for_each_process_thread(process, task) {
		if (!add_task(task, filling))
			return false;
	}
	return true;
}

/*
 * An idle task that is offline is not in the set: when its CPU comes up, it starts with an empty
 * stack.
 */
static bool add_idle(struct filling *filling)
{
	int cpu;

	for_each_online_cpu(cpu) {
		struct task_struct *task = idle_task(cpu);

		if (filling->except && kp_tasks_find(filling->except, task) >= 0)
			continue;
		if (!add(filling->tasks, task, true))
			return false;
	}
	return true;
}

/*
 * Most tasks are found under RCU. Under the lock that keeps tasks from being created and from
 * leaving the list, only those that are new since then are added. A task that is created later is
 * put on the list, by somebody who waits for the lock to do so, before it runs for the first time,
 * and a chooser in it sees the new rule.
 */
static bool fill_and_rule(struct filling *filling, struct kp_choice *rule)
{
	bool room;

	rcu_read_lock();
	room = add_listed(filling);
	rcu_read_unlock();
	if (!room || !add_idle(filling))
		return false;

	read_lock(&tasklist_lock);
	room = add_listed(filling) && kp_exit_each(add_task, filling);
	if (room) {
		filling->tasks->set.pending = filling->tasks->count;
		rule->set = &filling->tasks->set;
		kp_choose_rule(rule);
	}
	read_unlock(&tasklist_lock);
	return room;
}

static void drop_references(struct kp_tasks *tasks)
{
	unsigned long i;

	for (i = 0; i < tasks->capacity; i++) {
		struct task_struct *task = kp_tasks_task(tasks, i);

		if (!task)
			continue;
		put_task_struct(task);
		cond_resched();
	}
	tasks->count = 0;
}

int kp_tasks_enforce(struct kp_tasks **tasks, const struct kp_tasks *except,
		     struct kp_choice *rule)
{
	struct filling filling = { .tasks = *tasks, .except = except };

	while (!fill_and_rule(&filling, rule)) {
		struct kp_tasks *larger = alloc_for(filling.tasks->capacity);

		if (!larger) {
			drop_references(filling.tasks);
			memset(filling.tasks->set.entries, 0,
			       filling.tasks->capacity * sizeof(filling.tasks->set.entries[0]));
			return -ENOMEM;
		}
		kp_tasks_retire(filling.tasks);
		filling.tasks = larger;
		*tasks = larger;
	}
	return 0;
}

void kp_tasks_retire(struct kp_tasks *tasks)
{
	drop_references(tasks);
	spin_lock(&pool_lock);
	list_add(&tasks->node, &pool);
	spin_unlock(&pool_lock);
	mod_delayed_work(system_unbound_wq, &free_work, KEEP_SECONDS * HZ);
}

static void free_pool(void)
{
	struct kp_tasks *tasks, *tmp;
	LIST_HEAD(old);

	spin_lock(&pool_lock);
	list_splice_init(&pool, &old);
	spin_unlock(&pool_lock);
	if (list_empty(&old))
		return;
	kp_wait_chooser();
	list_for_each_entry_safe(tasks, tmp, &old, node)
		kvfree(tasks);
}

static void free_work_fn(struct work_struct *work)
{
	free_pool();
}

void kp_tasks_exit(void)
{
	cancel_delayed_work_sync(&free_work);
	free_pool();
}
