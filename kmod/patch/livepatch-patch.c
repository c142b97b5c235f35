// SPDX-License-Identifier: GPL-2.0
/*
 * Glue of a patch module for the kernel's own livepatch core: turns the tables
 * of the patch into a struct klp_patch and enables it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>

#include "kpatch-patch.h"
#include "kpatch-info.h" /* written by kpatch-build: what this patch is */

#define patch_object klp_object
#define patch_func   klp_func
#define patch_state  klp_state

/* The core looks everything up by name. */
static void fill_object(struct klp_object *obj)
{
}

static void fill_func(struct klp_func *func, const struct kpatch_patch_func *entry)
{
}

/* kpatch-build has refused states with more than an id and a version. */
static void fill_state(struct klp_state *state, const struct kpatch_patch_state *entry)
{
}

/* The core knows no types: kpatch-build says so. */
static int fill_shadow_types(void)
{
	return 0;
}

#include "patch-tables.h"

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.replace = KPATCH_REPLACE,
};

static int __init patch_init(void)
{
	int ret;

	ret = fill_tables();
	patch.objs = tables.objs;
	patch.states = tables.states;
	if (!ret)
		ret = klp_enable_patch(&patch);
	if (ret)
		free_tables();
	return ret;
}

static void __exit patch_exit(void)
{
	/* The core holds a reference while it uses the patch: it is done with the tables. */
	free_tables();
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
__MODULE_INFO(kpatch.core, kpatch_core, "livepatch");
