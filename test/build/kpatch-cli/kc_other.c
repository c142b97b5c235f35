// SPDX-License-Identifier: GPL-2.0
/* A livepatch that the core refuses: there is no such function. */
#include <linux/livepatch.h>
#include <linux/module.h>

static void kc_nothing(void)
{
}

static struct klp_func funcs[] = {
	{ .old_name = "kpatch_no_such_function", .new_func = kc_nothing },
	{ }
};

static struct klp_object objs[] = {
	{ .funcs = funcs },
	{ }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };

static int __init kc_other_init(void)
{
	return klp_enable_patch(&patch);
}
module_init(kc_other_init);

static void __exit kc_other_exit(void)
{
}
module_exit(kc_other_exit);
MODULE_DESCRIPTION("test of kpatch load");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
