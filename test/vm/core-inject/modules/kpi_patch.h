/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A patch with everything that the core has steps for: functions of vmlinux and of a module, callbacks,
 * states with callbacks, shadow types, a kept variable. The second one replaces the first and changes less, so that
 * there are nops. Parameter balance: what was called and not undone, 0 when nothing is in force.
 */
#include <kpatch/kpatch-core.h>
#include <linux/elf.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/wait.h>

static int balance, state_balance;
module_param(balance, int, 0444);
module_param(state_balance, int, 0444);
static bool replace = KPI_VERSION == 2;
module_param(replace, bool, 0444);

static DECLARE_WAIT_QUEUE_HEAD(nobody_wakes);

static noinline int new_one(int x)
{
	return x + 10 * KPI_VERSION;
}

static int new_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "kpi version %d\n", KPI_VERSION);
	/* Whoever has this name stays here until it is killed; the core's signals do not wake it. */
	if (!strcmp(current->comm, "holder"))
		wait_event_killable(nobody_wakes, false);
	return 0;
}

static void free_variable(void *obj, void *shadow_data)
{
	/* Not after the module went, above all. */
	WARN_ON(*(struct module **)shadow_data != THIS_MODULE);
}

/* The core makes @kept point to its copy of the other. */
static u64 initial = 0x6b7069;
static u64 *kept;

static struct kp_keep keep[] = {
	{ &initial, sizeof(initial), 8, 1, "initial", "kpi_patch.h", "vmlinux", __LINE__ },
	{}
};

static struct kp_late late[] = {
	{ &kept, R_X86_64_64, 0, 0, "initial", KP_LATE_KEPT },
	{}
};

static void check_kept(void)
{
	WARN_ON(!kept || kept == &initial || *kept != 0x6b7069);
}

static int pre_patch(struct kp_object *obj)
{
	struct module **variable = kp_shadow_get_or_alloc(&balance, 0x6b7010 + KPI_VERSION,
							  sizeof(*variable), GFP_KERNEL, NULL);

	check_kept();
	if (!variable)
		return -ENOMEM;
	*variable = THIS_MODULE;
	balance++;
	return 0;
}

static void post_unpatch(struct kp_object *obj)
{
	check_kept();
	balance--;
}

static int setup(struct kp_patch *p, struct kp_state *state)
{
	state_balance++;
	state->data = p;
	return 0;
}

static void release(struct kp_patch *p, struct kp_state *state)
{
	state_balance--;
}

static struct kp_shadow_type type_shared = { .id = 0x6b7001, .name = "shared" };
static struct kp_shadow_type type_shared_target = { .id = 0x6b7001, .name = "shared" };
static struct kp_shadow_type type_own = {
	.id = 0x6b7010 + KPI_VERSION, .dtor = free_variable, .name = "own",
};
static struct kp_shadow_type *vmlinux_types[] = { &type_shared, &type_own, NULL };
static struct kp_shadow_type *target_types[] = { &type_shared_target, NULL };

static struct kp_func vmlinux_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = new_cmdline_proc_show },
	{}
};

static struct kp_func target_funcs[] = {
	{ .old_name = "kpi_one", .new_func = new_one },
#if KPI_VERSION == 1
	{ .old_name = "kpi_two", .new_func = new_one },
#endif
	{}
};

static struct kp_object objects[] = {
	{
		.funcs = vmlinux_funcs, .shadow_types = vmlinux_types,
		.callbacks = { .pre_patch = pre_patch, .post_unpatch = post_unpatch },
	}, {
		.name = "kpi_target", .funcs = target_funcs, .shadow_types = target_types,
		.callbacks = { .pre_patch = pre_patch, .post_unpatch = post_unpatch },
	},
	{}
};

static struct kp_state states[] = {
	{ .id = 1, .version = 1, .callbacks = { .setup = setup, .release = release }, .name = "one" },
	{ .id = 2, .version = 1, .callbacks = { .setup = setup, .release = release }, .name = "two" },
	{}
};

static struct kp_patch patch = {
	.mod = THIS_MODULE, .objs = objects, .states = states, .late = late, .keep = keep,
};

static int __init patch_init(void)
{
	patch.replace = replace;
	return kp_enable_patch(&patch);
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Patch of the injection test");
