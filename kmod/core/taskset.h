/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of tasks: made, put in force together with a rule, taken out of force, and used again. */
#ifndef KP_TASKSET_H
#define KP_TASKSET_H

#include <linux/list.h>
#include <linux/sched.h>

#include "choose.h"

/**
 * struct kp_note - what is known about the task of the entry with the same number
 * @address:	KP_STACK_OLD: where it was in old code
 * @state:	enum kp_stack, of the last look
 * @running:	it was running at that time
 * @idle:	it is the idle task of a CPU
 * @invited:	it was asked to look at itself when it returns to user space: see transition.c
 * @switches:	how often it had lost or given up the CPU when it was first seen to wait for one
 * @waits_since: when that was, in jiffies; 0: not yet
 */
struct kp_note {
	unsigned long address;
	unsigned long switches;
	unsigned long waits_since;
	u8 state;
	bool running;
	bool idle;
	bool invited;
};

/**
 * struct kp_tasks - a set for the chooser with what only the transition needs
 * @node:	in the pool, while it is out of use
 * @notes:	one an entry; part of this allocation, behind the entries
 * @capacity:	entries; @set.mask + 1, and fixed as long as the memory lives: a chooser that was
 *		interrupted with an old rule may still look into it (and throws away what it finds)
 * @count:	entries in use, at most half of them
 * @set:	must be the last
 */
struct kp_tasks {
	struct list_head node;
	struct kp_note *notes;
	unsigned long capacity;
	unsigned long count;
	struct kp_taskset set;
};

static inline struct task_struct *kp_tasks_task(const struct kp_tasks *tasks, unsigned long i)
{
	return (struct task_struct *)(READ_ONCE(tasks->set.entries[i]) & ~KP_TASK_DONE);
}

/** kp_tasks_pending() - whether entry @i is a task that is still to be switched. */
static inline bool kp_tasks_pending(const struct kp_tasks *tasks, unsigned long i)
{
	unsigned long entry = READ_ONCE(tasks->set.entries[i]);

	return entry && !(entry & KP_TASK_DONE);
}

/**
 * kp_tasks_done() - the task of entry @i is switched.
 *
 * Nobody but the chooser in that very task needs to see it soon. Either it does not run, and the
 * lock that pins it is released before the scheduler can take the same lock to run it; or it is
 * interrupted on this CPU, or current.
 */
static inline void kp_tasks_done(struct kp_tasks *tasks, unsigned long i)
{
	WRITE_ONCE(tasks->set.entries[i], READ_ONCE(tasks->set.entries[i]) | KP_TASK_DONE);
}

#define kp_tasks_for_each_pending(tasks, i)			\
	for ((i) = 0; (i) < (tasks)->capacity; (i)++)		\
		if (kp_tasks_pending(tasks, i))

/** kp_tasks_find() - the number of the entry of @task if it is pending, else -1. Any context. */
long kp_tasks_find(const struct kp_tasks *tasks, const struct task_struct *task);

/** kp_tasks_count_pending() - count, and store it in the set. */
unsigned long kp_tasks_count_pending(struct kp_tasks *tasks);

/** kp_tasks_alloc() - an empty set with room for the tasks there are now; NULL without memory. */
struct kp_tasks *kp_tasks_alloc(void);

/**
 * kp_tasks_enforce() - put all tasks into *@tasks, and @rule in force with it, at one moment.
 * @tasks:	from kp_tasks_alloc(), and empty; exchanged for a larger one when there are more
 *		tasks
 * @except:	not those that are pending in this set; or NULL
 * @rule:	set is filled in
 *
 * "All" are those that exist at that moment: on the task list, exiting, idle tasks of CPUs that
 * are online; none is created and none leaves meanwhile. Dead ones are left out. Under kp_mutex and
 * cpus_read_lock(); may sleep. Nobody may change @except meanwhile.
 * Return: 0, or -ENOMEM: the rule is as before, and *@tasks is empty.
 */
int kp_tasks_enforce(struct kp_tasks **tasks, const struct kp_tasks *except,
		     struct kp_choice *rule);

/**
 * kp_tasks_retire() - @tasks is not in force any more, or never was: drop its references.
 *
 * The memory is kept for the next set for some seconds, and freed after RCU-tasks grace periods.
 * Under kp_mutex, may sleep.
 */
void kp_tasks_retire(struct kp_tasks *tasks);

/** kp_tasks_exit() - free what was retired. Waits for RCU-tasks; not under kp_mutex. */
void kp_tasks_exit(void);

#endif
