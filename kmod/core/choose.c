// SPDX-License-Identifier: GPL-2.0
/*
 * The choice between two versions of a function, for the current task.
 *
 * kp_choose() runs wherever a patched function is called: NMI, idle loop, kernel entry, inside
 * tracers. It takes no locks, uses no RCU, calls nothing, and is not instrumented (see Kbuild).
 *
 * The rule exists twice, and the low bit of the generation says which copy is in force: the second
 * while the first is rewritten, the first otherwise. So a reader that interrupts the writer finds a
 * complete rule, and all CPUs get the new one with a single store. Whoever sees the generation
 * change while it looks begins again: it acts on one rule as a whole, and never on a set that is not in
 * force any more. (The memory of such a set is left alone until RCU-tasks grace periods are over,
 * so that just looking is harmless.) The generation never wraps.
 */
#include <asm/current.h>
#include <linux/compiler.h>
#include <linux/kprobes.h>
#include <linux/moduleparam.h>
#include <linux/processor.h>

#include "choose.h"
#include "redirect.h"

static unsigned long generation;
static struct kp_choice rules[2]; /* zeroes: everybody "from" */

#ifdef KP_TEST
static unsigned int chooser_delay_before;
module_param(chooser_delay_before, uint, 0644);
MODULE_PARM_DESC(chooser_delay_before, "loops in the chooser before it decides");
static unsigned int chooser_delay_after;
module_param(chooser_delay_after, uint, 0644);
MODULE_PARM_DESC(chooser_delay_after, "loops in the chooser between decision and return");
#define delay(loops)								\
	do {									\
		unsigned int i_;						\
										\
		for (i_ = READ_ONCE(loops); i_; i_--)				\
			cpu_relax();						\
	} while (0)
#else
#define delay(loops) do { } while (0)
#endif

void kp_choose_rule(const struct kp_choice *rule)
{
	/* The second copy is complete before it is in force. Pairs with (1) in kp_choose(). */
	smp_wmb();
	WRITE_ONCE(generation, generation + 1);
	/* Whoever reads a byte of what comes sees the generation changed. Pairs with (2). */
	smp_wmb();
	rules[0] = *rule;
	/* The first, too, and what the caller wrote to slots and set before. Pairs with (1). */
	smp_wmb();
	WRITE_ONCE(generation, generation + 1);
	/* As above. Pairs with (2). */
	smp_wmb();
	rules[1] = *rule;
}

static __always_inline bool is_pending(const struct kp_taskset *set,
				       const struct task_struct *task)
{
	unsigned long mask, slot, left, entry;

	if (!set)
		return false;
	mask = READ_ONCE(set->mask);
	slot = kp_taskset_slot(set, task);
	for (left = mask; left; left--, slot++) {
		entry = READ_ONCE(set->entries[slot & mask]);
		if (entry == (unsigned long)task)
			return true;
		if (!entry || entry == ((unsigned long)task | KP_TASK_DONE))
			return false;
	}
	return false;
}

__section(".kpatch.chooser") notrace unsigned long kp_choose(const struct kp_slot *slot)
{
	unsigned long seen, address;
	const struct kp_choice *rule;
	bool to;

	delay(chooser_delay_before);
	do {
		seen = READ_ONCE(generation);
		/* (1): all that belongs to the rule is there */
		smp_rmb();
		rule = &rules[seen & 1];
		to = is_pending(READ_ONCE(rule->set), current) ? READ_ONCE(rule->pending_to) :
								 READ_ONCE(rule->other_to);
		address = to ? READ_ONCE(slot->to) : READ_ONCE(slot->from);
		/* (2): nothing newer was read */
		smp_rmb();
	} while (READ_ONCE(generation) != seen);
	delay(chooser_delay_after);
	return address;
}
NOKPROBE_SYMBOL(kp_choose);
