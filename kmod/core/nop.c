// SPDX-License-Identifier: GPL-2.0
/*
 * Nops: in a cumulative patch, functions that only the replaced patches change. They lead back to
 * the original, and go when the transition is over.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <linux/string.h>

#include "inject.h"
#include "patch.h"

static bool same_object(const struct kp_object *a, const struct kp_object *b)
{
	return a->name && b->name ? !strcmp(a->name, b->name) : a->name == b->name;
}

static struct kp_object *find_object(struct kp_patch *patch, const struct kp_object *old)
{
	struct kp_object *obj;

	kp_for_each_object(patch, obj)
		if (same_object(obj, old))
			return obj;
	return NULL;
}

/* Position 0 is that of a name that exists once, and then so is 1. */
static unsigned long position(const struct kp_func *func)
{
	return func->old_sympos ? func->old_sympos : 1;
}

static bool has_func(struct kp_object *obj, const struct kp_func *old)
{
	struct kp_func *func;

	kp_for_each_func(obj, func)
		if (!strcmp(func->old_name, old->old_name) && position(func) == position(old))
			return true;
	return false;
}

void kp_free_nop(struct kp_func *func)
{
	kfree(func->old_name);
	kfree(func);
}

void kp_free_dynamic_object(struct kp_object *obj)
{
	kfree(obj->name);
	kfree(obj);
}

static struct kp_object *add_object(struct kp_patch *patch, const struct kp_object *old)
{
	struct kp_object *obj = kp_inject() ? NULL : kzalloc(sizeof(*obj), GFP_KERNEL);

	if (!obj)
		return NULL;
	if (old->name) {
		obj->name = kp_inject() ? NULL : kstrdup(old->name, GFP_KERNEL);
		if (!obj->name) {
			kfree(obj);
			return NULL;
		}
	}
	obj->dynamic = true;
	obj->build_id = old->build_id;
	kp_kobject_init_object(patch, obj);
	return obj;
}

static int add_nop(struct kp_object *obj, const struct kp_func *old)
{
	struct kp_func *func = kp_inject() ? NULL : kzalloc(sizeof(*func), GFP_KERNEL);

	if (!func)
		return -ENOMEM;
	func->old_name = kp_inject() ? NULL : kstrdup(old->old_name, GFP_KERNEL);
	if (!func->old_name) {
		kfree(func);
		return -ENOMEM;
	}
	func->old_sympos = old->old_sympos;
	func->nop = true;
	/* What the toolchain knew stays true; what was looked up is looked up again. */
	if (!old->looked_up) {
		func->old_func = old->old_func;
		func->old_size = old->old_size;
	}
	kp_kobject_init_func(obj, func);
	return 0;
}

static int add_object_nops(struct kp_patch *patch, struct kp_object *old)
{
	struct kp_object *obj = find_object(patch, old);
	struct kp_func *func;
	int ret;

	if (!obj)
		obj = add_object(patch, old);
	if (!obj)
		return -ENOMEM;
	kp_for_each_func(old, func) {
		if (has_func(obj, func))
			continue;
		ret = add_nop(obj, func);
		if (ret)
			return ret;
	}
	return 0;
}

int kp_add_nops(struct kp_patch *patch)
{
	struct kp_patch *old;
	struct kp_object *obj;
	int ret;

	kp_for_each_patch(old) {
		kp_for_each_object(old, obj) {
			ret = add_object_nops(patch, obj);
			if (ret)
				return ret;
		}
	}
	return 0;
}
