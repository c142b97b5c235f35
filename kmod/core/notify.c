// SPDX-License-Identifier: GPL-2.0
/*
 * Patched modules come and go. A coming module is patched before its own init runs; nobody can be
 * running in it, so there is nothing to switch. One that goes is unpatched after its exit.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "inject.h"
#include "late.h"
#include "lookup.h"
#include "patch.h"
#include "redirect.h"
#include "shadow.h"

/* Modules that are coming and have been patched; none is in it for long. */
struct coming {
	struct list_head node;
	struct module *mod;
};

static LIST_HEAD(coming_modules);

/* How long a module waits for shadow variables of a patch that went; after that it is refused. */
#define COMING_WAIT_MS 2000

static struct coming *find_coming(const struct module *mod)
{
	struct coming *coming;

	list_for_each_entry(coming, &coming_modules, node)
		if (coming->mod == mod)
			return coming;
	return NULL;
}

static void forget_coming(const struct module *mod)
{
	struct coming *coming = find_coming(mod);

	if (!coming)
		return;
	list_del(&coming->node);
	kfree(coming);
}

struct module *kp_module_alive(const char *name)
{
	enum module_state state;
	struct module *mod = kp_find_module(name, &state);

	if (!mod)
		return NULL;
	switch (state) {
	case MODULE_STATE_LIVE:
		return mod;
	case MODULE_STATE_COMING:
		return find_coming(mod) ? mod : NULL;
	default:
		return NULL;
	}
}

bool kp_module_in_between(const char *name)
{
	enum module_state state;
	struct module *mod = kp_find_module(name, &state);

	return mod && state == MODULE_STATE_COMING && !find_coming(mod);
}

static struct kp_object *find_object(struct kp_patch *patch, const struct module *mod)
{
	struct kp_object *obj;

	kp_for_each_object(patch, obj)
		if (obj->name && !strcmp(obj->name, mod->name))
			return obj;
	return NULL;
}

static void unpatch_module(struct kp_patch *patch, struct kp_object *obj)
{
	/* The transition calls it, or has done so, for patches that are on their way out or in. */
	if (!kp_transition_calls(patch))
		kp_pre_unpatch_callback(obj);
	pr_notice("reverting patch '%s' on unloading module '%s'\n", patch->mod->name, obj->name);
	kp_unpatch_object(obj);
	kp_post_unpatch_callback(obj);
	kp_shadow_unregister(obj);
	kp_free_object_loaded(obj);
}

/* All patches; or those before @limit. */
static void unpatch_all(struct module *mod, const struct kp_patch *limit)
{
	struct kp_object *obj;
	struct kp_patch *patch;

	kp_for_each_patch(patch) {
		if (patch == limit)
			break;
		obj = find_object(patch, mod);
		if (obj && obj->mod)
			unpatch_module(patch, obj);
		kp_late_clear(patch, mod->name);
	}
	/* Without the ranges of the module that goes: the next one may get its place. */
	if (kp_transition_patch)
		kp_update_ranges(true);
}

static int apply_callbacks_and_patch(struct kp_patch *patch, struct kp_object *obj)
{
	int ret = kp_pre_patch_callback(obj);

	if (ret) {
		pr_warn("pre-patch callback failed for object '%s'\n", obj->name);
		return ret;
	}
	ret = kp_patch_object(obj, false);
	if (!ret && patch == kp_transition_patch) {
		kp_choose_object(obj, kp_transition_enables());
		ret = kp_update_ranges(false);
	}
	if (ret) {
		pr_warn("failed to apply patch '%s' to module '%s' (%d)\n", patch->mod->name,
			obj->name, ret);
		kp_unpatch_object(obj);
		kp_post_unpatch_callback(obj);
		return ret;
	}
	if (!kp_transition_calls(patch))
		kp_post_patch_callback(obj);
	return 0;
}

static int patch_object_of(struct kp_patch *patch, struct kp_object *obj, struct module *mod)
{
	int ret;

	obj->mod = mod;
	ret = kp_init_object_loaded(obj);
	if (!ret)
		ret = kp_shadow_register(obj);
	if (ret) {
		pr_warn("failed to initialize patch '%s' for module '%s' (%d)\n", patch->mod->name,
			obj->name, ret);
		goto forget;
	}
	pr_notice("applying patch '%s' to loading module '%s'\n", patch->mod->name, obj->name);
	ret = apply_callbacks_and_patch(patch, obj);
	if (!ret)
		return 0;
	kp_shadow_unregister(obj);
forget:
	kp_free_object_loaded(obj);
	return ret;
}

static int patch_module(struct kp_patch *patch, struct module *mod)
{
	struct kp_object *obj = find_object(patch, mod);
	int ret = 0;

	if (kp_late_refers(patch, mod->name))
		ret = kp_late_apply(patch, mod);
	if (ret)
		return ret;
	if (obj)
		ret = patch_object_of(patch, obj, mod);
	if (ret)
		kp_late_clear(patch, mod->name);
	return ret;
}

static int patch_all(struct module *mod)
{
	struct kp_patch *patch;
	int ret;

	kp_for_each_patch(patch) {
		ret = patch_module(patch, mod);
		if (!ret)
			continue;
		pr_warn("patch '%s' failed for module '%s', refusing to load module '%s'\n",
			patch->mod->name, mod->name, mod->name);
		unpatch_all(mod, patch);
		return ret;
	}
	return 0;
}

static int module_coming(struct module *mod)
{
	struct coming *coming;
	int ret;

	if (!strcmp(mod->name, "vmlinux")) {
		pr_err("vmlinux.ko: invalid module name\n");
		return -EINVAL;
	}
	coming = kp_inject() ? NULL : kzalloc(sizeof(*coming), GFP_KERNEL);
	if (!coming)
		return -ENOMEM;
	coming->mod = mod;
	list_add(&coming->node, &coming_modules);
	ret = patch_all(mod);
	if (ret)
		forget_coming(mod);
	return ret;
}

/* Variables of a type that patches of the module need are still being freed. */
static bool needs_dying_type(const void *mod)
{
	struct kp_patch *patch;
	struct kp_object *obj;

	kp_for_each_patch(patch) {
		obj = find_object(patch, mod);
		if (obj && kp_shadow_dying(obj))
			return true;
	}
	return false;
}

static int module_event(struct notifier_block *block, unsigned long event, void *data)
{
	struct module *mod = data;
	int ret = 0;

	/* Not for long: those who want to change the chain of notifiers stop all others from loading. */
	if (event != MODULE_STATE_COMING || kp_lock_unless(needs_dying_type, mod, COMING_WAIT_MS))
		mutex_lock(&kp_mutex);
	switch (event) {
	case MODULE_STATE_COMING:
		ret = module_coming(mod);
		break;
	case MODULE_STATE_LIVE:
		forget_coming(mod);
		break;
	case MODULE_STATE_GOING:
		/* Also sent when a later notifier refused the module, ours included: find nothing then. */
		forget_coming(mod);
		unpatch_all(mod, NULL);
		break;
	}
	mutex_unlock(&kp_mutex);
	if (event == MODULE_STATE_GOING || ret)
		kp_redirect_module_gone(mod);
	return notifier_from_errno(ret);
}

/* After jump labels (1) and static calls (0): callbacks may use those of the module. */
static struct notifier_block notifier = {
	.notifier_call = module_event,
	.priority = -100,
};

int kp_notify_init(void)
{
	return register_module_notifier(&notifier);
}

void kp_notify_exit(void)
{
	unregister_module_notifier(&notifier);
}
