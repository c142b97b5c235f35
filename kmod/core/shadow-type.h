/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A node per id of shadow variables: ctor and dtor, who declared it, and its variables, so that
 * freeing a type costs what the type has. Ids that nobody declared have a node as long as they have
 * variables. Nodes are freed after a grace period of RCU.
 */
#ifndef KP_SHADOW_TYPE_H
#define KP_SHADOW_TYPE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <kpatch/kpatch-core.h>

struct shadow_call;
struct shadow_var;

/*
 * struct shadow_type - what is known of an id
 * @node:	in types[]
 * @lock:	the fields below
 * @vars:	its variables, oldest first; those under construction are among them
 * @adopted:	those that existed before the id was registered
 * @count:	how many in both
 * @size:	the smallest that one was allocated with since there were none
 * @users:	struct shadow_user, oldest first; also needs kp_mutex to change
 * @ctor, @dtor: of the newest user that is not leaked; valid in an RCU read section
 * @registered: there are users
 * @dying:	the last user went, the variables have to be freed
 * @frees_adopted: these as well
 * @dead:	no longer in types[]
 * @dying_node:	in a list of shadow-life.c
 * @pins:	modules that must stay until it is collected, or NULL
 */
struct shadow_type {
	struct hlist_node node;
	unsigned long id;
	spinlock_t lock;
	struct list_head vars, adopted;
	unsigned long count;
	size_t size;
	struct list_head users;
	kp_shadow_ctor_t ctor;
	kp_shadow_dtor_t dtor;
	bool registered, dying, frees_adopted, dead;
	struct list_head dying_node;
	struct module *pins[2];
	struct rcu_head rcu;
};

/* A declaration of a type that is in use. */
struct shadow_user {
	struct list_head node;
	struct kp_shadow_type *declared;
	bool leaked;
};

/** shadow_find_type() - NULL if there is none. In an RCU read section. */
struct shadow_type *shadow_find_type(unsigned long id);

/**
 * shadow_create_type() - make sure that @id has a node; it may be gone again when it is looked up.
 * Return: 0, -ENOMEM.
 */
int shadow_create_type(unsigned long id, gfp_t gfp);

/** shadow_drop_type() - forget it when nothing depends on it. Under its lock. */
void shadow_drop_type(struct shadow_type *type);

/** shadow_has_live_user() - whether a user is not leaked. Under its lock. */
bool shadow_has_live_user(const struct shadow_type *type);

/** shadow_update_type() - the users have changed. Under its lock. */
void shadow_update_type(struct shadow_type *type);

/** shadow_is_declared() - there is a ctor and a dtor to call. In an RCU read section. */
bool shadow_is_declared(struct shadow_type *type);

/**
 * shadow_join() - @var becomes one of @type, as @call wants. Under the stripe lock.
 * Return: 0, -EAGAIN the type is dead, look again; -EPERM not this caller, or not now.
 */
int shadow_join(struct shadow_type *type, struct shadow_var *var, const struct shadow_call *call);

/** shadow_leave() - the opposite. Under the stripe lock. */
void shadow_leave(struct shadow_var *var);

/**
 * shadow_oldest() - a variable to free, NULL if there is none. Under the type's lock.
 * @adopted:	adopted ones come first; else they are left alone
 */
struct shadow_var *shadow_oldest(struct shadow_type *type, bool adopted);

/** shadow_live_size() - bytes that each variable of @id has at least; SIZE_MAX: there are none. */
size_t shadow_live_size(unsigned long id);

/** shadow_each_type() - all there are; @visit may drop it. Nobody else may be about. */
void shadow_each_type(void (*visit)(struct shadow_type *type));

#endif
