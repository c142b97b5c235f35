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

static int fill_shadow_types(void);

#include "patch-tables.h"

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.replace = KPATCH_REPLACE,
};

/* Whether code that uses variables @id is in force: that of another object of the patch. */
static bool is_used(unsigned long id)
{
	const struct kpatch_patch_shadow *entry;

	for (entry = __kpatch_shadow_types; entry->file; entry++)
		if (entry->id == id && get_object(entry->objname)->patched)
			return true;
	return false;
}

/*
 * In the core's list beside this patch is only the list's head. Of other patches nobody knows which
 * variables they use: one that this one was about to replace, when that is turned around, or one
 * that it is stacked on.
 */
static bool is_alone(void)
{
	return list_is_singular(&patch.list);
}

/* Entries of one type: their variables are freed in one go. */
static bool same_type(const struct kpatch_patch_shadow *a, const struct kpatch_patch_shadow *b)
{
	return a->id == b->id && same_object(core_objname(a->objname), core_objname(b->objname));
}

/* The first entry of a type stands for all of them. */
static bool is_first(const struct kpatch_patch_shadow *type)
{
	const struct kpatch_patch_shadow *entry;

	for_each_shadow_type(entry)
		if (same_type(entry, type))
			return entry == type;
	return false;
}

/* The dtor of the type, which not each of its entries knows. */
static klp_shadow_dtor_t dtor_of(const struct kpatch_patch_shadow *type)
{
	const struct kpatch_patch_shadow *entry;

	for_each_shadow_type(entry)
		if (entry->dtor && same_type(entry, type))
			return entry->dtor;
	return NULL;
}

/*
 * Tasks may be in code that was forced out, for ever, also that of a patch of which nothing else is left. What
 * remembers it must outlive all patches: a shadow variable that nobody frees.
 */
#define FORCED ((void *)0x6b7061746368UL)
#define FORCED_ID 0x6b706174636800fdUL

static void remember_forced(void)
{
	klp_shadow_get_or_alloc(FORCED, FORCED_ID, 1, GFP_KERNEL, NULL, NULL);
}

static bool was_forced(void)
{
	return klp_shadow_get(FORCED, FORCED_ID);
}

/*
 * At the end of the patch's own transition, when it is the last one in the core's list: what follows is the
 * list's head. Those that it replaced are still there.
 */
static bool has_forced_older(void)
{
	const struct klp_patch *older = &patch;

	list_for_each_entry_continue_reverse(older, patch.list.next, list)
		if (older->forced)
			return true;
	return false;
}

/* The core knows no types. What can be done for them in a callback; under klp_mutex. */
static void free_shadow_types(const struct klp_object *obj)
{
	const struct kpatch_patch_shadow *entry;

	if (patch.forced)
		remember_forced();
	if (was_forced() || !is_alone())
		return;
	for_each_shadow_type(entry)
		if (same_object(obj->name, core_objname(entry->objname)) && is_first(entry) &&
		    !is_used(entry->id))
			klp_shadow_free_all(entry->id, dtor_of(entry));
}

static void call_author(const struct kpatch_patch_callback *cb, struct klp_object *obj)
{
	void (*fn)(struct klp_object *obj);

	for (; cb->fn; cb++) {
		fn = cb->fn;
		if (same_object(obj->name, core_objname(cb->objname)))
			fn(obj);
	}
}

static void post_patch(struct klp_object *obj)
{
	static bool arrived; /* later calls are for modules, and other patches may have come */

	if (!obj->name && !arrived) {
		arrived = true;
		if (has_forced_older())
			remember_forced();
	}
	call_author(__kpatch_callbacks_post_patch, obj);
}

/* After the author's, which may still want the variables. */
static void post_unpatch(struct klp_object *obj)
{
	call_author(__kpatch_callbacks_post_unpatch, obj);
	free_shadow_types(obj);
}

/* The callbacks are filled in already. */
static int fill_shadow_types(void)
{
	const struct kpatch_patch_shadow *entry;

	/* Also those that is_used() asks for. */
	for (entry = __kpatch_shadow_types; entry->file; entry++)
		get_object(entry->objname);
	for_each_shadow_type(entry) {
		get_object(entry->objname)->callbacks.post_unpatch = post_unpatch;
		/* What is always there is told when the transition is over. */
		get_object("vmlinux")->callbacks.post_patch = post_patch;
	}
	return 0;
}

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
