/* SPDX-License-Identifier: GPL-2.0 */
/* Waiting for RCU-tasks, which may take minutes. */
#ifndef KP_WAIT_H
#define KP_WAIT_H

#include <linux/completion.h>
#include <linux/rcupdate.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched.h>

/**
 * kp_wait_rcu_tasks() - what synchronize_rcu_tasks() does, in a state that may last.
 *
 * A kernel thread that only calls cond_resched() holds RCU-tasks up for as long as it runs. On 6.1
 * synchronize_rcu_tasks() waits uninterruptibly: after two minutes the caller is reported as hung,
 * which can be made a panic. Never under kp_mutex.
 */
static inline void kp_wait_rcu_tasks(void)
{
	struct rcu_synchronize wait;

	init_rcu_head_on_stack(&wait.head);
	init_completion(&wait.completion);
	call_rcu_tasks(&wait.head, wakeme_after_rcu);
	wait_for_completion_state(&wait.completion, TASK_IDLE);
	destroy_rcu_head_on_stack(&wait.head);
}

/**
 * kp_wait_chooser() - until nobody is in the chooser, or behind it, any more who is there now.
 *
 * RCU-tasks for tasks that were preempted; rude for idle tasks, and CPUs that RCU does not watch.
 */
static inline void kp_wait_chooser(void)
{
	kp_wait_rcu_tasks();
	synchronize_rcu_tasks_rude();
}

#endif
