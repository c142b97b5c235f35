/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks on their way out. Near the end of do_exit() a task leaves the task list, but goes on
 * running kernel code, may sleep there, and on 6.12 RCU-tasks does not wait for it then. They are
 * remembered from before that point until they are dead.
 */
#ifndef KP_EXIT_H
#define KP_EXIT_H

#include <linux/sched.h>

int kp_exit_init(void);
/** kp_exit_exit() - forget all; waits for probes that are running. */
void kp_exit_exit(void);

/**
 * kp_exit_each() - call @visit for each task that is exiting and not dead.
 *
 * A task that left the task list before the caller took tasklist_lock is among them. @visit returns
 * false to end it. Under tasklist_lock; a spinlock is held during @visit.
 * Return: whether all were visited.
 */
bool kp_exit_each(bool (*visit)(struct task_struct *task, void *data), void *data);

/** kp_exit_count() - how many are remembered now, roughly. */
unsigned long kp_exit_count(void);

/**
 * kp_exit_complete() - whether all exiting tasks are known.
 *
 * False for a while after an exit for which there was no memory at all, not even in the reserve.
 */
bool kp_exit_complete(void);

/**
 * kp_exit_wait() - until every task that is exiting now is dead, or was met outside of stubs and the
 * chooser while it did not run. Whoever was in one of them is behind it then, in a version that all
 * transitions looked for. May sleep, for long.
 */
void kp_exit_wait(void);

/**
 * kp_task_dead() - whether @task has left the CPU for good: it runs no code any more.
 *
 * TASK_DEAD is set by the task itself while it runs and is final, so that "not on a CPU", read
 * after it, is final too. Reading in the other order could find it not on a CPU while it sleeps,
 * and dead by the time of the second look, running its last instructions. Pairs with the order in
 * which do_task_dead() and finish_task() write them; it is not preempted between the two.
 */
static inline bool kp_task_dead(const struct task_struct *task)
{
	if (READ_ONCE(task->__state) != TASK_DEAD)
		return false;
	smp_rmb(); /* see above */
	return !smp_load_acquire(&task->on_cpu);
}

#endif
