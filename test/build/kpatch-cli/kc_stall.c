// SPDX-License-Identifier: GPL-2.0
/* Patches a function that tasks sleep in, before and after: a transition cannot end while one does. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

/* A process called "sleep" stays in the new code while this is set. */
static bool hold;
module_param(hold, bool, 0644);

static long kc_nanosleep(ktime_t rqtp, int mode, int clockid)
{
	do
		schedule_timeout_idle(HZ / 10);
	while (READ_ONCE(hold) && !strcmp(current->comm, "sleep"));
	return 0;
}

static struct klp_func funcs[] = {
	{ .old_name = "hrtimer_nanosleep", .new_func = kc_nanosleep },
	{ }
};

static struct klp_object objs[] = {
	{ .funcs = funcs },
	{ }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };

static int __init kc_stall_init(void)
{
	return klp_enable_patch(&patch);
}
module_init(kc_stall_init);

static void __exit kc_stall_exit(void)
{
}
module_exit(kc_stall_exit);
MODULE_DESCRIPTION("test of kpatch load");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
