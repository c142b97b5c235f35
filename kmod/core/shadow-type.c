// SPDX-License-Identifier: GPL-2.0
/* What is known of the ids of shadow variables: see shadow-type.h. */
#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "inject.h"
#include "shadow.h"
#include "shadow-table.h"
#include "shadow-type.h"
#include "shadow-var.h"

#define TYPE_BUCKETS 256

static DEFINE_SPINLOCK(types_lock);
static struct hlist_head types[TYPE_BUCKETS];

struct shadow_type *shadow_find_type(unsigned long id)
{
	struct shadow_type *type;

	hlist_for_each_entry_rcu(type, &types[hash_long(id, ilog2(TYPE_BUCKETS))], node)
		if (type->id == id)
			return type;
	return NULL;
}

int shadow_create_type(unsigned long id, gfp_t gfp)
{
	struct shadow_type *type = kp_inject() ? NULL : kzalloc(sizeof(*type), gfp);
	unsigned long flags;
	bool exists;

	if (!type)
		return -ENOMEM;
	type->id = id;
	spin_lock_init(&type->lock);
	INIT_LIST_HEAD(&type->vars);
	INIT_LIST_HEAD(&type->adopted);
	INIT_LIST_HEAD(&type->users);

	spin_lock_irqsave(&types_lock, flags);
	rcu_read_lock();
	exists = shadow_find_type(id);
	if (!exists)
		hlist_add_head_rcu(&type->node, &types[hash_long(id, ilog2(TYPE_BUCKETS))]);
	rcu_read_unlock();
	spin_unlock_irqrestore(&types_lock, flags);
	if (exists)
		kfree(type);
	return 0;
}

void shadow_drop_type(struct shadow_type *type)
{
	if (type->count || type->registered || type->dying || type->dead)
		return;
	type->dead = true;
	spin_lock(&types_lock);
	hlist_del_rcu(&type->node);
	spin_unlock(&types_lock);
	kfree_rcu(type, rcu);
}

static struct shadow_user *newest_user(const struct shadow_type *type)
{
	struct shadow_user *user;

	list_for_each_entry_reverse(user, &type->users, node)
		if (!user->leaked)
			return user;
	if (list_empty(&type->users))
		return NULL;
	return list_last_entry(&type->users, struct shadow_user, node);
}

bool shadow_has_live_user(const struct shadow_type *type)
{
	const struct shadow_user *user = newest_user(type);

	return user && !user->leaked;
}

void shadow_update_type(struct shadow_type *type)
{
	const struct shadow_user *user = newest_user(type);

	type->registered = user;
	if (!user)
		return;
	WRITE_ONCE(type->ctor, user->declared->ctor);
	WRITE_ONCE(type->dtor, user->declared->dtor);
}

bool shadow_is_declared(struct shadow_type *type)
{
	unsigned long flags;
	bool ret;

	spin_lock_irqsave(&type->lock, flags);
	ret = type->registered || type->dying;
	spin_unlock_irqrestore(&type->lock, flags);
	return ret;
}

int shadow_join(struct shadow_type *type, struct shadow_var *var, const struct shadow_call *call)
{
	int ret = 0;

	spin_lock(&type->lock);
	if (type->dead) {
		ret = -EAGAIN;
	} else if (type->dying || (call->declared && !type->registered)) {
		ret = -EPERM;
	} else {
		var->type = type;
		list_add_tail(&var->type_node, type->registered ? &type->vars : &type->adopted);
		if (!type->count || call->size < type->size)
			type->size = call->size;
		type->count++;
	}
	spin_unlock(&type->lock);
	return ret;
}

void shadow_leave(struct shadow_var *var)
{
	struct shadow_type *type = var->type;

	spin_lock(&type->lock);
	list_del_init(&var->type_node);
	type->count--;
	shadow_drop_type(type);
	spin_unlock(&type->lock);
}

struct shadow_var *shadow_oldest(struct shadow_type *type, bool adopted)
{
	if (adopted && !list_empty(&type->adopted))
		return list_first_entry(&type->adopted, struct shadow_var, type_node);
	return list_first_entry_or_null(&type->vars, struct shadow_var, type_node);
}

unsigned long kp_shadow_count(unsigned long id)
{
	struct shadow_type *type;
	unsigned long count;

	rcu_read_lock();
	type = shadow_find_type(id);
	count = type ? READ_ONCE(type->count) : 0;
	rcu_read_unlock();
	return count;
}

size_t shadow_live_size(unsigned long id)
{
	struct shadow_type *type;
	unsigned long flags;
	size_t size = SIZE_MAX;

	rcu_read_lock();
	type = shadow_find_type(id);
	if (type) {
		spin_lock_irqsave(&type->lock, flags);
		if (type->count)
			size = type->size;
		spin_unlock_irqrestore(&type->lock, flags);
	}
	rcu_read_unlock();
	return size;
}

void shadow_each_type(void (*visit)(struct shadow_type *type))
{
	struct shadow_type *type;
	struct hlist_node *next;
	unsigned int i;

	for (i = 0; i < TYPE_BUCKETS; i++)
		hlist_for_each_entry_safe(type, next, &types[i], node)
			visit(type);
}
