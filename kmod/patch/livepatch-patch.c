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
#include <linux/slab.h>
#include <linux/string.h>

#include "kpatch-patch.h"
#include "kpatch-info.h" /* written by kpatch-build: what this patch is */

/* "vmlinux" in the tables is NULL for klp. */
static const char *klp_objname(const char *objname)
{
	return strcmp(objname, "vmlinux") ? objname : NULL;
}

static bool same_object(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/*
 * Lives as long as the module: klp keeps pointers into it until the last
 * reference to the module is put.
 */
static struct {
	struct klp_patch klp;
	struct klp_object *objs; /* one per objname, then a zeroed one */
	struct klp_func *funcs;	 /* per object its functions, then a zeroed one */
} patch = {
	.klp = {
		.mod = THIS_MODULE,
		.replace = KPATCH_REPLACE,
	},
};

/* The object called @objname, the next free one if it is not there yet. */
static struct klp_object *get_object(const char *objname)
{
	const char *name = klp_objname(objname);
	struct klp_object *obj;

	for (obj = patch.objs; obj->funcs; obj++)
		if (same_object(obj->name, name))
			return obj;
	obj->name = name;
	/* Marks it as taken; fill_funcs() sets the final value. */
	obj->funcs = patch.funcs;
	return obj;
}

static size_t count_callbacks(const struct kpatch_patch_callback *table)
{
	size_t n = 0;

	while (table[n].fn)
		n++;
	return n;
}

/* An upper bound for the number of objects: every entry has its own. */
static size_t count_entries(size_t *nr_funcs)
{
	*nr_funcs = 0;
	while (__kpatch_funcs[*nr_funcs].new_addr)
		(*nr_funcs)++;
	return *nr_funcs +
	       count_callbacks(__kpatch_callbacks_pre_patch) +
	       count_callbacks(__kpatch_callbacks_post_patch) +
	       count_callbacks(__kpatch_callbacks_pre_unpatch) +
	       count_callbacks(__kpatch_callbacks_post_unpatch);
}

static void fill_funcs(void)
{
	const struct kpatch_patch_func *entry;
	struct klp_func *func = patch.funcs;
	struct klp_object *obj;

	for (obj = patch.objs; obj->funcs; obj++) {
		obj->funcs = func;
		for (entry = __kpatch_funcs; entry->new_addr; entry++) {
			if (!same_object(obj->name, klp_objname(entry->objname)))
				continue;
			func->old_name = entry->name;
			func->new_func = (void *)entry->new_addr;
			func->old_sympos = entry->sympos;
			func++;
		}
		func++;
	}
}

/*
 * All four kinds differ only in the member of struct klp_callbacks. kpatch-build
 * has refused a second callback of one kind for an object; klp has room for one.
 */
#define FILL_CALLBACKS(kind) ({						\
	const struct kpatch_patch_callback *cb;				\
	int ret = 0;							\
									\
	for (cb = __kpatch_callbacks_##kind; cb->fn; cb++) {		\
		struct klp_object *obj = get_object(cb->objname);	\
									\
		if (obj->callbacks.kind) {				\
			pr_err("two " #kind " callbacks for %s\n",	\
			       cb->objname);				\
			ret = -EINVAL;					\
			break;						\
		}							\
		obj->callbacks.kind = cb->fn;				\
	}								\
	ret;								\
})

static int fill_callbacks(void)
{
	int ret;

	ret = FILL_CALLBACKS(pre_patch);
	if (!ret)
		ret = FILL_CALLBACKS(post_patch);
	if (!ret)
		ret = FILL_CALLBACKS(pre_unpatch);
	if (!ret)
		ret = FILL_CALLBACKS(post_unpatch);
	return ret;
}

static void free_tables(void)
{
	kvfree(patch.funcs);
	kvfree(patch.objs);
}

static int fill_tables(void)
{
	const struct kpatch_patch_func *entry;
	size_t nr_funcs, nr_entries;
	int ret;

	nr_entries = count_entries(&nr_funcs);
	if (!nr_entries) {
		pr_err("the patch changes nothing\n");
		return -EINVAL;
	}
	patch.objs = kvcalloc(nr_entries + 1, sizeof(*patch.objs), GFP_KERNEL);
	/* One terminator per object. */
	patch.funcs = kvcalloc(nr_funcs + nr_entries, sizeof(*patch.funcs), GFP_KERNEL);
	if (!patch.objs || !patch.funcs)
		return -ENOMEM;

	for (entry = __kpatch_funcs; entry->new_addr; entry++)
		get_object(entry->objname);
	ret = fill_callbacks();
	if (ret)
		return ret;
	fill_funcs();
	patch.klp.objs = patch.objs;
	return 0;
}

static int __init patch_init(void)
{
	int ret;

	ret = fill_tables();
	if (!ret)
		ret = klp_enable_patch(&patch.klp);
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
