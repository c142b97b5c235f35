// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a patch:
 *
 *	            enable                    all tasks arrived
 *	(loaded) ──────────▶ enabling ───────────────────────▶ enabled
 *	                      │     ▲                           │   │
 *	              reverse │     │ reverse           disable │   │ replaced
 *	                      ▼     │                           ▼   │
 *	    (freed) ◀──────── disabling ◀────────────────────────   │
 *	       ▲    all tasks arrived                               │
 *	       └────────────────────────────────────────────────────┘
 *
 * One patch at a time is in transition: kp_transition_patch. Nested like brackets, from the outside:
 * shadow types registered / setup of states / pre_patch / functions on their stacks / tasks
 * switch / post_patch / enable of states; and back with disable, pre_unpatch, post_unpatch, release.
 * Messages are those of the kernel's livepatch.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kallsyms.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "inject.h"
#include "keep.h"
#include "late.h"
#include "patch.h"
#include "shadow.h"
#include "state.h"
#include "transition.h"

/* Frees patches: the last act lets a module go, so it must not be code of a patch that waits. */
static struct workqueue_struct *free_queue;

/* How long a patch waits for what it needs to come to rest. */
#define ENABLE_WAIT_MS 30000

/* What the transition of kp_transition_patch was started for. */
static bool transition_enables;

static bool target_is_patched(void)
{
	return transition_enables != kp_transition_reversed();
}

bool kp_transition_enables(void)
{
	return transition_enables;
}

static const char *transition_name(bool patched)
{
	return patched ? "patching" : "unpatching";
}

/* The patches that kp_transition_patch replaces: all before it. */
#define for_each_replaced(old, new)						\
	for ((old) = list_first_entry(&kp_patches, struct kp_patch, list);	\
	     (old) != (new); (old) = list_next_entry(old, list))

static bool is_replacing(const struct kp_patch *patch)
{
	return patch->replace && transition_enables;
}

/* Callbacks of @old are called when it is replaced by @patch. */
static bool is_told(const struct kp_patch *old, const struct kp_patch *patch)
{
	return !old->forced && !kp_states_taken_over(old, patch);
}

bool kp_transition_calls(const struct kp_patch *patch)
{
	struct kp_patch *old;

	if (!kp_transition_patch)
		return false;
	if (patch == kp_transition_patch)
		return true;
	if (!is_replacing(kp_transition_patch))
		return false;
	for_each_replaced(old, kp_transition_patch)
		if (old == patch)
			return is_told(old, kp_transition_patch);
	return false;
}

int kp_lock_unless(bool (*busy)(const void *data), const void *data, unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	for (;;) {
		mutex_lock(&kp_mutex);
		if (!busy(data))
			return 0;
		mutex_unlock(&kp_mutex);
		if (time_after(jiffies, end))
			return -EBUSY;
		if (fatal_signal_pending(current))
			return -EINTR;
		schedule_timeout_killable(msecs_to_jiffies(20));
	}
}

/* ---- ranges ---- */

static unsigned int count_ranges(struct kp_patch *patch)
{
	struct kp_object *obj;
	struct kp_patch *other;
	struct kp_func *func;
	unsigned int count = 0;

	kp_for_each_object(patch, obj)
		kp_for_each_func(obj, func)
			count += KP_RANGES_PER_FUNC;
	kp_for_each_patch(other)
		count++;
	return count;
}

/*
 * All text of a patch that is to go: new functions may be called by nothing that is replaced, and
 * what the compiler split off has no name that could be relied on.
 */
static void add_module_text(struct kp_ranges *ranges, const struct module *mod)
{
	struct kp_range *range = &ranges->range[ranges->count++];

	kp_module_text(mod, &range->start, &range->end);
	range->name = mod->name;
}

static struct kp_ranges *alloc_ranges(unsigned int max, bool must)
{
	if (must)
		return kp_ranges_alloc(max, GFP_KERNEL | __GFP_NOFAIL);
	return kp_inject() ? NULL : kp_ranges_alloc(max, GFP_KERNEL);
}

int kp_update_ranges(bool must)
{
	struct kp_patch *patch = kp_transition_patch, *old;
	unsigned int max = count_ranges(patch);
	struct kp_ranges *below = alloc_ranges(max, must);
	struct kp_ranges *above = alloc_ranges(max, must);
	struct kp_object *obj;

	if (!below || !above) {
		kvfree(below);
		kvfree(above);
		return -ENOMEM;
	}
	kp_for_each_object(patch, obj)
		kp_add_func_ranges(obj, below, above);
	add_module_text(above, patch->mod);
	if (is_replacing(patch))
		for_each_replaced(old, patch)
			add_module_text(below, old->mod);
	if (transition_enables)
		kp_transition_set_ranges(below, above);
	else
		kp_transition_set_ranges(above, below);
	return 0;
}

/* ---- what an object brings along ---- */

static int register_types(struct kp_patch *patch)
{
	struct kp_object *obj;
	int ret;

	kp_for_each_object(patch, obj) {
		if (!kp_is_object_loaded(obj))
			continue;
		ret = kp_shadow_register(obj);
		if (ret)
			return ret;
	}
	return 0;
}

static void unregister_types(struct kp_patch *patch)
{
	struct kp_object *obj;

	kp_for_each_object(patch, obj) {
		if (patch->forced)
			kp_shadow_leak(obj);
		else
			kp_shadow_unregister(obj);
	}
}

/* The first row that names a module stands for all its rows. */
static bool is_first_row(const struct kp_patch *patch, const struct kp_late *row)
{
	const struct kp_late *other;

	for (other = patch->late; other != row; other++)
		if (!strcmp(other->objname, row->objname))
			return false;
	return true;
}

static int apply_late(struct kp_patch *patch)
{
	const struct kp_late *row;
	struct module *mod;
	int ret;

	kp_for_each_late(patch, row) {
		if (!is_first_row(patch, row))
			continue;
		mod = kp_module_alive(row->objname);
		if (!mod)
			continue;
		ret = kp_late_apply(patch, mod);
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- freeing ---- */

static void remove_nops(struct kp_patch *patch)
{
	struct kp_object *obj, *next_obj;
	struct kp_func *func, *next_func;

	kp_for_each_object_safe(patch, obj, next_obj) {
		kp_unpatch_nops(obj);
		kp_for_each_func_safe(obj, func, next_func) {
			if (!func->nop)
				continue;
			list_del(&func->node);
			kobject_put(&func->kobj);
		}
		if (!obj->dynamic)
			continue;
		list_del(&obj->node);
		kobject_put(&obj->kobj);
	}
}

/* Under kp_mutex; to be followed by free_finish() without it. */
static void free_start(struct kp_patch *patch)
{
	struct kp_object *obj, *next_obj;
	struct kp_func *func, *next_func;

	list_del_init(&patch->list);
	kp_for_each_object_safe(patch, obj, next_obj) {
		kp_for_each_func_safe(obj, func, next_func) {
			list_del(&func->node);
			kobject_put(&func->kobj);
		}
		list_del(&obj->node);
		kobject_put(&obj->kobj);
	}
}

/* Without kp_mutex: removing the attributes waits for whoever is writing to one. */
static void free_finish(struct kp_patch *patch, bool was_used)
{
	kobject_put(&patch->kobj);
	wait_for_completion(&patch->finish);
	if (was_used) {
		kp_transition_quiesce();
		/* Destructors of its shadow variables may use its kept variables. */
		if (patch->kept)
			kp_shadow_flush();
	}
	if (patch->forced)
		return;
	kp_keep_release(patch);
	module_put(patch->mod);
}

static void free_work(struct work_struct *work)
{
	free_finish(container_of(work, struct kp_patch, free_work), true);
}

static void free_later(struct kp_patch *patch)
{
	free_start(patch);
	queue_work(free_queue, &patch->free_work);
}

/* ---- the end of a transition ---- */

static void call_objects(struct kp_patch *patch, void (*callback)(struct kp_object *obj))
{
	struct kp_object *obj;

	kp_for_each_object(patch, obj)
		if (kp_is_object_loaded(obj))
			callback(obj);
}

/*
 * Unlike in the kernel's own livepatch, patches that are replaced may clean up. Where the new one takes over
 * what their callbacks made it must stay; and tasks may still be running what was forced out.
 */
static void call_replaced(struct kp_patch *patch, void (*callback)(struct kp_object *obj))
{
	struct kp_patch *old;

	if (!is_replacing(patch))
		return;
	for_each_replaced(old, patch) {
		if (old->forced)
			pr_warn("'%s': forced out, its callbacks do not run\n", old->mod->name);
		if (is_told(old, patch))
			call_objects(old, callback);
	}
}

static void unpatch_replaced(struct kp_patch *patch)
{
	struct kp_object *obj;
	struct kp_patch *old;

	for_each_replaced(old, patch) {
		old->enabled = false;
		kp_for_each_object(old, obj)
			kp_unpatch_object(obj);
	}
}

static void complete_patched(struct kp_patch *patch)
{
	struct kp_object *obj;
	struct kp_patch *old, *next;

	if (is_replacing(patch)) {
		unpatch_replaced(patch);
		remove_nops(patch);
	}
	kp_for_each_object(patch, obj)
		kp_settle_object(obj);

	call_replaced(patch, kp_post_unpatch_callback);
	call_objects(patch, kp_post_patch_callback);
	if (is_replacing(patch))
		for_each_replaced(old, patch)
			if (old->forced)
				kp_states_leak(old);
	kp_states_enable(patch);
	if (!is_replacing(patch))
		return;
	kp_for_each_patch_safe(old, next) {
		if (old == patch)
			break;
		unregister_types(old);
		free_later(old);
	}
}

static void complete_unpatched(struct kp_patch *patch)
{
	struct kp_object *obj;

	kp_for_each_object(patch, obj)
		kp_unpatch_object(obj);

	if (patch->forced) {
		pr_warn("'%s': forced out, its callbacks do not run\n", patch->mod->name);
		kp_states_leak(patch);
	} else {
		call_objects(patch, kp_post_unpatch_callback);
		if (transition_enables)
			kp_states_undo(patch);
		else
			kp_states_release(patch);
	}
	/* They stay after all. */
	call_replaced(patch, kp_post_patch_callback);
	unregister_types(patch);
	patch->enabled = false;
}

/* All tasks arrived. The rule still says so: the slots can be set one after the other. */
static void complete_transition(void)
{
	struct kp_patch *patch = kp_transition_patch;
	bool patched = target_is_patched();

	pr_debug("'%s': completing %s transition\n", patch->mod->name, transition_name(patched));
	if (patched)
		complete_patched(patch);
	else
		complete_unpatched(patch);
	pr_notice("'%s': %s complete\n", patch->mod->name, transition_name(patched));

	WRITE_ONCE(kp_transition_patch, NULL);
	if (!patched)
		free_later(patch);
}

/* ---- its beginning ---- */

static void init_transition(struct kp_patch *patch, bool enables)
{
	WRITE_ONCE(kp_transition_patch, patch);
	transition_enables = enables;
	pr_debug("'%s': initializing %s transition\n", patch->mod->name, transition_name(enables));
}

static int start_transition(struct kp_patch *patch)
{
	int ret = kp_update_ranges(false);

	if (!ret)
		ret = kp_inject() ? -ENOMEM : kp_transition_start(complete_transition);
	if (!ret)
		pr_notice("'%s': starting %s transition\n", patch->mod->name,
			  transition_name(transition_enables));
	return ret;
}

int kp_reverse_patch(void)
{
	struct kp_patch *patch = kp_transition_patch;
	bool patched = target_is_patched();
	int ret;

	pr_debug("'%s': reversing transition from %s\n", patch->mod->name,
		 patched ? "patching to unpatching" : "unpatching to patching");
	ret = kp_inject() ? -ENOMEM : kp_transition_reverse();
	if (ret)
		return ret;
	patch->enabled = !patch->enabled;
	pr_notice("'%s': starting %s transition\n", patch->mod->name, transition_name(!patched));
	kp_transition_pass();
	return 0;
}

void kp_force_patch(void)
{
	struct kp_patch *patch = kp_transition_patch, *old;

	pr_warn("forcing remaining tasks to the patched state\n");
	/* What tasks may still be running must never go. */
	if (!target_is_patched())
		patch->forced = true;
	else if (is_replacing(patch))
		for_each_replaced(old, patch)
			old->forced = true;
	kp_transition_force();
	kp_transition_pass();
}

/* ---- disable ---- */

static void choose_objects(struct kp_patch *patch, bool patching)
{
	struct kp_object *obj;

	kp_for_each_object(patch, obj)
		if (obj->patched)
			kp_choose_object(obj, patching);
}

int kp_disable_patch(struct kp_patch *patch)
{
	struct kp_object *obj;
	int ret;

	if (kp_transition_patch)
		return -EBUSY;
	ret = kp_states_check_disable(patch);
	if (ret)
		return ret;
	ret = kp_inject() ? -ENOMEM : kp_transition_prepare();
	if (ret)
		return ret;

	init_transition(patch, false);
	kp_states_disable(patch);
	kp_for_each_object(patch, obj)
		if (obj->patched)
			kp_pre_unpatch_callback(obj);
	choose_objects(patch, false);

	ret = start_transition(patch);
	if (ret) {
		kp_for_each_object(patch, obj) {
			kp_settle_object(obj);
			if (obj->patched)
				kp_post_patch_callback(obj);
		}
		kp_states_enable(patch);
		kp_transition_cancel();
		WRITE_ONCE(kp_transition_patch, NULL);
		return ret;
	}
	patch->enabled = false;
	kp_transition_pass();
	return 0;
}

/* ---- enable ---- */

/*
 * No task has run anything of it: the way back needs no transition. Nothing of the module may be needed
 * afterwards, since one whose init function fails is freed whoever holds it.
 */
static void cancel_enable(struct kp_patch *patch, bool states, bool replaced)
{
	struct kp_object *obj;

	pr_debug("'%s': canceling patching transition, going to unpatch\n", patch->mod->name);
	pr_debug("'%s': completing unpatching transition\n", patch->mod->name);
	kp_for_each_object(patch, obj)
		kp_unpatch_object(obj);
	call_objects(patch, kp_post_unpatch_callback);
	if (states)
		kp_states_undo(patch);
	if (replaced)
		call_replaced(patch, kp_post_patch_callback);
	kp_for_each_object(patch, obj)
		kp_shadow_cancel(obj);
	kp_transition_cancel();
	pr_notice("'%s': unpatching complete\n", patch->mod->name);
	WRITE_ONCE(kp_transition_patch, NULL);
}

static int patch_objects(struct kp_patch *patch)
{
	struct kp_object *obj;
	int ret;

	kp_for_each_object(patch, obj) {
		if (!kp_is_object_loaded(obj))
			continue;
		ret = kp_pre_patch_callback(obj);
		if (ret) {
			pr_warn("pre-patch callback failed for object '%s'\n", kp_objname(obj));
			return ret;
		}
		ret = kp_patch_object(obj, true);
		if (ret) {
			pr_warn("failed to patch object '%s'\n", kp_objname(obj));
			return ret;
		}
	}
	return 0;
}

static int enable_patch(struct kp_patch *patch)
{
	bool states = false, replaced = false;
	int ret;

	pr_notice("enabling patch '%s'\n", patch->mod->name);
	init_transition(patch, true);

	ret = kp_inject() ? -ENOMEM : kp_transition_prepare();
	if (!ret)
		ret = register_types(patch);
	if (!ret) {
		ret = kp_states_setup(patch);
		states = !ret;
	}
	if (!ret)
		ret = patch_objects(patch);
	if (!ret) {
		call_replaced(patch, kp_pre_unpatch_callback);
		replaced = true;
		ret = start_transition(patch);
	}
	if (ret) {
		pr_warn("failed to enable patch '%s'\n", patch->mod->name);
		cancel_enable(patch, states, replaced);
		return ret;
	}
	patch->enabled = true;
	kp_transition_pass();
	return 0;
}

static bool is_func_valid(const struct kp_func *func)
{
	return func->old_name && strlen(func->old_name) < KSYM_NAME_LEN &&
	       (func->new_func || func->nop);
}

static int init_object(struct kp_patch *patch, struct kp_object *obj)
{
	struct kp_func *func;
	int ret;

	if (obj->name && strlen(obj->name) >= MODULE_NAME_LEN) {
		pr_err("'%s' names a module in too many characters\n", patch->mod->name);
		return -EINVAL;
	}
	obj->patched = false;
	obj->mod = obj->name ? kp_module_alive(obj->name) : NULL;
	ret = kp_kobject_add_object(patch, obj);
	if (ret)
		return ret;
	kp_for_each_func(obj, func) {
		if (!is_func_valid(func)) {
			pr_err("'%s' has a function without a name or without code\n",
			       patch->mod->name);
			return -EINVAL;
		}
		ret = kp_kobject_add_func(obj, func);
		if (ret)
			return ret;
	}
	return kp_is_object_loaded(obj) ? kp_init_object_loaded(obj) : 0;
}

static void init_patch_early(struct kp_patch *patch)
{
	struct kp_object *obj;
	struct kp_func *func;

	INIT_LIST_HEAD(&patch->list);
	INIT_LIST_HEAD(&patch->obj_list);
	INIT_WORK(&patch->free_work, free_work);
	init_completion(&patch->finish);
	patch->enabled = false;
	patch->forced = false;
	patch->kept = NULL;
	/* From here on kobject_put() frees, whatever happens. */
	kp_kobject_init_patch(patch);
	kp_for_each_object_static(patch, obj) {
		kp_kobject_init_object(patch, obj);
		kp_for_each_func_static(obj, func)
			kp_kobject_init_func(obj, func);
	}
}

static int init_patch(struct kp_patch *patch)
{
	struct kp_object *obj;
	int ret;

	ret = kp_kobject_add_patch(patch);
	if (!ret && patch->replace)
		ret = kp_add_nops(patch);
	if (ret)
		return ret;
	kp_for_each_object(patch, obj) {
		ret = init_object(patch, obj);
		if (ret)
			return ret;
	}
	ret = apply_late(patch);
	if (!ret)
		ret = kp_keep_bind(patch);
	if (!ret)
		list_add_tail(&patch->list, &kp_patches);
	return ret;
}

static bool has_object(const struct kp_patch *patch, const char *name)
{
	const struct kp_object *obj;

	kp_for_each_object_static(patch, obj)
		if (obj->name && !strcmp(obj->name, name))
			return true;
	return false;
}

static int check_patch(struct kp_patch *patch)
{
	const struct kp_late *row;
	struct kp_object *obj;

	if (!patch || !patch->mod || !patch->objs) {
		pr_err("a patch has no module or no objects\n");
		return -EINVAL;
	}
	kp_for_each_object_static(patch, obj) {
		if (obj->funcs)
			continue;
		pr_err("'%s' has an object without functions\n", patch->mod->name);
		return -EINVAL;
	}
	/* Rows are filled in when their module is patched. Others would stay zero, and be called. */
	kp_for_each_late(patch, row) {
		if (kp_late_is_kept(row) || has_object(patch, row->objname))
			continue;
		pr_err("'%s' refers to symbol '%s' in module '%s', which it does not patch\n",
		       patch->mod->name, row->name, row->objname);
		return -EINVAL;
	}
	return kp_keep_check(patch);
}

/* The machine runs code that its vendor did not ship: say so, whatever comes of the patch. */
static void taint(struct module *mod)
{
	if (!test_taint(TAINT_LIVEPATCH))
		pr_notice("%s: tainting kernel with TAINT_LIVEPATCH\n", mod->name);
	add_taint(TAINT_LIVEPATCH, LOCKDEP_STILL_OK);
	set_bit(TAINT_LIVEPATCH, &mod->taints);
}

static int admit_patch(struct kp_patch *patch)
{
	int ret;

	if (kp_transition_patch) {
		pr_err("'%s' has to wait: the transition of '%s' is under way; its 'blockers' tells for whom\n",
		       patch->mod->name, kp_transition_patch->mod->name);
		return -EBUSY;
	}
	ret = kp_states_check(patch);
	if (!ret)
		ret = kp_shadow_check(patch);
	if (ret)
		return ret;
	return try_module_get(patch->mod) ? 0 : -ENODEV;
}

/*
 * A patch that is loaded again right after it was disabled finds its variables being freed. A module that
 * it patches may be on its way in.
 */
static bool must_wait(const void *data)
{
	const struct kp_patch *patch = data;
	const struct kp_object *obj;

	kp_for_each_object_static(patch, obj)
		if (kp_shadow_dying(obj) || (obj->name && kp_module_in_between(obj->name)))
			return true;
	return false;
}

int kp_enable_patch(struct kp_patch *patch)
{
	int ret = check_patch(patch);

	if (ret)
		return ret;
	ret = kp_lock_unless(must_wait, patch, ENABLE_WAIT_MS);
	if (ret) {
		pr_err("'%s': a module that it patches is still being loaded, or shadow variables of it are still being freed; try again later\n",
		       patch->mod->name);
		return ret;
	}
	ret = admit_patch(patch);
	if (ret) {
		mutex_unlock(&kp_mutex);
		return ret;
	}
	taint(patch->mod);
	init_patch_early(patch);
	ret = init_patch(patch);
	if (!ret)
		ret = enable_patch(patch);
	if (ret)
		free_start(patch);
	mutex_unlock(&kp_mutex);
	if (ret)
		free_finish(patch, false);
	return ret;
}
EXPORT_SYMBOL_GPL(kp_enable_patch);

int kp_patch_init(void)
{
	free_queue = alloc_workqueue("kpatch_free", WQ_UNBOUND, 0);
	return free_queue ? 0 : -ENOMEM;
}

void kp_patch_exit(void)
{
	destroy_workqueue(free_queue);
}
