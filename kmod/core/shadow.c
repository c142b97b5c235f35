// SPDX-License-Identifier: GPL-2.0
/*
 * Shadow variables: memory attached to objects, found by (object, id).
 *
 * shadow-table.c	all variables, hashed by (object, id)
 * shadow-type.c	a node per id: ctor and dtor, who declared it, its variables
 * shadow-free.c	memory of variables that are gone
 * shadow.c		variables come and go; what patched code calls
 * shadow-life.c	types come into use and go, with their variables
 *
 * Locking: stripe lock of the table > type lock > lock of the table of types, all with interrupts
 * off, since callers may be in hard interrupts. Types are declared under kp_mutex; nothing that
 * patched code calls takes that. Variables and type nodes are freed after a grace period of RCU.
 *
 * The life of a type:
 *
 *	           register                     last unregister
 *	(no node) ──────────▶ registered(n) ─────────────────────▶ dying ───────▶ (no node)
 *	   │ ▲                    ▲   │ leak of the last                  collected
 *	   ▼ │ last variable      │   └──────────▶ leaked, for ever
 *	undeclared ───────────────┘
 *	 (kp_klp_shadow_alloc)  register: its variables belong to the type from then on
 *
 * When the last user goes, variables may still be in use by a task in the last part of its exit.
 * They are freed by a worker after kp_transition_quiesce(); the dtor's module, and the one that
 * the object is, are held until then. Where the object is a module that is going (or failed to
 * come), nobody can be in it, and it cannot be held: its variables are freed before unregister
 * returns.
 *
 * ctor runs under the stripe lock, so that it is called exactly once per variable. So does the
 * dtor in kp_shadow_free() and kp_shadow_free_all(): a new variable of the same object cannot be
 * under construction meanwhile. When a type is collected the dtor runs without any lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "core.h"
#include "inject.h"
#include "shadow.h"
#include "shadow-free.h"
#include "shadow-table.h"
#include "shadow-type.h"
#include "shadow-var.h"

#ifdef KP_TEST
unsigned int kp_shadow_warnings_expected;

bool shadow_warning_expected(void)
{
	unsigned int left = READ_ONCE(kp_shadow_warnings_expected);

	return left && cmpxchg(&kp_shadow_warnings_expected, left, left - 1) == left;
}
#endif

static void refuse(const char *what, unsigned long id)
{
	pr_err_ratelimited("Cannot %s shadow variables of type %lx: it is not registered\n", what, id);
}

/*
 * Attach @var unless (obj, id) is there: -EEXIST, and *@found is its data. In an RCU read section.
 * Other errors: see shadow_join(); -ECANCELED and *@ctor_error: the ctor failed.
 */
static int insert(struct shadow_type *type, struct shadow_var *var, const struct shadow_call *call,
		  void **found, int *ctor_error)
{
	u32 hash = shadow_hash(var->obj, var->id);
	unsigned long flags = shadow_lock(hash);
	struct shadow_var *other = shadow_find(var->obj, var->id, hash);
	kp_shadow_ctor_t ctor;
	int ret;

	if (other) {
		*found = other->data;
		shadow_unlock(hash, flags);
		return -EEXIST;
	}
	ret = shadow_join(type, var, call);
	if (!ret) {
		ctor = call->declared ? READ_ONCE(type->ctor) : call->ctor;
		*ctor_error = ctor ? ctor(var->obj, var->data, call->ctor_data) : 0;
		if (*ctor_error) {
			shadow_leave(var);
			ret = -ECANCELED;
		} else {
			shadow_link(var, hash);
		}
	}
	shadow_unlock(hash, flags);
	return ret;
}

/* Find or make the type's node, then insert(). */
static int insert_by_id(struct shadow_var *var, gfp_t gfp, const struct shadow_call *call,
			void **found, int *ctor_error)
{
	struct shadow_type *type;
	int ret;

	do {
		rcu_read_lock();
		type = shadow_find_type(var->id);
		if (type)
			ret = insert(type, var, call, found, ctor_error);
		else
			ret = call->declared ? -EPERM : -EAGAIN;
		rcu_read_unlock();
		if (!type && ret == -EAGAIN && shadow_create_type(var->id, gfp))
			ret = -ENOMEM;
	} while (ret == -EAGAIN);
	return ret;
}

static void *attach(void *obj, unsigned long id, gfp_t gfp, const struct shadow_call *call,
		    bool may_exist)
{
	void *data = kp_shadow_get(obj, id);
	int ret = -EEXIST, ctor_error = 0;
	struct shadow_var *var = NULL;

	if (!data) {
		/* Before the lock: it may sleep. */
		if (!kp_inject() && call->size <= SIZE_MAX - sizeof(*var))
			var = kzalloc(sizeof(*var) + call->size, gfp);
		if (!var)
			return NULL;
		var->obj = obj;
		var->id = id;
		ret = insert_by_id(var, gfp, call, &data, &ctor_error);
	}
	if (!ret) {
		shadow_check_size();
		return var->data;
	}
	/* After a grace period, since shadow_take_oldest() may have seen it in the type. */
	if (var)
		shadow_free(var);
	if (ret == -EPERM)
		refuse("allocate", id);
	if (ret == -ECANCELED)
		pr_err("Failed to construct shadow variable <%p, %lx> (%d)\n", obj, id, ctor_error);
	if (ret != -EEXIST)
		return NULL;
	if (may_exist)
		return data;
	misuse("Duplicate shadow variable <%p, %lx>\n", obj, id);
	return NULL;
}

/* Under the stripe lock. */
static void detach(struct shadow_var *var, u32 hash)
{
	shadow_unlink(var, hash);
	shadow_leave(var);
}

static void free_one(void *obj, unsigned long id, const struct shadow_call *call)
{
	u32 hash = shadow_hash(obj, id);
	unsigned long flags = shadow_lock(hash);
	struct shadow_var *var = shadow_find(obj, id, hash);
	kp_shadow_dtor_t dtor = call->dtor;
	bool refused = false;

	if (var && call->declared) {
		dtor = READ_ONCE(var->type->dtor);
		refused = !shadow_is_declared(var->type);
	}
	if (var && !refused) {
		detach(var, hash);
		if (dtor)
			dtor(obj, var->data);
		shadow_free(var);
	}
	shadow_unlock(hash, flags);
	if (refused)
		refuse("free", id);
	else if (var)
		shadow_check_size();
}

struct shadow_var *shadow_take_oldest(struct shadow_type *type, bool adopted,
				      const struct shadow_call *call)
{
	struct shadow_var *var, *taken = NULL;
	kp_shadow_dtor_t dtor;
	unsigned long flags;
	u32 hash;

	while (!taken) {
		spin_lock_irqsave(&type->lock, flags);
		var = shadow_oldest(type, adopted);
		spin_unlock_irqrestore(&type->lock, flags);
		if (!var)
			return NULL;
		hash = shadow_hash(var->obj, var->id);
		flags = shadow_lock(hash);
		/* It may have been freed, or its ctor failed. Under the lock both are decided. */
		if (!list_empty(&var->type_node)) {
			detach(var, hash);
			taken = var;
		}
		if (taken && call) {
			dtor = call->declared ? READ_ONCE(type->dtor) : call->dtor;
			if (dtor)
				dtor(var->obj, var->data);
		}
		shadow_unlock(hash, flags);
	}
	return taken;
}

/*
 * Those that exist now: what is added meanwhile comes later in the list. A kp_klp_ caller may be
 * atomic, as with the kernel's function.
 */
static void free_all(unsigned long id, const struct shadow_call *call)
{
	unsigned long left = kp_shadow_count(id);
	struct shadow_type *type;
	struct shadow_var *var;
	bool refused = false;

	if (call->declared) {
		might_sleep();
		rcu_read_lock();
		type = shadow_find_type(id);
		refused = !type || !shadow_is_declared(type);
		rcu_read_unlock();
	}
	if (refused) {
		refuse("free", id);
		return;
	}
	for (; left; left--) {
		rcu_read_lock();
		type = shadow_find_type(id);
		var = type ? shadow_take_oldest(type, true, call) : NULL;
		rcu_read_unlock();
		if (!var)
			break;
		shadow_free(var);
		if (call->declared)
			cond_resched();
	}
	shadow_check_size();
}

/* ---- for patches ---- */

void *kp_shadow_get(void *obj, unsigned long id)
{
	u32 hash = shadow_hash(obj, id);
	struct shadow_var *var;

	rcu_read_lock();
	var = shadow_find(obj, id, hash);
	rcu_read_unlock();
	return var ? var->data : NULL;
}
EXPORT_SYMBOL_GPL(kp_shadow_get);

void *kp_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp, void *ctor_data)
{
	struct shadow_call call = { .declared = true, .size = size, .ctor_data = ctor_data };

	return attach(obj, id, gfp, &call, false);
}
EXPORT_SYMBOL_GPL(kp_shadow_alloc);

void *kp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp, void *ctor_data)
{
	struct shadow_call call = { .declared = true, .size = size, .ctor_data = ctor_data };

	return attach(obj, id, gfp, &call, true);
}
EXPORT_SYMBOL_GPL(kp_shadow_get_or_alloc);

void kp_shadow_free(void *obj, unsigned long id)
{
	struct shadow_call call = { .declared = true };

	free_one(obj, id, &call);
}
EXPORT_SYMBOL_GPL(kp_shadow_free);

void kp_shadow_free_all(unsigned long id)
{
	struct shadow_call call = { .declared = true };

	free_all(id, &call);
}
EXPORT_SYMBOL_GPL(kp_shadow_free_all);

/*
 * With the kernel's signatures. ctor and dtor are what the caller says, for registered ids too:
 * code that passes NULL has cleaned up by itself, and a dtor from elsewhere would do it again. The
 * variables of a registered id belong to its type, whoever allocated them: they are collected,
 * with the type's dtor, when its last user goes.
 */
void *kp_klp_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp,
			  kp_shadow_ctor_t ctor, void *ctor_data)
{
	struct shadow_call call = { .size = size, .ctor = ctor, .ctor_data = ctor_data };

	return attach(obj, id, gfp, &call, false);
}
EXPORT_SYMBOL_GPL(kp_klp_shadow_alloc);

void *kp_klp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp,
				 kp_shadow_ctor_t ctor, void *ctor_data)
{
	struct shadow_call call = { .size = size, .ctor = ctor, .ctor_data = ctor_data };

	return attach(obj, id, gfp, &call, true);
}
EXPORT_SYMBOL_GPL(kp_klp_shadow_get_or_alloc);

void kp_klp_shadow_free(void *obj, unsigned long id, kp_shadow_dtor_t dtor)
{
	struct shadow_call call = { .dtor = dtor };

	free_one(obj, id, &call);
}
EXPORT_SYMBOL_GPL(kp_klp_shadow_free);

void kp_klp_shadow_free_all(unsigned long id, kp_shadow_dtor_t dtor)
{
	struct shadow_call call = { .dtor = dtor };

	free_all(id, &call);
}
EXPORT_SYMBOL_GPL(kp_klp_shadow_free_all);
