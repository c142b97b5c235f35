// SPDX-License-Identifier: GPL-2.0
/*
 * A patch that declares the same id, makes variables of it and then fails. What its callbacks made must be gone
 * before its module is.
 */
#include <kpatch/kpatch-core.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int things[100];

static int new_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "never seen\n");
	return 0;
}

static int freed;

static void dtor(void *obj, void *shadow_data)
{
	freed++;
}

static int pre_patch(struct kp_object *obj)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(things); i++)
		if (!kp_shadow_alloc(&things[i], 0x77, 8, GFP_KERNEL, NULL))
			return -ENOMEM;
	return -ECANCELED;
}

static struct kp_func funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = new_cmdline_proc_show },
	{}
};

static struct kp_shadow_type type = { .id = 0x77, .dtor = dtor, .name = "type" };
static struct kp_shadow_type *types[] = { &type, NULL };

static struct kp_object objects[] = {
	{ .funcs = funcs, .shadow_types = types, .callbacks = { .pre_patch = pre_patch } },
	{}
};

static struct kp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init patch_init(void)
{
	int ret = kp_enable_patch(&patch);

	pr_info("%d of %zu variables were freed\n", freed, ARRAY_SIZE(things));
	return ret;
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Patch that fails in the life test");
