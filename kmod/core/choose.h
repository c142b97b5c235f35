/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which version of a function a task runs while a transition is under way.
 *
 * "In the set and pending" is one answer, everything else the other: tasks that are created later
 * need no bookkeeping, and there are no time stamps.
 */
#ifndef KP_CHOOSE_H
#define KP_CHOOSE_H

#include <linux/sched.h>
#include <linux/types.h>

struct kp_slot;

/**
 * struct kp_taskset - tasks that have to be switched: open addressing, keyed by pointer
 * @mask:	number of entries - 1; a power of two, at least twice the number of tasks
 * @entries:	0: free; else the task_struct's address, with KP_TASK_DONE set once it is switched
 *
 * Entries are never removed while the set is in use, and each holds a reference to its task, so
 * that an address cannot become another task's. Read by the chooser in any context, NMI and
 * !rcu_is_watching() included: the memory is freed only after synchronize_rcu_tasks() and _rude().
 */
struct kp_taskset {
	unsigned long mask;
	unsigned long pending;	/* entries without KP_TASK_DONE; maintained by taskset.c */
	unsigned long entries[];
};

#define KP_TASK_DONE 1UL

/** kp_taskset_slot() - where to start looking for @task. */
static __always_inline unsigned long kp_taskset_slot(const struct kp_taskset *set,
						     const struct task_struct *task)
{
	return (((unsigned long)task >> 6) * 0x9e3779b97f4a7c15UL >> 20) & set->mask;
}

/**
 * struct kp_choice - the rule in force
 * @set:	NULL: no task is in it
 * @pending_to:	what a task that is in the set and pending gets: slot->to, or slot->from
 * @other_to:	the same for all other tasks
 */
struct kp_choice {
	const struct kp_taskset *set;
	bool pending_to;
	bool other_to;
};

/**
 * kp_choose_rule() - change the rule for all slots and all tasks at once.
 *
 * The order, for a transition on some slots:
 *	at rest			rule "everybody from"; all slots have from == to == target
 *	1. kp_redirect_choose()	for each function: nothing changes yet
 *	2. rule "pending from, others to", under tasklist_lock when the set is complete
 *	   (turned around: "pending to, others from" with another set)
 *	3. all tasks arrived: rule "everybody to" (or "from")
 *	4. kp_redirect_set()	for each function: from = to = target = where it arrived
 *	5. rule "everybody from"
 * A chooser that is interrupted anywhere sees one rule as a whole: it starts again when the
 * rule has changed while it looked. Callers serialise; any context.
 */
void kp_choose_rule(const struct kp_choice *rule);

/** kp_choose() - where the current task continues. Called by stubs.S and the IPMODIFY handler. */
unsigned long kp_choose(const struct kp_slot *slot);

#endif
