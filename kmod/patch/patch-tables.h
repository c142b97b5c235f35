/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the tables of the patch to the core's structures, which have the same shape in both cores: objects
 * with functions and callbacks, and states. Included once, by a glue that has defined
 *
 *	patch_object, patch_func, patch_state		the core's types
 *	fill_object(), fill_func(), fill_state()	what is special about them
 *	fill_shadow_types()				called when the objects are there
 */
#ifndef PATCH_TABLES_H
#define PATCH_TABLES_H

#include <linux/slab.h>
#include <linux/string.h>

#include "kpatch-patch.h"

/*
 * Lives as long as the module: the core keeps pointers into it until the last
 * reference to the module is put.
 */
static struct {
	struct patch_object *objs; /* one per objname, then a zeroed one */
	struct patch_func *funcs;  /* per object its functions, then a zeroed one */
	struct patch_state *states; /* then a zeroed one; NULL: none */
} tables;

/* "vmlinux" in the tables is NULL for the cores. */
static const char *core_objname(const char *objname)
{
	return strcmp(objname, "vmlinux") ? objname : NULL;
}

static bool same_object(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* The object called @objname, the next free one if it is not there yet. */
static struct patch_object *get_object(const char *objname)
{
	const char *name = core_objname(objname);
	struct patch_object *obj;

	for (obj = tables.objs; obj->funcs; obj++)
		if (same_object(obj->name, name))
			return obj;
	obj->name = name;
	/* Marks it as taken; fill_funcs() sets the final value. */
	obj->funcs = tables.funcs;
	fill_object(obj);
	return obj;
}

static size_t count_callbacks(const struct kpatch_patch_callback *table)
{
	size_t n = 0;

	while (table[n].fn)
		n++;
	return n;
}

#define for_each_shadow_type(entry)					\
	for ((entry) = __kpatch_shadow_types; (entry)->file; (entry)++)	\
		if (kpatch_declares_type(entry))

static size_t count_shadow_types(void)
{
	size_t n = 0;

	while (__kpatch_shadow_types[n].file)
		n++;
	return n;
}

/* An upper bound for the number of objects: every entry has its own, and a glue may add vmlinux. */
static size_t count_entries(size_t *nr_funcs)
{
	*nr_funcs = 0;
	while (__kpatch_funcs[*nr_funcs].new_addr)
		(*nr_funcs)++;
	return *nr_funcs +
	       count_callbacks(__kpatch_callbacks_pre_patch) +
	       count_callbacks(__kpatch_callbacks_post_patch) +
	       count_callbacks(__kpatch_callbacks_pre_unpatch) +
	       count_callbacks(__kpatch_callbacks_post_unpatch) +
	       count_shadow_types();
}

static void fill_funcs(void)
{
	const struct kpatch_patch_func *entry;
	struct patch_func *func = tables.funcs;
	struct patch_object *obj;

	for (obj = tables.objs; obj->funcs; obj++) {
		obj->funcs = func;
		for (entry = __kpatch_funcs; entry->new_addr; entry++) {
			if (!same_object(obj->name, core_objname(entry->objname)))
				continue;
			func->old_name = entry->name;
			func->new_func = (void *)entry->new_addr;
			func->old_sympos = entry->sympos;
			fill_func(func, entry);
			func++;
		}
		func++;
	}
}

/*
 * All four kinds differ only in the member of the object's callbacks. kpatch-build
 * has refused a second callback of one kind for an object; there is room for one.
 */
#define FILL_CALLBACKS(kind) ({						\
	const struct kpatch_patch_callback *cb;				\
	int ret = 0;							\
									\
	for (cb = __kpatch_callbacks_##kind; cb->fn; cb++) {		\
		struct patch_object *obj = get_object(cb->objname);	\
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

static size_t count_states(void)
{
	size_t n = 0;

	while (__kpatch_states[n].name)
		n++;
	return n;
}

/* In the order of the table, which is that of the link. */
static int fill_states(size_t nr_states)
{
	size_t i;

	if (!nr_states)
		return 0;
	tables.states = kvcalloc(nr_states + 1, sizeof(*tables.states), GFP_KERNEL);
	if (!tables.states)
		return -ENOMEM;
	for (i = 0; i < nr_states; i++) {
		tables.states[i].id = __kpatch_states[i].id;
		tables.states[i].version = __kpatch_states[i].version;
		fill_state(&tables.states[i], &__kpatch_states[i]);
	}
	return 0;
}

static void free_tables(void)
{
	kvfree(tables.states);
	kvfree(tables.funcs);
	kvfree(tables.objs);
}

static int fill_tables(void)
{
	const struct kpatch_patch_func *entry;
	size_t nr_funcs, nr_entries, nr_states;
	int ret;

	nr_entries = count_entries(&nr_funcs);
	nr_states = count_states();
	if (!nr_entries && !nr_states) {
		pr_err("the patch changes nothing\n");
		return -EINVAL;
	}
	tables.objs = kvcalloc(nr_entries + 2, sizeof(*tables.objs), GFP_KERNEL);
	/* One terminator per object. */
	tables.funcs = kvcalloc(nr_funcs + nr_entries + 1, sizeof(*tables.funcs), GFP_KERNEL);
	if (!tables.objs || !tables.funcs)
		return -ENOMEM;

	for (entry = __kpatch_funcs; entry->new_addr; entry++)
		get_object(entry->objname);
	ret = fill_callbacks();
	if (!ret)
		ret = fill_shadow_types();
	if (ret)
		return ret;
	fill_funcs();
	return fill_states(nr_states);
}

#endif
