// SPDX-License-Identifier: GPL-2.0
/* Stack walks: is there old code, or code that is on the way into it? */
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/sort.h>
#include <asm/unwind.h>

#include "lookup.h"
#include "redirect.h"
#include "stack.h"

/* The function in which the kernel gives up the CPU before it goes to user mode; 0: not known. */
static unsigned long exit_start, exit_end;

void kp_stack_init(void)
{
	/* The second one is 6.1's; where both exist, the first is what calls schedule(). */
	static const char *const names[] = { "exit_to_user_mode_loop", "exit_to_user_mode_prepare" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (kp_lookup_each(NULL, names[i], &exit_start, 1) != 1)
			continue;
		exit_end = exit_start + kp_lookup_size(exit_start);
		return;
	}
	exit_start = 0;
}

/*
 * Whether a walk that met no error came to where the stack of @task begins. "No caller" is also what ORC
 * data say of code that the unwinder does not understand: up to Linux 6.3 (UNWIND_HINT_EMPTY), of the
 * first instruction of a retpoline and of function_graph's return_to_handler, where an interrupt may
 * well find a task. All that lies below would be overlooked.
 *
 * All tasks, idle ones included, begin right below their user registers, or the place for them
 * (copy_thread(), do_boot_cpu()).
 */
static bool is_at_bottom(const struct unwind_state *state, struct task_struct *task)
{
	return state->sp == (unsigned long)task_pt_regs(task);
}

/*
 * Calls @look with each address, the innermost first, until it returns false. In difference to
 * arch_stack_walk_reliable(), true means that nothing was left out: see is_at_bottom().
 */
static bool walk_stack(struct task_struct *task, bool (*look)(void *data, unsigned long address),
		       void *data)
{
	struct unwind_state state;

	for (unwind_start(&state, task, NULL, NULL); !unwind_done(&state) && !unwind_error(&state);
	     unwind_next_frame(&state)) {
		struct pt_regs *regs = unwind_get_entry_regs(&state, NULL);
		unsigned long address;

		if (regs && user_mode(regs))
			return true;
		address = unwind_get_return_address(&state);
		if (!address || !look(data, address))
			return false;
	}
	return !unwind_error(&state) && is_at_bottom(&state, task);
}

struct top {
	unsigned int depth;
	bool at_exit;
};

/* __schedule(), schedule(), and who called that. */
static bool look_at_top(void *data, unsigned long address)
{
	struct top *top = data;

	if (++top->depth < 3)
		return true;
	top->at_exit = address > exit_start && address <= exit_end;
	return false;
}

bool kp_stack_at_exit(struct task_struct *task)
{
	struct top top = {};

	walk_stack(task, look_at_top, &top);
	return top.at_exit;
}

struct walk {
	const struct kp_ranges *ranges;
	unsigned long address;
	enum kp_stack found;
};

static int compare_ranges(const void *a, const void *b)
{
	const struct kp_range *left = a, *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return 0;
}

void kp_ranges_sort(struct kp_ranges *ranges)
{
	struct kp_range *last = ranges->range;
	unsigned int i;

	if (!ranges->count)
		return;
	sort(ranges->range, ranges->count, sizeof(ranges->range[0]), compare_ranges, NULL);
	for (i = 1; i < ranges->count; i++) {
		if (ranges->range[i].start >= last->end)
			*++last = ranges->range[i];
		else
			last->end = max(last->end, ranges->range[i].end);
	}
	ranges->count = last - ranges->range + 1;
}

/*
 * The end belongs to a range here: the return address of a function that ends with a call of one
 * that never returns lies just behind it. Nothing is missed and nothing is held up by that: no
 * return address points to the start of a function, and nobody stays at a first instruction.
 */
const struct kp_range *kp_ranges_find(const struct kp_ranges *ranges, unsigned long address)
{
	unsigned int low = 0, high = ranges ? ranges->count : 0;

	/* The last range that starts at or before the address. */
	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (ranges->range[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	/* Where two ranges touch, the address just behind the first is the start of the second. */
	return address <= ranges->range[low - 1].end ? &ranges->range[low - 1] : NULL;
}

static bool look_at_frame(void *data, unsigned long address)
{
	struct walk *walk = data;

	if (kp_redirect_in_transit(address)) {
		walk->found = KP_STACK_IN_TRANSIT;
		return false;
	}
	if (kp_ranges_find(walk->ranges, address)) {
		walk->found = KP_STACK_OLD;
		walk->address = address;
		return false;
	}
	return true;
}

/*
 * Walks frame by frame instead of saving the stack first: nothing to allocate, no limit on its
 * depth (the unwinder insists on moving towards the end of the stack), and the first bad frame
 * ends it, which keeps interrupts off for as short as can be.
 */
enum kp_stack kp_stack_check(struct task_struct *task, const struct kp_ranges *ranges,
			     unsigned long *address)
{
	struct walk walk = { .ranges = ranges, .found = KP_STACK_CLEAN };
	bool complete = walk_stack(task, look_at_frame, &walk);

	*address = walk.address;
	if (walk.found == KP_STACK_CLEAN && !complete)
		return KP_STACK_UNRELIABLE;
	return walk.found;
}
