// SPDX-License-Identifier: GPL-2.0
/* One object of a patch: its functions are found, put in force, and taken out again. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kallsyms.h>
#include <linux/string.h>

#include "compat.h"
#include "guard.h"
#include "inject.h"
#include "lookup.h"
#include "patch.h"
#include "redirect.h"
#include "transition.h"

/* Cold parts that the compiler split off one function; more than one only where names repeat. */
#define MAX_COLD (KP_RANGES_PER_FUNC - 1)

/* ---- finding ---- */

static int find_old_func(struct kp_object *obj, struct kp_func *func)
{
	unsigned long address;
	int ret;

	if (!func->old_func) {
		ret = kp_lookup_symbol(obj->mod, func->old_name, func->old_sympos, &address);
		if (ret)
			return ret;
		func->old_func = (void *)address;
		func->looked_up = true;
		func->old_size = 0;
	}
	if (!func->old_size)
		func->old_size = kp_lookup_size((unsigned long)func->old_func);
	if (func->old_size)
		return 0;
	pr_err("kallsyms size lookup failed for '%s'\n", func->old_name);
	return -ENOENT;
}

static int find_new_func(struct kp_func *func)
{
	if (func->nop)
		return 0;
	if (!func->new_size)
		func->new_size = kp_lookup_size((unsigned long)func->new_func);
	if (func->new_size)
		return 0;
	pr_err("kallsyms size lookup failed for '%s' replacement\n", func->old_name);
	return -ENOENT;
}

int kp_init_object_loaded(struct kp_object *obj)
{
	struct kp_func *func;
	int ret;

	if (obj->build_id && obj->mod) {
		ret = kp_guard_module(obj->mod, obj->build_id);
		if (ret)
			return ret;
	}
	kp_for_each_func(obj, func) {
		ret = find_old_func(obj, func);
		if (!ret)
			ret = find_new_func(func);
		if (ret)
			return ret;
	}
	return 0;
}

void kp_free_object_loaded(struct kp_object *obj)
{
	struct kp_func *func;

	obj->mod = NULL;
	kp_for_each_func(obj, func) {
		if (!func->looked_up)
			continue;
		func->old_func = NULL;
		func->old_size = 0;
		func->looked_up = false;
	}
}

/* ---- the stack of one function ---- */

static struct kp_func *stack_top(struct kp_redirect *redirect)
{
	return list_first_entry_or_null(&redirect->func_stack, struct kp_func, stack_node);
}

static struct kp_func *stack_below(struct kp_func *func)
{
	if (list_is_last(&func->stack_node, &func->redirect->func_stack))
		return NULL;
	return list_next_entry(func, stack_node);
}

/* Where a call goes that is meant for @func; NULL is the original. */
static unsigned long entry_of(const struct kp_redirect *redirect, const struct kp_func *func)
{
	return func && !func->nop ? (unsigned long)func->new_func : kp_redirect_original(redirect);
}

static void settle(struct kp_redirect *redirect)
{
	kp_redirect_set(redirect, entry_of(redirect, stack_top(redirect)));
}

/* ---- in and out of force ---- */

static void unpatch_func(struct kp_func *func)
{
	struct kp_redirect *redirect = func->redirect;

	list_del_init(&func->stack_node);
	func->patched = false;
	func->redirect = NULL;
	settle(redirect);
	kp_redirect_put(redirect);
}

static int patch_func(struct kp_object *obj, struct kp_func *func)
{
	struct kp_redirect *redirect;

	redirect = kp_redirect_get((unsigned long)func->old_func, obj->mod);
	if (IS_ERR(redirect)) {
		pr_err("failed to register ftrace handler for function '%s' (%ld)\n",
		       func->old_name, PTR_ERR(redirect));
		return (int)PTR_ERR(redirect);
	}
	func->redirect = redirect;
	list_add(&func->stack_node, &redirect->func_stack);
	func->patched = true;
	return 0;
}

static void unpatch_funcs(struct kp_object *obj, bool nops_only)
{
	struct kp_func *func;

	kp_for_each_func(obj, func)
		if (func->patched && (func->nop || !nops_only))
			unpatch_func(func);
}

int kp_patch_object(struct kp_object *obj, bool transition)
{
	struct kp_func *func;
	int ret;

	kp_for_each_func(obj, func) {
		ret = patch_func(obj, func);
		if (ret) {
			unpatch_funcs(obj, false);
			return ret;
		}
		/* Until all functions are in place a transition decides for the old code. */
		if (transition)
			kp_redirect_choose(func->redirect,
					   entry_of(func->redirect, stack_below(func)),
					   entry_of(func->redirect, func));
		else
			settle(func->redirect);
	}
	obj->patched = true;
	return 0;
}

void kp_unpatch_object(struct kp_object *obj)
{
	unpatch_funcs(obj, false);
	obj->patched = false;
}

void kp_unpatch_nops(struct kp_object *obj)
{
	unpatch_funcs(obj, true);
	if (obj->dynamic)
		obj->patched = false;
}

void kp_choose_object(struct kp_object *obj, bool patching)
{
	struct kp_func *func;
	unsigned long above, below;

	kp_for_each_func(obj, func) {
		/* What lies below another patch's function is not in force anyway. */
		if (!func->patched || stack_top(func->redirect) != func)
			continue;
		above = entry_of(func->redirect, func);
		below = entry_of(func->redirect, stack_below(func));
		kp_redirect_choose(func->redirect, patching ? below : above,
				   patching ? above : below);
	}
}

void kp_settle_object(struct kp_object *obj)
{
	struct kp_func *func;

	kp_for_each_func(obj, func)
		if (func->patched)
			settle(func->redirect);
}

/* ---- what tasks must have left ---- */

static void push_range(struct kp_ranges *ranges, unsigned long start, unsigned long size,
		       const char *name)
{
	if (start && size)
		ranges->range[ranges->count++] =
			(struct kp_range){ .start = start, .end = start + size, .name = name };
}

/*
 * A task that sleeps in what the compiler moved out of a function has no address of the function
 * itself on its stack. The name is all there is to go by; where it is used more than once all of them
 * count, which can only make a task wait longer.
 */
static void add_cold(struct kp_ranges *ranges, struct module *mod, const char *function,
		     const char *shown)
{
	char name[KSYM_NAME_LEN];
	unsigned long address[MAX_COLD];
	unsigned int i, count;

	if (snprintf(name, sizeof(name), "%s.cold", function) >= (int)sizeof(name))
		return;
	count = kp_lookup_each(mod, name, address, MAX_COLD);
	for (i = 0; i < min_t(unsigned int, count, MAX_COLD); i++)
		push_range(ranges, address[i], kp_lookup_size(address[i]), shown);
}

static void add_original(struct kp_ranges *ranges, const struct kp_object *obj,
			 const struct kp_func *func)
{
	push_range(ranges, (unsigned long)func->old_func, func->old_size, func->old_name);
	add_cold(ranges, obj->mod, func->old_name, func->old_name);
}

static void add_replacement(struct kp_ranges *ranges, const struct kp_func *func)
{
	unsigned long address = (unsigned long)func->new_func;
	struct module *mod;
	char name[KSYM_NAME_LEN];

	push_range(ranges, address, func->new_size, func->old_name);
	/* The module stays: the patch that it belongs to is one of those under kp_mutex. */
	preempt_disable();
	mod = __module_text_address(address);
	preempt_enable();
	if (mod && !lookup_symbol_name(address, name))
		add_cold(ranges, mod, name, func->old_name);
}

static void add_version(struct kp_ranges *ranges, const struct kp_object *obj,
			const struct kp_func *func, const struct kp_func *version)
{
	if (!version || version->nop)
		add_original(ranges, obj, func);
	else
		add_replacement(ranges, version);
}

void kp_add_func_ranges(struct kp_object *obj, struct kp_ranges *below, struct kp_ranges *above)
{
	struct kp_func *func;

	kp_for_each_func(obj, func) {
		if (!func->patched)
			continue;
		add_version(below, obj, func, stack_below(func));
		add_version(above, obj, func, func);
	}
}

/* ---- callbacks ---- */

int kp_pre_patch_callback(struct kp_object *obj)
{
	int ret = kp_inject() ? -ECANCELED : 0;

	if (!ret && obj->callbacks.pre_patch)
		ret = obj->callbacks.pre_patch(obj);
	obj->callbacks.post_unpatch_enabled = !ret;
	return ret;
}

void kp_post_patch_callback(struct kp_object *obj)
{
	if (obj->callbacks.post_patch)
		obj->callbacks.post_patch(obj);
}

void kp_pre_unpatch_callback(struct kp_object *obj)
{
	if (obj->callbacks.pre_unpatch)
		obj->callbacks.pre_unpatch(obj);
}

void kp_post_unpatch_callback(struct kp_object *obj)
{
	if (obj->callbacks.post_unpatch_enabled && obj->callbacks.post_unpatch)
		obj->callbacks.post_unpatch(obj);
	obj->callbacks.post_unpatch_enabled = false;
}
