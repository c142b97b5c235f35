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
#include "kpatch-hash.h"
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

/* The format of .kpatch.keep is the core's own. */
extern const struct kp_keep __kpatch_keep[];

/* The builds of the modules that this patch changes. */
static const struct {
	const char *objname;
	u8 build_id[KP_BUILD_ID_SIZE];
} module_ids[] __used __section(".kpatch.modules") = { KPATCH_MODULE_IDS { NULL } };

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

static int fill_shadow_types(void);

#include "patch-tables.h"

/* As long as the tables. */
static struct {
	struct kp_shadow_type *types;
	struct kp_shadow_type **lists; /* per object its types, then NULL */
} shadow;

/* Where type @id is in a list that is still being made; its end if it is not in it. */
static struct kp_shadow_type **find_type(struct kp_shadow_type **list, unsigned long id)
{
	while (*list && (*list)->id != id)
		list++;
	return list;
}

/*
 * What the entries say together; kpatch-build has refused those that contradict each other. About size and
 * state all with one id say the same, in all objects.
 */
static void fill_type(struct kp_shadow_type *type, const struct kpatch_patch_shadow *entry)
{
	type->id = entry->id;
	type->size = entry->size;
	type->state = entry->state ? kpatch_state_id(entry->state) : 0;
	if (!type->ctor)
		type->ctor = entry->ctor;
	if (!type->dtor)
		type->dtor = entry->dtor;
	if (!type->name)
		type->name = entry->name;
}

static int fill_shadow_types(void)
{
	size_t n = count_shadow_types();
	const struct kpatch_patch_shadow *entry;
	struct kp_shadow_type *type, **list, **at;
	struct kp_object *obj;

	if (!n)
		return 0;
	shadow.types = kvcalloc(n, sizeof(*shadow.types), GFP_KERNEL);
	/* One terminator per object that has types. */
	shadow.lists = kvcalloc(2 * n, sizeof(*shadow.lists), GFP_KERNEL);
	if (!shadow.types || !shadow.lists)
		return -ENOMEM;

	for_each_shadow_type(entry)
		get_object(entry->objname);
	type = shadow.types;
	list = shadow.lists;
	for (obj = tables.objs; obj->funcs; obj++) {
		for_each_shadow_type(entry) {
			if (!same_object(obj->name, core_objname(entry->objname)))
				continue;
			obj->shadow_types = list;
			at = find_type(list, entry->id);
			if (!*at)
				*at = type++;
			fill_type(*at, entry);
		}
		if (obj->shadow_types) {
			while (*list)
				list++;
			list++;
		}
	}
	return 0;
}

static void free_patch(void)
{
	free_tables();
	kvfree(shadow.lists);
	kvfree(shadow.types);
}

static struct kp_patch patch = {
	.mod = THIS_MODULE,
	.replace = KPATCH_REPLACE,
	.late = __kpatch_late,
	.keep = __kpatch_keep,
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
		free_patch();
	return ret;
}

static void __exit patch_exit(void)
{
	/* The core holds a reference while it uses the patch: it is done with the tables. */
	free_patch();
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
__MODULE_INFO(kpatch.core, kpatch_core, "kpatch");
