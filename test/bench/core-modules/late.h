/* SPDX-License-Identifier: GPL-2.0 */
/* How long interrupts are off on this CPU at most: a timer in hard interrupts says how late it comes. */
#ifndef KPB_LATE_H
#define KPB_LATE_H

#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>

#define LATE_PERIOD_NS 200000

static struct hrtimer late_timer;
static unsigned long late_ns;

static enum hrtimer_restart late_tick(struct hrtimer *timer)
{
	u64 late = (u64)ktime_to_ns(ktime_sub(ktime_get(), hrtimer_get_expires(timer)));

	if (late > late_ns)
		late_ns = late;
	hrtimer_set_expires(timer, ktime_add_ns(ktime_get(), LATE_PERIOD_NS));
	return HRTIMER_RESTART;
}

static void late_start(void)
{
	late_ns = 0;
	hrtimer_init(&late_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	late_timer.function = late_tick;
	hrtimer_start(&late_timer, ns_to_ktime(LATE_PERIOD_NS), HRTIMER_MODE_REL_PINNED_HARD);
}

/* The tick that is due has its turn. */
static void late_end(void)
{
	usleep_range(1000, 2000);
	hrtimer_cancel(&late_timer);
}

#endif
