// SPDX-License-Identifier: GPL-2.0
/*
 * Types of shadow variables come into use and go, with their variables: see shadow.h, and shadow.c
 * for the life of a type.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "core.h"
#include "inject.h"
#include "shadow.h"
#include "shadow-free.h"
#include "shadow-table.h"
#include "shadow-type.h"
#include "shadow-var.h"
#include "state.h"
#include "transition.h"

/* Types whose last user went, until their variables are freed. */
static LIST_HEAD(dying_types);
static DEFINE_SPINLOCK(dying_lock);

static void collect_types(struct work_struct *work);
static DECLARE_WORK(collect_work, collect_types);
static struct workqueue_struct *queue;

/* ---- collection ---- */

/* May sleep. Nobody can add variables, but stragglers may still free some. */
static void collect(struct shadow_type *type)
{
	kp_shadow_dtor_t dtor = type->dtor;
	struct module *pins[2] = { type->pins[0], type->pins[1] };
	struct shadow_var *var;
	unsigned long flags;

	for (;;) {
		rcu_read_lock();
		var = shadow_take_oldest(type, type->frees_adopted, NULL);
		rcu_read_unlock();
		if (!var)
			break;
		if (dtor)
			dtor(var->obj, var->data);
		shadow_free(var);
		cond_resched();
	}
	shadow_check_size();
	/* A straggler that freed one may still be in the dtor. */
	synchronize_rcu();
	spin_lock_irqsave(&type->lock, flags);
	type->pins[0] = NULL;
	type->pins[1] = NULL;
	type->dying = false;
	shadow_drop_type(type);
	spin_unlock_irqrestore(&type->lock, flags);
	module_put(pins[0]);
	module_put(pins[1]);
}

static void collect_types(struct work_struct *work)
{
	struct shadow_type *type, *next;
	LIST_HEAD(ready);

	spin_lock_irq(&dying_lock);
	list_splice_init(&dying_types, &ready);
	spin_unlock_irq(&dying_lock);
	if (list_empty(&ready))
		return;
	/* A task in the last part of its exit may still be using them. */
	kp_transition_quiesce();
	list_for_each_entry_safe(type, next, &ready, dying_node)
		collect(type);
}

void kp_shadow_flush(void)
{
	flush_work(&collect_work);
}

static bool is_dying(unsigned long id)
{
	struct shadow_type *type;
	bool dying;

	rcu_read_lock();
	type = shadow_find_type(id);
	dying = type && READ_ONCE(type->dying);
	rcu_read_unlock();
	return dying;
}

#define for_each_type(obj, at) for ((at) = (obj)->shadow_types; (at) && *(at); (at)++)

#define for_each_type_of(patch, obj, at)				\
	kp_for_each_object_static(patch, obj)				\
		for_each_type(obj, at)

static const char *name_of(const struct kp_shadow_type *type)
{
	return type->name ? type->name : "-";
}

/* ---- whether it may be ---- */

/* The state of the old one, and with it what it owns, is about to go. */
static bool owner_goes(const struct kp_patch *patch, const struct kp_shadow_type *old)
{
	return patch->replace && !kp_find_state(patch, old->state);
}

/* Whoever goes last frees the variables of all. */
static bool dtor_gets_lost(const struct kp_patch *patch, const struct kp_shadow_type *type,
			   const struct kp_patch *other, const struct kp_shadow_type *old)
{
	if (old->dtor)
		return !type->dtor;
	return type->dtor && (patch == other || !patch->replace);
}

/* Two patches, or one of them twice, mean the same by an id. */
static int check_pair(const struct kp_patch *patch, const struct kp_shadow_type *type,
		      const struct kp_patch *other, const struct kp_shadow_type *old)
{
	if (type->size && old->size && type->size != old->size) {
		pr_err("Shadow type %lx (%s) has %zu bytes in '%s', %zu in '%s': use another id\n",
		       type->id, name_of(type), old->size, other->mod->name, type->size,
		       patch->mod->name);
		return -EINVAL;
	}
	if (dtor_gets_lost(patch, type, other, old)) {
		pr_err("Shadow type %lx (%s) has a dtor in '%s', but not in '%s': declare it in both, or use another id\n",
		       type->id, name_of(type), (old->dtor ? other : patch)->mod->name,
		       (old->dtor ? patch : other)->mod->name);
		return -EINVAL;
	}
	if (type->state && old->state && type->state != old->state && !owner_goes(patch, old)) {
		pr_err("Shadow type %lx (%s) belongs to state %lx in '%s', to %lx in '%s': use another id\n",
		       type->id, name_of(type), old->state, other->mod->name, type->state,
		       patch->mod->name);
		return -EINVAL;
	}
	return 0;
}

static int check_type(const struct kp_patch *patch, const struct kp_shadow_type *type,
		      const struct kp_patch *other)
{
	struct kp_shadow_type **at;
	const struct kp_object *obj;
	int ret;

	for_each_type_of(other, obj, at) {
		ret = (*at)->id == type->id ? check_pair(patch, type, other, *at) : 0;
		if (ret)
			return ret;
	}
	return 0;
}

/* Variables may be there that no patch says the size of: none may be read beyond its end. */
static int check_live(const struct kp_patch *patch, const struct kp_shadow_type *type)
{
	size_t size = shadow_live_size(type->id);

	if (size >= type->size)
		return 0;
	pr_err("Shadow type %lx (%s) has variables of %zu bytes, and %zu in '%s': use another id\n",
	       type->id, name_of(type), size, type->size, patch->mod->name);
	return -EINVAL;
}

/* It lives as long as @type of @of at least. */
static bool has_owned(const struct kp_patch *patch, const struct kp_object *of,
		      const struct kp_shadow_type *type)
{
	struct kp_shadow_type **at;
	const struct kp_object *obj;

	for_each_type_of(patch, obj, at)
		if ((*at)->id == type->id && (*at)->state == type->state &&
		    (!obj->name || (of->name && !strcmp(obj->name, of->name))))
			return true;
	return false;
}

static int check_states(const struct kp_patch *patch, const struct kp_patch *other)
{
	struct kp_shadow_type **at;
	const struct kp_object *obj;
	const struct kp_state *state;

	for_each_type_of(other, obj, at) {
		state = (*at)->state ? kp_find_state(patch, (*at)->state) : NULL;
		if (!state || has_owned(patch, obj, *at))
			continue;
		pr_err("Shadow type %lx (%s) belongs to state %lx (%s) in '%s', but not in '%s', which has the state: it would go on without its data\n",
		       (*at)->id, name_of(*at), state->id, state->name ? state->name : "-",
		       other->mod->name, patch->mod->name);
		return -EINVAL;
	}
	return 0;
}

static int check_own(const struct kp_patch *patch)
{
	struct kp_shadow_type **at;
	const struct kp_object *obj;
	int ret;

	for_each_type_of(patch, obj, at) {
		if ((*at)->state && !kp_find_state(patch, (*at)->state)) {
			pr_err("Shadow type %lx (%s) of '%s' belongs to state %lx, which the patch does not have\n",
			       (*at)->id, name_of(*at), patch->mod->name, (*at)->state);
			return -EINVAL;
		}
		ret = check_type(patch, *at, patch);
		if (ret)
			return ret;
	}
	return 0;
}

static int check_other(const struct kp_patch *patch, const struct kp_patch *other)
{
	struct kp_shadow_type **at;
	const struct kp_object *obj;
	int ret;

	for_each_type_of(patch, obj, at) {
		ret = check_type(patch, *at, other);
		if (ret)
			return ret;
	}
	ret = check_states(patch, other);
	/* Side by side it does not matter which one came first. */
	return ret || patch->replace ? ret : check_states(other, patch);
}

int kp_shadow_check(const struct kp_patch *patch)
{
	const struct kp_patch *other;
	struct kp_shadow_type **at;
	const struct kp_object *obj;
	int ret = check_own(patch);

	if (ret)
		return ret;
	kp_for_each_patch(other) {
		ret = check_other(patch, other);
		if (ret)
			return ret;
	}
	for_each_type_of(patch, obj, at) {
		ret = check_live(patch, *at);
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- registration ---- */

static int check_types(const struct kp_object *obj)
{
	struct kp_shadow_type **at, **before;

	for_each_type(obj, at) {
		if ((*at)->registered) {
			pr_err("Shadow type %lx is registered already\n", (*at)->id);
			return -EINVAL;
		}
		for (before = obj->shadow_types; before != at; before++) {
			if ((*before)->id == (*at)->id) {
				pr_err("Shadow type %lx is declared twice for one object\n",
				       (*at)->id);
				return -EINVAL;
			}
		}
	}
	return 0;
}

/* Under the type's lock. */
static int add_user(struct shadow_type *type, struct shadow_user *user)
{
	if (type->dead)
		return -EAGAIN;
	if (type->dying || (type->registered && !shadow_has_live_user(type)))
		return -EBUSY;
	list_add_tail(&user->node, &type->users);
	shadow_update_type(type);
	return 0;
}

static int register_user(struct shadow_user *user)
{
	unsigned long id = user->declared->id, flags;
	struct shadow_type *type;
	int ret = -EAGAIN;

	do {
		rcu_read_lock();
		type = shadow_find_type(id);
		if (type) {
			spin_lock_irqsave(&type->lock, flags);
			ret = add_user(type, user);
			spin_unlock_irqrestore(&type->lock, flags);
		}
		rcu_read_unlock();
		if (!type && shadow_create_type(id, GFP_KERNEL))
			ret = -ENOMEM;
	} while (ret == -EAGAIN);
	if (ret == -EBUSY)
		pr_err("Shadow type %lx is in use by a patch that is gone\n", id);
	return ret;
}

static int register_type(struct kp_shadow_type *declared)
{
	struct shadow_user *user = kp_inject() ? NULL : kzalloc(sizeof(*user), GFP_KERNEL);
	int ret;

	if (!user)
		return -ENOMEM;
	user->declared = declared;
	ret = register_user(user);
	if (ret)
		kfree(user);
	else
		declared->registered = true;
	return ret;
}

/* The node and the user of a registered type; they stay while kp_mutex is held. */
static struct shadow_type *registered_type(const struct kp_shadow_type *declared,
					   struct shadow_user **found)
{
	struct shadow_type *type;
	struct shadow_user *user;

	rcu_read_lock();
	type = shadow_find_type(declared->id);
	rcu_read_unlock();
	if (WARN_ON(!type))
		return NULL;
	list_for_each_entry(user, &type->users, node) {
		if (user->declared == declared) {
			*found = user;
			return type;
		}
	}
	WARN_ON(1);
	return NULL;
}

/* What is freed when a type loses its last user. */
enum frees {
	FREES_NOTHING,
	FREES_OWN, /* what came into being while it was registered */
	FREES_ALL,
};

/* Return: the type if it is dying now. */
static struct shadow_type *unregister_type(struct kp_shadow_type *declared, enum frees frees)
{
	struct shadow_type *type;
	struct shadow_user *user;
	unsigned long flags;
	bool dying;

	if (!declared->registered)
		return NULL;
	declared->registered = false;
	type = registered_type(declared, &user);
	if (!type)
		return NULL;
	spin_lock_irqsave(&type->lock, flags);
	list_del(&user->node);
	shadow_update_type(type);
	dying = !type->registered && ((frees >= FREES_OWN && !list_empty(&type->vars)) ||
				      (frees == FREES_ALL && !list_empty(&type->adopted)));
	type->dying = dying;
	type->frees_adopted = frees == FREES_ALL;
	shadow_drop_type(type);
	spin_unlock_irqrestore(&type->lock, flags);
	kfree(user);
	return dying ? type : NULL;
}

bool kp_shadow_dying(const struct kp_object *obj)
{
	struct kp_shadow_type **at;

	for_each_type(obj, at)
		if (is_dying((*at)->id))
			return true;
	return false;
}

int kp_shadow_register(struct kp_object *obj)
{
	struct kp_shadow_type **at;
	int ret = 0;

	if (obj->shadow_registered) {
		pr_err("Shadow types of object '%s' are registered already\n",
		       obj->name ? obj->name : "vmlinux");
		return -EINVAL;
	}
	ret = check_types(obj);
	if (ret)
		return ret;
	for_each_type(obj, at) {
		ret = register_type(*at);
		if (ret)
			break;
	}
	if (ret) {
		/* Nothing of the patch ran: what exists under these ids is not its own. */
		while (at > obj->shadow_types)
			unregister_type(*--at, FREES_NOTHING);
		/* But others who have these types may be in its ctors and dtors. */
		synchronize_rcu();
		return ret;
	}
	obj->shadow_registered = true;
	return 0;
}

/* The patch that @obj belongs to. Under kp_mutex. */
static struct kp_patch *patch_of(const struct kp_object *obj)
{
	struct kp_patch *patch;
	struct kp_object *other;

	kp_for_each_patch(patch)
		kp_for_each_object(patch, other)
			if (other == obj)
				return patch;
	return NULL;
}

/* Whether a patch beside that of @obj is in force. */
static bool has_company(const struct kp_object *obj)
{
	const struct kp_patch *patch, *own = patch_of(obj);

	kp_for_each_patch(patch)
		if (patch != own && patch->enabled)
			return true;
	return false;
}

/* Hold what the dtor needs until the worker has been there; false if it cannot be held. */
static bool pin(struct shadow_type *type, const struct kp_object *obj)
{
	struct kp_patch *patch = patch_of(obj);

	if (!patch)
		return false;
	/* One that is coming and is refused is freed whoever holds it. */
	if (kp_is_module(obj) &&
	    (!obj->mod || obj->mod->state != MODULE_STATE_LIVE || !try_module_get(obj->mod)))
		return false;
	__module_get(patch->mod);
	type->pins[0] = patch->mod;
	type->pins[1] = obj->mod;
	return true;
}

static void collect_later(struct shadow_type *type)
{
	spin_lock_irq(&dying_lock);
	list_add_tail(&type->dying_node, &dying_types);
	spin_unlock_irq(&dying_lock);
	queue_work(queue, &collect_work);
}

static void unregister_types(struct kp_object *obj, enum frees frees, bool used)
{
	struct shadow_type *type, *next;
	struct kp_shadow_type **at;
	LIST_HEAD(now);

	if (!obj->shadow_registered)
		return;
	obj->shadow_registered = false;
	/* Disabling the others need not wait for RCU. */
	if (!obj->shadow_types || !*obj->shadow_types)
		return;
	for_each_type(obj, at) {
		type = unregister_type(*at, frees);
		if (!type)
			continue;
		if (used && pin(type, obj))
			collect_later(type);
		else
			list_add_tail(&type->dying_node, &now);
	}
	/* No caller is in a ctor or dtor of this patch any more, and none will be. */
	synchronize_rcu();
	list_for_each_entry_safe(type, next, &now, dying_node)
		collect(type);
}

void kp_shadow_unregister(struct kp_object *obj)
{
	unregister_types(obj, has_company(obj) ? FREES_OWN : FREES_ALL, true);
}

void kp_shadow_cancel(struct kp_object *obj)
{
	unregister_types(obj, FREES_OWN, false);
}

void kp_shadow_leak(struct kp_object *obj)
{
	struct shadow_user *user;
	struct kp_shadow_type **at;
	struct shadow_type *type;
	unsigned long flags;

	if (!obj->shadow_registered)
		return;
	obj->shadow_registered = false;
	for_each_type(obj, at) {
		type = registered_type(*at, &user);
		if (!type)
			continue;
		spin_lock_irqsave(&type->lock, flags);
		user->leaked = true;
		shadow_update_type(type);
		spin_unlock_irqrestore(&type->lock, flags);
	}
}

/* " NAME" of the state that owns it, or nothing. */
static ssize_t show_owner(const struct kp_patch *patch, const struct kp_shadow_type *type,
			  char *buf, ssize_t len)
{
	const struct kp_state *state = type->state ? kp_find_state(patch, type->state) : NULL;

	if (!state)
		return 0;
	return sysfs_emit_at(buf, (int)len, " %s", state->name ? state->name : "-");
}

ssize_t kp_shadow_show(struct kp_patch *patch, char *buf)
{
	struct kp_shadow_type **at;
	struct kp_object *obj;
	ssize_t len = 0;

	kp_for_each_object(patch, obj) {
		for_each_type(obj, at) {
			len += sysfs_emit_at(buf, (int)len, "%lx %lu %s", (*at)->id,
					     kp_shadow_count((*at)->id), name_of(*at));
			len += show_owner(patch, *at, buf, len);
			len += sysfs_emit_at(buf, (int)len, "\n");
		}
	}
	return len;
}

/* ---- the core's life ---- */

int kp_shadow_init(void)
{
	int ret;

	queue = kp_inject() ? NULL : alloc_workqueue("kpatch_shadow", WQ_UNBOUND, 0);
	if (!queue)
		return -ENOMEM;
	shadow_free_init(queue);
	ret = shadow_table_init(queue);
	if (ret)
		destroy_workqueue(queue);
	return ret;
}

/* Nobody else is left: no patch uses the core. */
static void free_type(struct shadow_type *type)
{
	struct shadow_user *user, *next;
	struct shadow_var *var;
	unsigned long left = type->count;

	if (type->registered)
		misuse("Shadow type %lx is still registered, with %lu variables\n", type->id,
		       type->count);
	list_for_each_entry_safe(user, next, &type->users, node) {
		list_del(&user->node);
		kfree(user);
	}
	type->registered = false;
	/* The last variable takes the type with it. */
	rcu_read_lock();
	spin_lock_irq(&type->lock);
	shadow_drop_type(type);
	spin_unlock_irq(&type->lock);
	rcu_read_unlock();
	for (; left; left--) {
		rcu_read_lock();
		var = shadow_take_oldest(type, true, NULL);
		rcu_read_unlock();
		shadow_free(var);
	}
}

void kp_shadow_exit(void)
{
	/* The collection that is under way. */
	flush_work(&collect_work);
	shadow_each_type(free_type);
	shadow_free_exit();
	destroy_workqueue(queue);
	shadow_table_exit();
}
