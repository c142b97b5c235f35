// SPDX-License-Identifier: GPL-2.0
/* A livepatch written by hand: the harness is tested without kpatch-build. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int selftest_cmdline_show(struct seq_file *m, void *v)
{
	seq_puts(m, "patched by the self-test\n");
	return 0;
}

static struct klp_func funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = selftest_cmdline_show },
	{ }
};

static struct klp_object objs[] = {
	{ .funcs = funcs },
	{ }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs, .replace = true };

static int __init kp_selftest_init(void)
{
	return klp_enable_patch(&patch);
}
module_init(kp_selftest_init);

static void __exit kp_selftest_exit(void)
{
}
module_exit(kp_selftest_exit);
MODULE_DESCRIPTION("self-test of the VM harness");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
