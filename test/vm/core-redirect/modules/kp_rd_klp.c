// SPDX-License-Identifier: GPL-2.0
/* The kernel's own livepatch of a function that the test patches, too. */
#include <linux/livepatch.h>
#include <linux/module.h>

static int new_add(int a, int b)
{
	return a + b + 7000;
}

static struct klp_func funcs[] = {
	{ .old_name = "rdt_add", .new_func = new_add }, { }
};

static struct klp_object objs[] = {
	{ .name = "kp_rd_target", .funcs = funcs }, { }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };

static int __init klp_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit klp_exit(void)
{
}

module_init(klp_init);
module_exit(klp_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("livepatch for the redirection test");
MODULE_INFO(livepatch, "Y");
