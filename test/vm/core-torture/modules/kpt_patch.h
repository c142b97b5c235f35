/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A livepatch of version KPT_VERSION, written by hand for the in-kernel interface. It changes both
 * target modules and, in vmlinux, what /proc/cmdline says. Parameter replace=1: cumulative.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "kpt.h"

static bool replace = KPT_VERSION == 3;
module_param(replace, bool, 0444);
MODULE_PARM_DESC(replace, "replace all patches before");

KPT_DEFINE(static noinline, new_, KPT_VERSION)

static int new_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "kpt version %d\n", KPT_VERSION);
	return 0;
}

#define FUNC(name) { .old_name = "kpt_" #name, .new_func = new_ ## name }

#if KPT_VERSION == 3
#define FUNCS FUNC(entry), FUNC(first), FUNC(leaf)
#else
#define FUNCS FUNC(entry), FUNC(first), FUNC(second), FUNC(leaf)
#endif

static struct klp_func target_funcs[] = { FUNCS, {} };
static struct klp_func coming_funcs[] = { FUNCS, {} };
static struct klp_func vmlinux_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = new_cmdline_proc_show },
	{}
};

static struct klp_object objects[] = {
	{ .name = "kpt_target", .funcs = target_funcs },
	{ .name = "kpt_coming", .funcs = coming_funcs },
#if KPT_VERSION != 3
	{ .funcs = vmlinux_funcs },
#endif
	{}
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init patch_init(void)
{
	(void)new_cmdline_proc_show;
	(void)new_second;
	(void)vmlinux_funcs;
	patch.replace = replace;
	return klp_enable_patch(&patch);
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Patch of the torture test");
MODULE_INFO(livepatch, "Y");
