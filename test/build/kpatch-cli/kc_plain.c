// SPDX-License-Identifier: GPL-2.0
/* A livepatch by hand that can be seen to work. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int kc_cmdline_show(struct seq_file *m, void *v)
{
	seq_puts(m, "patched by kc_plain\n");
	return 0;
}

static struct klp_func funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = kc_cmdline_show },
	{ }
};

static struct klp_object objs[] = {
	{ .funcs = funcs },
	{ }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };

static int __init kc_plain_init(void)
{
	return klp_enable_patch(&patch);
}
module_init(kc_plain_init);

static void __exit kc_plain_exit(void)
{
}
module_exit(kc_plain_exit);
MODULE_DESCRIPTION("test of kpatch load");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
