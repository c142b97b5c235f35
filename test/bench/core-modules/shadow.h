/* SPDX-License-Identifier: GPL-2.0 */
/*
 * At load: allocate `count` shadow variables of 8 bytes, look all of them up, free them all. The
 * parameters tell the nanoseconds of one allocation and one look-up, of freeing all in microseconds, and
 * how late a timer was at most on this CPU while they were freed: that is how long interrupts were off.
 */
#include <linux/ktime.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "late.h"

#define ID 0x6b7062

static unsigned int count = 1000;
module_param(count, uint, 0444);
static unsigned long alloc_ns, get_ns, free_us, wrong;
module_param(alloc_ns, ulong, 0444);
module_param(get_ns, ulong, 0444);
module_param(free_us, ulong, 0444);
module_param(late_ns, ulong, 0444);
module_param(wrong, ulong, 0444);

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
	late_start();
	began = ktime_get_ns();
	klp_shadow_free_all(ID, NULL);
	free_us = (ktime_get_ns() - began) / 1000;
	late_end();

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
