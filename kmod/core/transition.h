/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Moves every task of the system from old to new code, one by one, each at a moment when it has no
 * old code on its stack. Knows nothing of patches: what "old" is, is a list of address ranges.
 */
#ifndef KP_TRANSITION_H
#define KP_TRANSITION_H

#include <linux/types.h>

/**
 * struct kp_range - code that a task must have left before it can be switched
 * @start, @end: addresses, @end exclusive
 * @name:	of the function, for messages; lives as long as the transition
 */
struct kp_range {
	unsigned long start, end;
	const char *name;
};

/**
 * struct kp_ranges - the code of one side of a transition
 * @count:	number of entries
 * @range:	in any order; kp_transition_set_ranges() sorts them
 */
struct kp_ranges {
	unsigned int count;
	struct kp_range range[];
};

/** kp_ranges_alloc() - room for @max ranges, none in it yet; NULL without memory. kvfree(). */
struct kp_ranges *kp_ranges_alloc(unsigned int max, gfp_t gfp);

/** kp_transition_init() - at module load: starts to keep track of exiting tasks. */
int kp_transition_init(void);
/** kp_transition_exit() - no transition is under way, and no slot uses the chooser. */
void kp_transition_exit(void);

/**
 * kp_transition_prepare() - get the memory for the tasks that exist now.
 *
 * Call it before anything is changed; more is allocated later if tasks were created meanwhile.
 * Return: 0 or -ENOMEM. Undone by kp_transition_cancel().
 */
int kp_transition_prepare(void);
void kp_transition_cancel(void);

/**
 * kp_transition_set_ranges() - what tasks must have left, in each direction.
 * @from:	code that a task must leave to go from -> to
 * @to:		code that it must leave when the transition is turned around
 *
 * Takes both over and frees the ones before. Under kp_mutex; may be called again while the
 * transition is under way (a module came or went).
 */
void kp_transition_set_ranges(struct kp_ranges *from, struct kp_ranges *to);

/**
 * kp_transition_start() - put all tasks that exist now into the set and begin.
 * @done:	called under kp_mutex, from kp_transition_pass() or the worker, when all tasks
 *		arrived. The rule is "everybody to" or "everybody from" then (see choose.h);
 *		@done sets the slots. The transition sets the rule at rest afterwards.
 *
 * Slots choose already (kp_redirect_choose()). Under kp_mutex, may sleep. Switches nobody yet.
 * Return: 0, or -ENOMEM: then nothing has happened.
 */
int kp_transition_start(void (*done)(void));

/**
 * kp_transition_pass() - try to switch the remaining tasks.
 *
 * After it the worker goes on by itself, until done. Under kp_mutex; may sleep.
 * Return: true when done() has been called.
 */
bool kp_transition_pass(void);

/**
 * kp_transition_reverse() - turn around: those that were switched go back.
 *
 * Under kp_mutex, may sleep. Return: 0 or -ENOMEM: then it goes on as before.
 */
int kp_transition_reverse(void);

/** kp_transition_force() - declare all remaining tasks switched. Under kp_mutex; the next pass ends it. */
void kp_transition_force(void);

/** kp_transition_active() - whether one is under way. Under kp_mutex. */
bool kp_transition_active(void);

/** kp_transition_reversed() - whether it is under way from "to" to "from". */
bool kp_transition_reversed(void);

/**
 * kp_transition_blockers() - the tasks that hold it up, a line each: "PID COMM STATE FUNCTION".
 * @buf:	a page
 *
 * STATE is "running", "sleeping", "unreliable" (its stack cannot be trusted), "in-transit", "idle"
 * or "waiting" (not looked at yet); FUNCTION is where it is in old code, or "-". Idle tasks of CPUs
 * are "0 swapper/N". Under kp_mutex.
 * Return: bytes written.
 */
ssize_t kp_transition_blockers(char *buf);

/**
 * kp_transition_quiesce() - wait until nothing that a finished transition left can still be
 * running.
 *
 * synchronize_rcu_tasks(), _rude(), and every task that was exiting is dead or has been met outside of
 * stubs and the chooser. Before the module of a patch that is out of force is let go. Never under kp_mutex: may take long.
 */
void kp_transition_quiesce(void);

#endif
