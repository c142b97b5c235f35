// SPDX-License-Identifier: GPL-2.0
/*
 * Glue of a patch module for kpatch.ko, the bundled core: turns the tables of the
 * patch into a struct kp_patch and enables it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include "kpatch-core.h"
#include "kpatch-patch.h"
#include "kpatch-info.h" /* written by kpatch-build: what this patch is */

#define patch_object kp_object
#define patch_func   kp_func
#define patch_state  kp_state

/*
 * Filled in by kpatch-post-link, read by the core before the init function runs: a module for another
 * build of the kernel is refused.
 */
extern const struct kp_ident __kpatch_ident;
const struct kp_ident __kpatch_ident __used __section(".kpatch.ident") = {};

/* Made by kpatch-post-link; patch.lds defines the start. */
extern const struct kp_late __kpatch_late[];

/* The builds of the modules that this patch changes. */
static const struct {
	const char *objname;
	u8 build_id[KP_BUILD_ID_SIZE];
} module_ids[] = { KPATCH_MODULE_IDS { NULL } };

static void fill_object(struct kp_object *obj)
{
	size_t i;

	for (i = 0; obj->name && module_ids[i].objname; i++)
		if (!strcmp(obj->name, module_ids[i].objname))
			obj->build_id = module_ids[i].build_id;
}

static void fill_func(struct kp_func *func, const struct kpatch_patch_func *entry)
{
	/* 0 in modules: these are not where they were linked. */
	func->old_func = (void *)entry->old_addr;
	func->old_size = entry->old_size;
	func->new_size = entry->new_size;
}

static void fill_state(struct kp_state *state, const struct kpatch_patch_state *entry)
{
	state->callbacks.setup = entry->setup;
	state->callbacks.enable = entry->enable;
	state->callbacks.disable = entry->disable;
	state->callbacks.release = entry->release;
	state->name = entry->name;
	state->block_disable = entry->block_disable;
}

#include "patch-tables.h"

static struct kp_patch patch = {
	.mod = THIS_MODULE,
	.replace = KPATCH_REPLACE,
	.late = __kpatch_late,
};

static int __init patch_init(void)
{
	int ret;

	ret = fill_tables();
	patch.objs = tables.objs;
	patch.states = tables.states;
	if (!ret)
		ret = kp_enable_patch(&patch);
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
__MODULE_INFO(kpatch.core, kpatch_core, "kpatch");
