/* SPDX-License-Identifier: GPL-2.0 */
/* Whether a task has old code on its stack. */
#ifndef KP_STACK_H
#define KP_STACK_H

#include <linux/sched.h>

#include "transition.h"

/**
 * enum kp_stack - what a look at a task found
 * @KP_STACK_WAITING: not looked at yet
 * @KP_STACK_CLEAN: no frame is in old code: the task may be switched
 * @KP_STACK_RUNNING: it ran somewhere else, so its stack could not be walked, or was about to run on
 *	in a system call
 * @KP_STACK_OLD: a frame is in old code
 * @KP_STACK_IN_TRANSIT: a frame is on the way into a version that it may have decided for already
 * @KP_STACK_UNRELIABLE: the unwinder does not vouch for the frames
 */
enum kp_stack {
	KP_STACK_WAITING,
	KP_STACK_CLEAN,
	KP_STACK_RUNNING,
	KP_STACK_OLD,
	KP_STACK_IN_TRANSIT,
	KP_STACK_UNRELIABLE,
};

/**
 * kp_stack_check() - walk the stack of @task.
 * @task:	current, or pinned by task_call_func() while it does not run, and never a dead one: its
 *		stack is gone or somebody else's
 * @ranges:	sorted, see kp_ranges_sort(); the code that must not be found
 * @address:	set to the frame's address for KP_STACK_OLD, else 0
 *
 * For current from an interrupt handler, the walk starts in the handler and passes through the
 * interrupt frame. It must not start from saved registers: the unwinder then skips the function
 * that was interrupted, and a leaf of the old code would look clean.
 *
 * Context: any but NMI; preemption is off, or @task is current. No locks, no allocation, no output.
 */
enum kp_stack kp_stack_check(struct task_struct *task, const struct kp_ranges *ranges,
			     unsigned long *address);

/** kp_stack_init() - once, before kp_stack_at_exit(). May sleep. */
void kp_stack_init(void);

/**
 * kp_stack_at_exit() - whether @task was about to return to user mode when it lost the CPU.
 *
 * @task is pinned by task_call_func(), and does not run. False also where that cannot be told.
 */
bool kp_stack_at_exit(struct task_struct *task);

/** kp_ranges_sort() - by address; ranges that overlap become one, with the name of the first. */
void kp_ranges_sort(struct kp_ranges *ranges);

/** kp_ranges_find() - the range that @address belongs to, or NULL. @ranges may be NULL: empty. */
const struct kp_range *kp_ranges_find(const struct kp_ranges *ranges, unsigned long address);

#endif
