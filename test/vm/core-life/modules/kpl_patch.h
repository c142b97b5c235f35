/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two cumulative patches. They have a state without callbacks in common, so the second one takes over what the
 * callbacks of the first one did. Parameter calls: how often pre_patch, post_patch, pre_unpatch and
 * post_unpatch were called for kpl_target.
 */
#include <kpatch/kpatch-core.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/wait.h>

static int calls[4];
module_param_array(calls, int, NULL, 0444);

static DECLARE_WAIT_QUEUE_HEAD(nobody_wakes);

static int new_value(void)
{
	return KPL_VERSION;
}

static int new_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "kpl version %d\n", KPL_VERSION);
	/* Whoever has this name stays here until it is killed; the core's signals do not wake it. */
	if (!strcmp(current->comm, "holder"))
		wait_event_killable(nobody_wakes, false);
	return 0;
}

static int pre_patch(struct kp_object *obj)
{
	calls[0]++;
	return 0;
}

static void post_patch(struct kp_object *obj)
{
	calls[1]++;
}

static void pre_unpatch(struct kp_object *obj)
{
	calls[2]++;
}

static void post_unpatch(struct kp_object *obj)
{
	calls[3]++;
}

static struct kp_func vmlinux_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = new_cmdline_proc_show },
	{}
};

static struct kp_func target_funcs[] = {
	{ .old_name = "kpl_value", .new_func = new_value },
	{}
};

static struct kp_object objects[] = {
	{
		.funcs = vmlinux_funcs,
	}, {
		.name = "kpl_target", .funcs = target_funcs,
		.callbacks = { pre_patch, post_patch, pre_unpatch, post_unpatch },
	},
	{}
};

static struct kp_state states[] = { { .id = 1, .version = 1 }, {} };

static struct kp_patch patch = {
	.mod = THIS_MODULE, .objs = objects, .states = states, .replace = true,
};

static int __init patch_init(void)
{
	return kp_enable_patch(&patch);
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Patch of the life test");
