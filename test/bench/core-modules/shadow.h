/* SPDX-License-Identifier: GPL-2.0 */
/*
 * At load: allocate `count` shadow variables of 8 bytes, look all of them up, free them all. The
 * parameters tell the nanoseconds of one allocation and one look-up, of freeing all in microseconds, and
 * how late a timer was at most on this CPU while they were freed: that is how long interrupts were off.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#define ID 0x6b7062

static unsigned int count = 1000;
module_param(count, uint, 0444);
static unsigned long alloc_ns, get_ns, free_us, late_ns, wrong;
module_param(alloc_ns, ulong, 0444);
module_param(get_ns, ulong, 0444);
module_param(free_us, ulong, 0444);
module_param(late_ns, ulong, 0444);
module_param(wrong, ulong, 0444);

static struct hrtimer timer;
static const unsigned int period_ns = 200000;

static enum hrtimer_restart tick(struct hrtimer *t)
{
	u64 late = ktime_to_ns(ktime_sub(ktime_get(), hrtimer_get_expires(t)));

	if (late > late_ns)
		late_ns = late;
	hrtimer_set_expires(t, ktime_add_ns(ktime_get(), period_ns));
	return HRTIMER_RESTART;
}

static int __init shadow_init(void)
{
	u64 began;
	char *objects = vmalloc(count * 64ul);
	unsigned int i;

	if (!objects)
		return -ENOMEM;
	began = ktime_get_ns();
	for (i = 0; i < count; i++) {
		if (!klp_shadow_alloc(objects + i * 64ul, ID, 8, GFP_KERNEL, NULL, NULL))
			wrong++;
		if (i % 1024 == 0)
			cond_resched();
	}
	alloc_ns = (ktime_get_ns() - began) / count;

	began = ktime_get_ns();
	for (i = 0; i < count; i++) {
		if (!klp_shadow_get(objects + i * 64ul, ID))
			wrong++;
		if (i % 1024 == 0)
			cond_resched();
	}
	get_ns = (ktime_get_ns() - began) / count;

	/* The in-kernel core frees with interrupts off: this is not to be taken for a hang. */
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer.function = tick;
	hrtimer_start(&timer, ns_to_ktime(period_ns), HRTIMER_MODE_REL_PINNED_HARD);
	began = ktime_get_ns();
	klp_shadow_free_all(ID, NULL);
	free_us = (ktime_get_ns() - began) / 1000;
	/* The timer that is due must have had its turn. */
	usleep_range(1000, 2000);
	hrtimer_cancel(&timer);

	if (klp_shadow_get(objects, ID) || klp_shadow_get(objects + (count - 1) * 64ul, ID))
		wrong++;
	vfree(objects);
	return 0;
}

static void __exit shadow_exit(void)
{
}

module_init(shadow_init);
module_exit(shadow_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Shadow variables of the benchmark");
