// SPDX-License-Identifier: GPL-2.0
/*
 * Shadow variables: memory attached to objects, found by (object, id).
 *
 * Three structures:
 *   table	all variables, hashed by (object, id); read under RCU, written under the stripe
 *		lock of the hash. It is resized by a worker, bucket by bucket.
 *   types	a node per id: ctor and dtor, the patches that declared it, and its variables, so
 *		that freeing a type costs what the type has. Ids that nobody declared have a node
 *		as long as they have variables.
 *   dying	types whose last user went, until their variables are freed.
 *
 * Locking: stripe lock > type lock > types_lock, all with interrupts off, since callers may be in
 * hard interrupts. Types are declared under kp_mutex; nothing that tasks call from patched code
 * takes that. Variables and type nodes are freed after a grace period of RCU.
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

#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/rculist.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "core.h"
#include "inject.h"
#include "shadow.h"
#include "transition.h"

#define STRIPES	     256 /* locks; the table has at least as many buckets, each belongs to one */
#define TABLE_MIN    1024
#define TYPE_BUCKETS 256

/*
 * struct shadow_type - what is known of an id
 * @node:	in types[]
 * @lock:	the fields below
 * @vars:	its variables, oldest first; those under construction are among them
 * @adopted:	those that existed before the id was registered
 * @count:	how many in both
 * @users:	struct shadow_user, oldest first; also needs kp_mutex to change
 * @ctor, @dtor: of the newest user that is not leaked; valid in an RCU read section
 * @registered: there are users
 * @dying:	the last user went, the variables have to be freed
 * @frees_adopted: these as well
 * @dead:	no longer in types[]
 * @dying_node:	in dying_types, under types_lock
 * @pins:	modules that must stay until it is collected, or NULL
 */
struct shadow_type {
	struct hlist_node node;
	unsigned long id;
	spinlock_t lock;
	struct list_head vars, adopted;
	unsigned long count;
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

/*
 * struct shadow_var - a variable
 * @chain:	in a bucket of the table whose @link is the index. Two, so that readers find
 *		complete chains in the old table while the new one is filled
 * @type_node:	in type->vars
 * @data:	aligned as well as what the kernel's livepatch gives
 */
struct shadow_var {
	struct hlist_node chain[2];
	struct list_head type_node;
	struct rcu_head rcu;
	struct shadow_type *type;
	void *obj;
	unsigned long id;
	char data[] __aligned(16);
};

/*
 * struct shadow_table - the hash table
 * @mask:	number of buckets - 1
 * @link:	which of shadow_var.chain it uses
 * @moved:	while it is filled: buckets of the old table that are in it; changes for a bucket
 *		under its stripe lock
 */
struct shadow_table {
	unsigned long mask;
	unsigned int link;
	unsigned long moved;
	struct hlist_head buckets[];
};

static struct shadow_table __rcu *table;
static struct shadow_table *next_table; /* being filled, or NULL */
static atomic_long_t total = ATOMIC_LONG_INIT(0);
static spinlock_t stripes[STRIPES];

static DEFINE_SPINLOCK(types_lock);
static struct hlist_head types[TYPE_BUCKETS];
static LIST_HEAD(dying_types);

static void resize_table(struct work_struct *work);
static void collect_types(struct work_struct *work);
static DECLARE_WORK(resize_work, resize_table);
static DECLARE_WORK(collect_work, collect_types);
static struct workqueue_struct *queue;

#ifdef KP_TEST
unsigned int kp_shadow_warnings_expected;

static u64 locked_at[STRIPES];
static unsigned long longest_locked_ns;
module_param(longest_locked_ns, ulong, 0644);
MODULE_PARM_DESC(longest_locked_ns, "how long a lock of the shadow variables was held at most");

/* Under the stripe lock. The maximum is not exact when two CPUs raise it at once. */
static void note_locked(u32 hash)
{
	locked_at[hash % STRIPES] = local_clock();
}

static void note_unlocked(u32 hash)
{
	unsigned long held = (unsigned long)(local_clock() - locked_at[hash % STRIPES]);

	if (held > READ_ONCE(longest_locked_ns))
		WRITE_ONCE(longest_locked_ns, held);
}

static bool is_warning_expected(void)
{
	unsigned int left = READ_ONCE(kp_shadow_warnings_expected);

	return left && cmpxchg(&kp_shadow_warnings_expected, left, left - 1) == left;
}
#else
static inline bool is_warning_expected(void)
{
	return false;
}

static inline void note_locked(u32 hash) { }
static inline void note_unlocked(u32 hash) { }
#endif

/* The caller's mistake. */
#define misuse(fmt, ...)						\
	do {								\
		if (is_warning_expected())				\
			pr_notice("expected: " fmt, ##__VA_ARGS__);	\
		else							\
			WARN(1, fmt, ##__VA_ARGS__);			\
	} while (0)

static u32 hash_of(const void *obj, unsigned long id)
{
	return (u32)hash_64((unsigned long)obj + hash_64(id, 64), 32);
}

static unsigned long lock_stripe(u32 hash)
{
	unsigned long flags;

	spin_lock_irqsave(&stripes[hash % STRIPES], flags);
	note_locked(hash);
	return flags;
}

static void unlock_stripe(u32 hash, unsigned long flags)
{
	note_unlocked(hash);
	spin_unlock_irqrestore(&stripes[hash % STRIPES], flags);
}

/* ---- the table ---- */

/* In an RCU read section, or with a stripe locked, which is one as well. */
static struct shadow_table *current_table(void)
{
	return rcu_dereference_check(table, rcu_read_lock_any_held());
}

static struct shadow_var *find(void *obj, unsigned long id, u32 hash)
{
	struct shadow_table *in = current_table();
	struct shadow_var *var;

	hlist_for_each_entry_rcu(var, &in->buckets[hash & in->mask], chain[in->link])
		if (var->obj == obj && var->id == id)
			return var;
	return NULL;
}

/*
 * The table that is being filled, if what belongs into bucket @hash of @now is there already.
 *
 * Under the stripe lock. A writer that still sees the old table sees next_table as well: that
 * is cleared a grace period after the new one was published.
 */
static struct shadow_table *also_in(const struct shadow_table *now, u32 hash)
{
	struct shadow_table *next = READ_ONCE(next_table);

	if (!next || next == now || (hash & now->mask) >= READ_ONCE(next->moved))
		return NULL;
	return next;
}

static void add_to(struct shadow_table *to, struct shadow_var *var, u32 hash)
{
	hlist_add_head_rcu(&var->chain[to->link], &to->buckets[hash & to->mask]);
}

static void link_var(struct shadow_var *var, u32 hash)
{
	struct shadow_table *now = current_table(), *next = also_in(now, hash);

	add_to(now, var, hash);
	if (next)
		add_to(next, var, hash);
	atomic_long_inc(&total);
}

static void unlink_var(struct shadow_var *var, u32 hash)
{
	struct shadow_table *now = current_table(), *next = also_in(now, hash);

	hlist_del_rcu(&var->chain[now->link]);
	if (next)
		hlist_del_rcu(&var->chain[next->link]);
	atomic_long_dec(&total);
}

/* Twice the variables, when there are more than buckets or less than an eighth. */
static unsigned long wanted_buckets(void)
{
	unsigned long count = (unsigned long)max(atomic_long_read(&total), 0L), now;

	rcu_read_lock();
	now = current_table()->mask + 1;
	rcu_read_unlock();
	if (count <= now && (count >= now / 8 || now == TABLE_MIN))
		return now;
	return max_t(unsigned long, roundup_pow_of_two(2 * count + 1), TABLE_MIN);
}

static void check_size(void)
{
	unsigned long now;

	rcu_read_lock();
	now = current_table()->mask + 1;
	rcu_read_unlock();
	if (wanted_buckets() != now)
		queue_work(queue, &resize_work);
}

static struct shadow_table *alloc_table(unsigned long buckets, unsigned int link)
{
	struct shadow_table *new;

	new = kp_inject() ? NULL : kvzalloc(struct_size(new, buckets, buckets), GFP_KERNEL);
	if (!new)
		return NULL;
	new->mask = buckets - 1;
	new->link = link;
	return new;
}

static void move_bucket(struct shadow_table *old, struct shadow_table *new, unsigned long bucket)
{
	unsigned long flags = lock_stripe((u32)bucket);
	struct shadow_var *var;

	hlist_for_each_entry(var, &old->buckets[bucket], chain[old->link])
		add_to(new, var, hash_of(var->obj, var->id));
	WRITE_ONCE(new->moved, bucket + 1);
	unlock_stripe((u32)bucket, flags);
}

/* The only one that changes table and next_table; works do not run beside themselves. */
static void resize_table(struct work_struct *work)
{
	struct shadow_table *old = rcu_dereference_protected(table, true), *new;
	unsigned long buckets = wanted_buckets(), bucket;

	if (buckets == old->mask + 1)
		return;
	/* Without memory chains are longer; the next variable tries again. */
	new = alloc_table(buckets, !old->link);
	if (!new)
		return;
	WRITE_ONCE(next_table, new);
	for (bucket = 0; bucket <= old->mask; bucket++) {
		move_bucket(old, new, bucket);
		cond_resched();
	}
	rcu_assign_pointer(table, new);
	/* After this nobody uses the old chains, and the links are free for the next time. */
	synchronize_rcu();
	WRITE_ONCE(next_table, NULL);
	kvfree(old);
	check_size();
}

/* ---- types ---- */

/* In an RCU read section. */
static struct shadow_type *find_type(unsigned long id)
{
	struct shadow_type *type;

	hlist_for_each_entry_rcu(type, &types[hash_long(id, ilog2(TYPE_BUCKETS))], node)
		if (type->id == id)
			return type;
	return NULL;
}

/* Make sure that @id has a node; it may be gone again when it is looked up. */
static int create_type(unsigned long id, gfp_t gfp)
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
	exists = find_type(id);
	if (!exists)
		hlist_add_head_rcu(&type->node, &types[hash_long(id, ilog2(TYPE_BUCKETS))]);
	rcu_read_unlock();
	spin_unlock_irqrestore(&types_lock, flags);
	if (exists)
		kfree(type);
	return 0;
}

/* Under the type's lock: forget it when nothing depends on it. */
static void drop_if_unused(struct shadow_type *type)
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

static bool has_live_user(const struct shadow_type *type)
{
	const struct shadow_user *user = newest_user(type);

	return user && !user->leaked;
}

/* Under the type's lock. */
static void update_type(struct shadow_type *type)
{
	const struct shadow_user *user = newest_user(type);

	type->registered = user;
	if (!user)
		return;
	WRITE_ONCE(type->ctor, user->declared->ctor);
	WRITE_ONCE(type->dtor, user->declared->dtor);
}

/* ---- variables ---- */

/*
 * struct shadow_call - who asks
 * @declared:	ctor and dtor are the type's, and the id has to be registered; else @ctor and
 *		@dtor are used, NULL being none
 */
struct shadow_call {
	bool declared;
	kp_shadow_ctor_t ctor;
	void *ctor_data;
	kp_shadow_dtor_t dtor;
};

static void refuse(const char *what, unsigned long id)
{
	pr_err_ratelimited("Cannot %s shadow variables of type %lx: it is not registered\n", what, id);
}

/* Whether there is a ctor and a dtor to call. In an RCU read section, or with a stripe locked. */
static bool is_declared(struct shadow_type *type)
{
	unsigned long flags;
	bool ret;

	spin_lock_irqsave(&type->lock, flags);
	ret = type->registered || type->dying;
	spin_unlock_irqrestore(&type->lock, flags);
	return ret;
}

/* Under the stripe lock. -EAGAIN: the type is dead, look again; -EPERM: not this caller, not now. */
static int join_type(struct shadow_type *type, struct shadow_var *var, bool declared)
{
	int ret = 0;

	spin_lock(&type->lock);
	if (type->dead) {
		ret = -EAGAIN;
	} else if (type->dying || (declared && !type->registered)) {
		ret = -EPERM;
	} else {
		var->type = type;
		list_add_tail(&var->type_node, type->registered ? &type->vars : &type->adopted);
		type->count++;
	}
	spin_unlock(&type->lock);
	return ret;
}

/* Under the stripe lock. */
static void leave_type(struct shadow_var *var)
{
	struct shadow_type *type = var->type;

	spin_lock(&type->lock);
	list_del_init(&var->type_node);
	type->count--;
	drop_if_unused(type);
	spin_unlock(&type->lock);
}

/*
 * Attach @var unless (obj, id) is there: -EEXIST, and *@found is its data. In an RCU read section.
 * Other errors: see join_type(); -ECANCELED and *@ctor_error: the ctor failed.
 */
static int insert(struct shadow_type *type, struct shadow_var *var, const struct shadow_call *call,
		  void **found, int *ctor_error)
{
	u32 hash = hash_of(var->obj, var->id);
	unsigned long flags = lock_stripe(hash);
	struct shadow_var *other = find(var->obj, var->id, hash);
	kp_shadow_ctor_t ctor;
	int ret;

	if (other) {
		*found = other->data;
		unlock_stripe(hash, flags);
		return -EEXIST;
	}
	ret = join_type(type, var, call->declared);
	if (!ret) {
		ctor = call->declared ? READ_ONCE(type->ctor) : call->ctor;
		*ctor_error = ctor ? ctor(var->obj, var->data, call->ctor_data) : 0;
		if (*ctor_error) {
			leave_type(var);
			ret = -ECANCELED;
		} else {
			link_var(var, hash);
		}
	}
	unlock_stripe(hash, flags);
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
		type = find_type(var->id);
		if (type)
			ret = insert(type, var, call, found, ctor_error);
		else
			ret = call->declared ? -EPERM : -EAGAIN;
		rcu_read_unlock();
		if (!type && ret == -EAGAIN && create_type(var->id, gfp))
			ret = -ENOMEM;
	} while (ret == -EAGAIN);
	return ret;
}

static void *attach(void *obj, unsigned long id, size_t size, gfp_t gfp,
		    const struct shadow_call *call, bool may_exist)
{
	void *data = kp_shadow_get(obj, id);
	int ret = -EEXIST, ctor_error = 0;
	struct shadow_var *var = NULL;

	if (!data) {
		/* Before the lock: it may sleep. */
		if (!kp_inject() && size <= SIZE_MAX - sizeof(*var))
			var = kzalloc(sizeof(*var) + size, gfp);
		if (!var)
			return NULL;
		var->obj = obj;
		var->id = id;
		ret = insert_by_id(var, gfp, call, &data, &ctor_error);
	}
	if (!ret) {
		check_size();
		return var->data;
	}
	/* After a grace period, since take_oldest() may have seen it in the type. */
	if (var)
		kfree_rcu(var, rcu);
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
	unlink_var(var, hash);
	leave_type(var);
}

static void free_one(void *obj, unsigned long id, const struct shadow_call *call)
{
	u32 hash = hash_of(obj, id);
	unsigned long flags = lock_stripe(hash);
	struct shadow_var *var = find(obj, id, hash);
	kp_shadow_dtor_t dtor = call->dtor;
	bool refused = false;

	if (var && call->declared) {
		dtor = READ_ONCE(var->type->dtor);
		refused = !is_declared(var->type);
	}
	if (var && !refused) {
		detach(var, hash);
		if (dtor)
			dtor(obj, var->data);
		kfree_rcu(var, rcu);
	}
	unlock_stripe(hash, flags);
	if (refused)
		refuse("free", id);
	else if (var)
		check_size();
}

/* Under the type's lock. */
static struct shadow_var *oldest(struct shadow_type *type, bool adopted)
{
	if (adopted && !list_empty(&type->adopted))
		return list_first_entry(&type->adopted, struct shadow_var, type_node);
	return list_first_entry_or_null(&type->vars, struct shadow_var, type_node);
}

/*
 * Detach the oldest variable of @type; NULL when there is none. In an RCU read section, which
 * keeps the memory while its lock is not held yet. Interrupts are off for one variable at a time.
 * @adopted: also those that existed before the id was registered
 * @call: or NULL; says which dtor is called under the lock. The variable belongs to the caller.
 */
static struct shadow_var *take_oldest(struct shadow_type *type, bool adopted,
				      const struct shadow_call *call)
{
	struct shadow_var *var, *taken = NULL;
	kp_shadow_dtor_t dtor;
	unsigned long flags;
	u32 hash;

	while (!taken) {
		spin_lock_irqsave(&type->lock, flags);
		var = oldest(type, adopted);
		spin_unlock_irqrestore(&type->lock, flags);
		if (!var)
			return NULL;
		hash = hash_of(var->obj, var->id);
		flags = lock_stripe(hash);
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
		unlock_stripe(hash, flags);
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
		type = find_type(id);
		refused = !type || !is_declared(type);
		rcu_read_unlock();
	}
	if (refused) {
		refuse("free", id);
		return;
	}
	for (; left; left--) {
		rcu_read_lock();
		type = find_type(id);
		var = type ? take_oldest(type, true, call) : NULL;
		rcu_read_unlock();
		if (!var)
			break;
		kfree_rcu(var, rcu);
		if (call->declared)
			cond_resched();
	}
	check_size();
}

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
		var = take_oldest(type, type->frees_adopted, NULL);
		rcu_read_unlock();
		if (!var)
			break;
		if (dtor)
			dtor(var->obj, var->data);
		kfree_rcu(var, rcu);
		cond_resched();
	}
	check_size();
	/* A straggler that freed one may still be in the dtor. */
	synchronize_rcu();
	spin_lock_irqsave(&type->lock, flags);
	type->pins[0] = NULL;
	type->pins[1] = NULL;
	type->dying = false;
	drop_if_unused(type);
	spin_unlock_irqrestore(&type->lock, flags);
	module_put(pins[0]);
	module_put(pins[1]);
}

static void collect_types(struct work_struct *work)
{
	struct shadow_type *type, *next;
	LIST_HEAD(ready);

	spin_lock_irq(&types_lock);
	list_splice_init(&dying_types, &ready);
	spin_unlock_irq(&types_lock);
	if (list_empty(&ready))
		return;
	/* A task in the last part of its exit may still be using them. */
	kp_transition_quiesce();
	list_for_each_entry_safe(type, next, &ready, dying_node)
		collect(type);
}

static bool is_dying(unsigned long id)
{
	struct shadow_type *type;
	bool dying;

	rcu_read_lock();
	type = find_type(id);
	dying = type && READ_ONCE(type->dying);
	rcu_read_unlock();
	return dying;
}

/* ---- registration ---- */

#define for_each_type(obj, at) for ((at) = (obj)->shadow_types; (at) && *(at); (at)++)

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
	if (type->dying || (type->registered && !has_live_user(type)))
		return -EBUSY;
	list_add_tail(&user->node, &type->users);
	update_type(type);
	return 0;
}

static int register_user(struct shadow_user *user)
{
	unsigned long id = user->declared->id, flags;
	struct shadow_type *type;
	int ret = -EAGAIN;

	do {
		rcu_read_lock();
		type = find_type(id);
		if (type) {
			spin_lock_irqsave(&type->lock, flags);
			ret = add_user(type, user);
			spin_unlock_irqrestore(&type->lock, flags);
		}
		rcu_read_unlock();
		if (!type && create_type(id, GFP_KERNEL))
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
	type = find_type(declared->id);
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
	update_type(type);
	dying = !type->registered && ((frees >= FREES_OWN && !list_empty(&type->vars)) ||
				      (frees == FREES_ALL && !list_empty(&type->adopted)));
	type->dying = dying;
	type->frees_adopted = frees == FREES_ALL;
	drop_if_unused(type);
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
	spin_lock_irq(&types_lock);
	list_add_tail(&type->dying_node, &dying_types);
	spin_unlock_irq(&types_lock);
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
		update_type(type);
		spin_unlock_irqrestore(&type->lock, flags);
	}
}

unsigned long kp_shadow_count(unsigned long id)
{
	struct shadow_type *type;
	unsigned long count;

	rcu_read_lock();
	type = find_type(id);
	count = type ? READ_ONCE(type->count) : 0;
	rcu_read_unlock();
	return count;
}

ssize_t kp_shadow_show(struct kp_patch *patch, char *buf)
{
	struct kp_shadow_type **at;
	struct kp_object *obj;
	ssize_t len = 0;

	kp_for_each_object(patch, obj) {
		for_each_type(obj, at)
			len += sysfs_emit_at(buf, (int)len, "%lx %lu %s\n", (*at)->id,
					     kp_shadow_count((*at)->id),
					     (*at)->name ? (*at)->name : "-");
	}
	return len;
}

/* ---- for patches ---- */

void *kp_shadow_get(void *obj, unsigned long id)
{
	u32 hash = hash_of(obj, id);
	struct shadow_var *var;

	rcu_read_lock();
	var = find(obj, id, hash);
	rcu_read_unlock();
	return var ? var->data : NULL;
}
EXPORT_SYMBOL_GPL(kp_shadow_get);

void *kp_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp, void *ctor_data)
{
	struct shadow_call call = { .declared = true, .ctor_data = ctor_data };

	return attach(obj, id, size, gfp, &call, false);
}
EXPORT_SYMBOL_GPL(kp_shadow_alloc);

void *kp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp, void *ctor_data)
{
	struct shadow_call call = { .declared = true, .ctor_data = ctor_data };

	return attach(obj, id, size, gfp, &call, true);
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
	struct shadow_call call = { .ctor = ctor, .ctor_data = ctor_data };

	return attach(obj, id, size, gfp, &call, false);
}
EXPORT_SYMBOL_GPL(kp_klp_shadow_alloc);

void *kp_klp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp,
				 kp_shadow_ctor_t ctor, void *ctor_data)
{
	struct shadow_call call = { .ctor = ctor, .ctor_data = ctor_data };

	return attach(obj, id, size, gfp, &call, true);
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

/* ---- the core's life ---- */

int kp_shadow_init(void)
{
	struct shadow_table *first;
	unsigned int i;

	for (i = 0; i < STRIPES; i++)
		spin_lock_init(&stripes[i]);
	first = alloc_table(TABLE_MIN, 0);
	if (!first)
		return -ENOMEM;
	queue = kp_inject() ? NULL : alloc_workqueue("kpatch_shadow", WQ_UNBOUND, 0);
	if (!queue) {
		kvfree(first);
		return -ENOMEM;
	}
	rcu_assign_pointer(table, first);
	return 0;
}

/* Nobody else is left: no patch uses the core. */
static void free_type(struct shadow_type *type)
{
	struct shadow_user *user, *next;
	struct shadow_var *var;
	unsigned long left;

	if (type->registered)
		misuse("Shadow type %lx is still registered, with %lu variables\n", type->id,
		       type->count);
	list_for_each_entry_safe(user, next, &type->users, node) {
		list_del(&user->node);
		kfree(user);
	}
	type->registered = false;
	if (!type->count) {
		hlist_del(&type->node);
		kfree(type);
		return;
	}
	/* The last one takes the type with it. */
	for (left = type->count; left; left--) {
		rcu_read_lock();
		var = take_oldest(type, true, NULL);
		rcu_read_unlock();
		kfree_rcu(var, rcu);
	}
}

void kp_shadow_exit(void)
{
	struct shadow_type *type;
	struct hlist_node *next;
	unsigned int i;

	/* Waits for the collection that is under way. */
	destroy_workqueue(queue);
	for (i = 0; i < TYPE_BUCKETS; i++)
		hlist_for_each_entry_safe(type, next, &types[i], node)
			free_type(type);
	kvfree(rcu_dereference_protected(table, true));
	RCU_INIT_POINTER(table, NULL);
}
