// SPDX-License-Identifier: GPL-2.0
/*
 * Slots, and the ftrace side of them. The life of a redirect:
 *
 *	            get                  last put               a second later
 *	(nothing) ───────▶ USED ───────────────────▶ IDLE ───────────────────▶ LEAVING
 *	                    ▲            get          │                           │
 *	                    └─────────────────────────┘                           ▼
 *	                                  (freed) ◀────────────────────────── RESTING
 *	                                           RCU-tasks and rude grace
 *
 * An idle one is still registered, with its slot pointing to the original: taking it back costs
 * nothing. One that is leaving is unregistered by the worker, without kp_mutex. A resting one is
 * not registered, but a task may still be between its entry call and the load from the slot, and
 * ftrace may still be walking over its ops: slot and memory are used again only after that.
 *
 * For ops in module or dynamic memory (FTRACE_OPS_FL_DYNAMIC), ftrace_shutdown() waits for
 * RCU-tasks with ftrace's locks held. A kernel thread that only calls cond_resched() holds that up for as
 * long as it runs, and with it all tracing and BPF. The wait is there so that the caller can free
 * the ops, and ftrace its trampoline. We free nothing before our own grace periods and use only the
 * static trampolines, so the flag is taken off before an ops is unregistered. Two things need care:
 *  - unregister_ftrace_direct() clears ops->func right after ftrace_shutdown(). The walk over all
 *    ops could be at this one then, and a missing func makes it shut down ftrace. So
 *    FTRACE_OPS_FL_STUB makes walks skip the ops first (its slot points to the original, so
 *    skipping makes no difference). Rude RCU-tasks waits for those that did not see the flag yet: they have
 *    preemption off, and nothing holds it up but a CPU that does not schedule at all.
 *  - A single ops in ftrace's list that is not DYNAMIC would be called without a look at its
 *    filter. The companion below is in the list whenever another of ours is, and is DYNAMIC until it goes.
 *
 * The companion is an ops on a function that is never called. It is PERMANENT, which registering
 * does not let ops for direct calls be: while it is there, kernel.ftrace_enabled cannot be set
 * to 0, and it cannot be registered while that is 0.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/jiffies.h>
#include <linux/memory.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include <asm/text-patching.h>

#include "choose.h"
#include "compat.h"
#include "core.h"
#include "inject.h"
#include "redirect.h"
#include "wait.h"

/* How long a redirect stays idle: a patch that is replaced by loading another finds it. */
#define IDLE_TIME HZ
/* How many the worker takes at a time: who wants one of them back waits for those before it. */
#define BATCH 16

struct kp_slot kp_slots[KP_NR_SLOTS] __aligned(KP_SLOT_SIZE);
static_assert(sizeof(struct kp_slot) == KP_SLOT_SIZE);
static DECLARE_BITMAP(slots_in_use, KP_NR_SLOTS);

/* In stubs.S and stubs-end.S. */
extern char kp_stubs_start[], kp_stubs_end[];

enum state { USED, IDLE, LEAVING, RESTING };

struct redirect;

/* The three ways in which we use ftrace. */
struct kind {
	const char *name;
	int (*attach)(struct redirect *r);
	int (*detach)(struct redirect *r);
	/* Whether calls arrive when the entry call goes to @dest. */
	bool (*arrives)(const struct redirect *r, unsigned long dest);
};

/*
 * Fields belong to kp_mutex, but @ops to whoever attaches or detaches it, and @batch to whoever
 * detaches. The errors are valid when the completion of the same name is.
 */
struct redirect {
	struct kp_redirect pub;
	struct list_head node;		/* redirects, resting, or rested */
	struct list_head batch;
	struct module *mod;
	const struct kind *kind;
	enum state state;
	unsigned int users;
	bool slot_taken;		/* by the next one of the same function */
	unsigned long idle_since;	/* jiffies */
	struct ftrace_ops ops;
	struct work_struct attach_work;
	struct completion attached, detached;
	int attach_error, detach_error;
};

/*
 * Registered, or on the way to or from it, the newest first: of one function there may be some that
 * are leaving, which come after the one that counts.
 */
static LIST_HEAD(redirects);
static LIST_HEAD(resting);	/* for those a grace period has still to begin */
static LIST_HEAD(rested);	/* theirs has begun: rest_head is in use while there are any */
static struct rcu_head rest_head;
static struct workqueue_struct *workqueue;

static void leave(struct work_struct *work);
static DECLARE_DELAYED_WORK(leave_work, leave);
static void wake(struct work_struct *work);
static DECLARE_WORK(wake_work, wake);

#ifdef KP_TEST
static unsigned int slots_max = KP_NR_SLOTS;
module_param(slots_max, uint, 0644);
MODULE_PARM_DESC(slots_max, "how many slots there are");
static unsigned int leave_delay;
module_param(leave_delay, uint, 0644);
MODULE_PARM_DESC(leave_delay, "milliseconds between unregistering and what follows");
#define nr_slots() min_t(unsigned int, READ_ONCE(slots_max), KP_NR_SLOTS)
#define delay_leave() msleep(READ_ONCE(leave_delay))
#else
#define nr_slots() KP_NR_SLOTS
#define delay_leave() do { } while (0)
#endif

/* ---- addresses ---- */

static unsigned long stub_of(const struct kp_slot *slot)
{
	return (unsigned long)kp_stubs_start + (slot - kp_slots) * KP_STUB_SIZE;
}

static unsigned long chooser_of(const struct kp_slot *slot)
{
	return stub_of(slot) + KP_CHOOSER_OFFSET;
}

/* In arch/x86/kernel/ftrace_64.S these follow each other. */
static bool in_static_trampoline(unsigned long address)
{
	return address >= FTRACE_ADDR && address < (unsigned long)return_to_handler;
}

/*
 * is_ftrace_trampoline() goes through all ops, ours among them, and stacks are walked with
 * interrupts off. Almost all frames are in the kernel's text, where no trampoline is allocated.
 */
static bool in_trampoline(unsigned long address)
{
	return in_static_trampoline(address) ||
	       (!core_kernel_text(address) && is_ftrace_trampoline(address));
}

/*
 * The RET of a stub, or of a trampoline whose handler changed where to go, may be a jump to a
 * return thunk. A task that is interrupted there has the start of a function as return address: the
 * unwinder would go on with the code before it, which is another function. The ranges are generous:
 * thunks are a few dozen bytes long, and what is near them are other thunks.
 */
static bool in_return_thunk(unsigned long address)
{
#ifdef KP_HAVE_SRSO
	/* Called by the thunk, but does not lie near it. */
	if (address - (unsigned long)srso_alias_safe_ret < 16)
		return true;
#endif
#ifdef KP_HAVE_RETURN_THUNK
	return address - ((unsigned long)x86_return_thunk - 64) < 64 + 192;
#else
	return false;
#endif
}

bool kp_redirect_in_transit(unsigned long address)
{
	return (address >= (unsigned long)kp_stubs_start &&
		address < (unsigned long)kp_stubs_end) ||
	       in_trampoline(address) || in_return_thunk(address);
}

/* ---- the kinds ---- */

static int attach_direct(struct redirect *r)
{
	int ret = ftrace_set_filter_ip(&r->ops, r->pub.ip, 0, 0);

	return ret ? ret : kp_register_direct(&r->ops, stub_of(r->pub.slot));
}

static int detach_direct(struct redirect *r)
{
	return kp_unregister_direct(&r->ops, stub_of(r->pub.slot));
}

static bool direct_arrives(const struct redirect *r, unsigned long dest)
{
	unsigned long stub = stub_of(r->pub.slot);

	return dest == stub ||
	       (in_trampoline(dest) && ftrace_find_rec_direct(r->pub.ip) == stub);
}

/* The static trampoline: one of its own would have to be freed (see above). */
static int attach_handler(struct redirect *r, ftrace_func_t func, unsigned long flags)
{
	int ret;

	r->ops.func = func;
	r->ops.flags = flags | FTRACE_OPS_FL_PERMANENT;
	r->ops.trampoline = FTRACE_ADDR;
	ret = ftrace_set_filter_ip(&r->ops, r->pub.ip, 0, 0);
	return ret ? ret : register_ftrace_function(&r->ops);
}

static int detach_handler(struct redirect *r)
{
	return unregister_ftrace_function(&r->ops);
}

static bool handler_arrives(const struct redirect *r, unsigned long dest)
{
	return in_trampoline(dest);
}

/* Does what stub and chooser do. Preemption is off: ftrace calls it from its walk over all ops. */
static void notrace modify_ip(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			      struct ftrace_regs *fregs)
{
	const struct kp_slot *slot = container_of(ops, struct redirect, ops)->pub.slot;
	unsigned long target = smp_load_acquire(&slot->target); /* kp_redirect_choose() */

	if (target == chooser_of(slot))
		target = kp_choose(slot);
	kp_set_ip(fregs, target);
}

static int attach_ipmodify(struct redirect *r)
{
	return attach_handler(r, modify_ip, FTRACE_OPS_FL_IPMODIFY);
}

static int attach_companion(struct redirect *r)
{
	return attach_handler(r, ftrace_stub, FTRACE_OPS_FL_STUB);
}

static const struct kind direct = {
	"direct call", attach_direct, detach_direct, direct_arrives
};

/*
 * Where a BPF trampoline has the direct call. ftrace lets the two share the function, as it does
 * for the kernel's own livepatch, and refuses a second one that changes the ip. This goes through
 * ftrace's walk over all ops, which calls nobody where it finds itself recursing: a function that a
 * tracer calls while it traces the same function is not patched there.
 */
static const struct kind ipmodify = {
	"handler", attach_ipmodify, detach_handler, handler_arrives
};

static const struct kind companion = {
	"companion", attach_companion, detach_handler, handler_arrives
};

/* What the companion is attached to. Nobody calls it. */
static noinline void companion_function(void)
{
	asm volatile("");
}

/* ---- registering ---- */

static void attach(struct work_struct *work)
{
	struct redirect *r = container_of(work, struct redirect, attach_work);

	r->attach_error = kp_inject() ? -ENOMEM : r->kind->attach(r);
	complete(&r->attached);
}

/* ftrace_startup() takes the second flag off as the last thing, and the first if it fails. */
static bool is_registered(const struct redirect *r)
{
	return (READ_ONCE(r->ops.flags) & (FTRACE_OPS_FL_ENABLED | FTRACE_OPS_FL_ADDING)) ==
	       FTRACE_OPS_FL_ENABLED;
}

/*
 * When the hash of direct functions has to grow, 6.1 waits for RCU-tasks in the caller, after it is
 * done and has let go of its locks. So that this is not our caller, it is left to the workqueue as
 * soon as the function is registered.
 */
static int attach_and_wait(struct redirect *r)
{
	queue_work(workqueue, &r->attach_work);
	while (!wait_for_completion_timeout(&r->attached, 1))
		if (is_registered(r))
			return 0;
	return r->attach_error;
}

/* Whether calls of the function really arrive, instead of what ftrace says. */
static bool calls_arrive(const struct redirect *r)
{
	struct {
		u8 opcode;
		s32 offset;
	} __packed insn;
	bool read;

	/* Nobody is writing these bytes then. */
	mutex_lock(&text_mutex);
	read = !copy_from_kernel_nofault(&insn, (void *)r->pub.ip, sizeof(insn));
	mutex_unlock(&text_mutex);
	if (!read || insn.opcode != CALL_INSN_OPCODE)
		return false;
	return r->kind->arrives(r, r->pub.ip + CALL_INSN_SIZE + insn.offset);
}

static bool arrives(const struct redirect *r)
{
	if (calls_arrive(r))
		return true;
	pr_err("calls of %pS are not redirected by ftrace (%s)\n", (void *)r->pub.func,
	       r->kind->name);
	return false;
}

/* ---- unregistering ---- */

static void set_leaving(struct redirect *r)
{
	r->state = LEAVING;
	WRITE_ONCE(r->ops.flags, r->ops.flags | FTRACE_OPS_FL_STUB);
}

/* Needs a rude grace period after set_leaving(). Any number of others may wait for it. */
static void detach(struct redirect *r)
{
	r->ops.flags &= ~FTRACE_OPS_FL_DYNAMIC;
	r->detach_error = r->kind->detach(r);
	complete_all(&r->detached);
}

static void set_idle(struct redirect *r)
{
	r->state = IDLE;
	r->idle_since = jiffies;
	queue_delayed_work(workqueue, &leave_work, IDLE_TIME);
}

static void put(struct redirect *r)
{
	if (!WARN_ON_ONCE(!r->users) && !--r->users)
		set_idle(r);
}

static struct redirect *find(unsigned long func)
{
	struct redirect *r;

	list_for_each_entry(r, &redirects, node)
		if (r->pub.func == func)
			return r;
	return NULL;
}

static void rest_is_over(struct rcu_head *head)
{
	queue_work(workqueue, &wake_work);
}

/*
 * Not synchronize_rcu_tasks(): a worker that waits for minutes is reported as hung. Under kp_mutex.
 */
static void rest(void)
{
	if (list_empty(&resting) || !list_empty(&rested))
		return;
	list_splice_init(&resting, &rested);
	call_rcu_tasks(&rest_head, rest_is_over);
}

static void set_resting(struct redirect *r)
{
	r->state = RESTING;
	list_move_tail(&r->node, &resting);
	rest();
}

static bool owns_slot(const struct redirect *r)
{
	return r->pub.slot && !r->slot_taken;
}

/* RCU-tasks is over for all on the list @rested. Others do not touch that list meanwhile. */
static void wake(struct work_struct *work)
{
	struct redirect *r, *tmp;

	synchronize_rcu_tasks_rude();
	list_for_each_entry(r, &rested, node) {
		flush_work(&r->attach_work);
		ftrace_free_filter(&r->ops);
	}

	mutex_lock(&kp_mutex);
	list_for_each_entry_safe(r, tmp, &rested, node) {
		list_del(&r->node);
		if (owns_slot(r))
			__clear_bit(r->pub.slot - kp_slots, slots_in_use);
		kfree(r);
	}
	rest();
	mutex_unlock(&kp_mutex);
}

/*
 * After detach(). The companion that @r is a user of cannot have begun to leave: it is the newest.
 */
static void set_left(struct redirect *r)
{
	if (r->detach_error) {
		/* ftrace has shut itself down. The entry call may stay for ever, and so must we. */
		pr_err("ftrace does not let go of %pS: %d\n", (void *)r->pub.func, r->detach_error);
		__module_get(THIS_MODULE);
		return;
	}
	if (r->kind != &companion)
		put(find((unsigned long)companion_function));
	set_resting(r);
}

/* Which idle redirects to unregister. */
static bool all_idle(const struct redirect *r, const struct module *mod)
{
	return true;
}

static bool idle_long_enough(const struct redirect *r, const struct module *mod)
{
	return time_after_eq(jiffies, r->idle_since + IDLE_TIME);
}

static bool idle_in_module(const struct redirect *r, const struct module *mod)
{
	return r->mod == mod;
}

/*
 * Unregisters up to @max of those that @which selects, after one grace period. Without kp_mutex.
 * True: some were.
 */
static bool leave_batch(unsigned int max,
			bool (*which)(const struct redirect *r, const struct module *mod),
			const struct module *mod)
{
	struct redirect *r;
	LIST_HEAD(batch);

	mutex_lock(&kp_mutex);
	list_for_each_entry(r, &redirects, node) {
		if (r->state != IDLE || !which(r, mod))
			continue;
		set_leaving(r);
		list_add_tail(&r->batch, &batch);
		if (!--max)
			break;
	}
	mutex_unlock(&kp_mutex);
	if (list_empty(&batch))
		return false;

	synchronize_rcu_tasks_rude();
	list_for_each_entry(r, &batch, batch)
		detach(r);
	delay_leave();

	mutex_lock(&kp_mutex);
	list_for_each_entry(r, &batch, batch)
		set_left(r);
	mutex_unlock(&kp_mutex);
	return true;
}

static void leave(struct work_struct *work)
{
	struct redirect *r;

	while (leave_batch(BATCH, idle_long_enough, NULL))
		;
	mutex_lock(&kp_mutex);
	list_for_each_entry(r, &redirects, node) {
		if (r->state == IDLE) {
			queue_delayed_work(workqueue, &leave_work, IDLE_TIME);
			break;
		}
	}
	mutex_unlock(&kp_mutex);
}

/* ---- for the rest of the core ---- */

static struct kp_slot *new_slot(unsigned long target)
{
	unsigned long nr = find_first_zero_bit(slots_in_use, nr_slots());
	struct kp_slot *slot = &kp_slots[nr];

	if (nr >= nr_slots())
		return NULL;
	__set_bit(nr, slots_in_use);
	slot->from = target;
	slot->to = target;
	slot->target = target;
	return slot;
}

/*
 * Of an earlier redirect of the same function; the slot points to the original. Whoever is still
 * on the way through it gets what all others get who call the function.
 */
static struct kp_slot *resting_slot(struct list_head *list, const struct redirect *next)
{
	struct redirect *r;

	list_for_each_entry(r, list, node) {
		if (owns_slot(r) && r->pub.func == next->pub.func && r->pub.ip == next->pub.ip) {
			r->slot_taken = true;
			return r->pub.slot;
		}
	}
	return NULL;
}

static bool any_owns_slot(struct list_head *list)
{
	struct redirect *r;

	list_for_each_entry(r, list, node)
		if (owns_slot(r))
			return true;
	return false;
}

static int get_slot(struct redirect *r)
{
	struct kp_slot *slot;

	if (kp_inject())
		return -ENOSPC;
	slot = resting_slot(&resting, r);
	slot = slot ? slot : resting_slot(&rested, r);
	slot = slot ? slot : new_slot(kp_redirect_original(&r->pub));
	r->pub.slot = slot;
	if (slot)
		return 0;
	if (!any_owns_slot(&resting) && !any_owns_slot(&rested)) {
		pr_err("no more than %u functions can be patched\n", KP_NR_SLOTS);
		return -ENOSPC;
	}
	pr_err("all slots are in use or wait for RCU-tasks; try again later\n");
	return -EAGAIN;
}

/* A redirect in state USED, with one user. ERR_PTR as kp_redirect_get(). */
static struct redirect *create(unsigned long func, struct module *mod, const struct kind *kind)
{
	unsigned long ip = ftrace_location(func);
	struct redirect *r;
	int ret;

	if (!ip) {
		pr_err("ftrace does not trace %ps, so it cannot be patched\n", (void *)func);
		return ERR_PTR(-EINVAL);
	}
	r = kp_inject() ? NULL : kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return ERR_PTR(-ENOMEM);
	r->pub.func = func;
	r->pub.ip = ip;
	INIT_LIST_HEAD(&r->pub.func_stack);
	if (kind != &companion) {
		ret = get_slot(r);
		if (ret) {
			kfree(r);
			return ERR_PTR(ret);
		}
	}
	r->mod = mod;
	r->kind = kind;
	r->users = 1;
	INIT_WORK(&r->attach_work, attach);
	init_completion(&r->attached);
	init_completion(&r->detached);
	list_add(&r->node, &redirects);

	ret = attach_and_wait(r);
	if (!ret && !arrives(r)) {
		set_leaving(r);
		synchronize_rcu_tasks_rude();
		detach(r);
		ret = -EBUSY;
		if (r->detach_error) {
			set_left(r);
			return ERR_PTR(-ENODEV);
		}
	}
	if (ret) {
		/* Even if it failed it may have been in ftrace's list for a moment. */
		set_resting(r);
		return ERR_PTR(ret);
	}
	return r;
}

/*
 * The redirect of @func if it is registered, with one more user; else NULL, or an error if there
 * is no point in registering it.
 */
static struct redirect *take(unsigned long func)
{
	struct redirect *r = find(func);

	if (!r)
		return NULL;
	if (r->state == LEAVING) {
		/* The worker is at it. It takes ftrace's locks, as registering again will. */
		wait_for_completion(&r->detached);
		return r->detach_error ? ERR_PTR(-ENODEV) : NULL;
	}
	/* Nobody looked after an idle one. */
	if (r->state == IDLE && !arrives(r))
		return ERR_PTR(-EBUSY);
	r->state = USED;
	r->users++;
	return r;
}

static struct redirect *get_companion(void)
{
	unsigned long func = (unsigned long)companion_function;
	struct redirect *r = take(func);

	return r ? r : create(func, THIS_MODULE, &companion);
}

struct kp_redirect *kp_redirect_get(unsigned long func, struct module *mod)
{
	struct redirect *guard, *r = take(func);

	if (r)
		return IS_ERR(r) ? ERR_CAST(r) : &r->pub;
	guard = get_companion();
	if (IS_ERR(guard))
		return ERR_CAST(guard);
	r = create(func, mod, &direct);
	if (IS_ERR(r) && PTR_ERR(r) == -EBUSY)
		r = create(func, mod, &ipmodify);
	if (IS_ERR(r)) {
		put(guard);
		return ERR_CAST(r);
	}
	return &r->pub;
}

void kp_redirect_put(struct kp_redirect *redirect)
{
	struct redirect *r = container_of(redirect, struct redirect, pub);

	if (r->users == 1)
		kp_redirect_set(redirect, kp_redirect_original(redirect));
	put(r);
}

void kp_redirect_module_gone(struct module *mod)
{
	struct redirect *r;

	leave_batch(UINT_MAX, idle_in_module, mod);

	mutex_lock(&kp_mutex);
	list_for_each_entry(r, &redirects, node) {
		if (r->mod != mod)
			continue;
		WARN_ONCE(r->state == USED, "%pS is still patched\n", (void *)r->pub.func);
		/* The worker is at it, and needs no kp_mutex for that. */
		if (r->state == LEAVING)
			wait_for_completion(&r->detached);
	}
	mutex_unlock(&kp_mutex);
}

unsigned long kp_redirect_original(const struct kp_redirect *redirect)
{
	return redirect->ip + MCOUNT_INSN_SIZE;
}

void kp_redirect_set(struct kp_redirect *redirect, unsigned long address)
{
	struct kp_slot *slot = redirect->slot;

	/*
	 * A task may still be in the chooser. The rule of the end of a transition sends it to what
	 * is @address already; this makes the other answer the same, before the rule is at rest
	 * (smp_wmb() in kp_choose_rule()). The release orders nothing more here.
	 */
	WRITE_ONCE(slot->from, address);
	WRITE_ONCE(slot->to, address);
	smp_store_release(&slot->target, address);
}

void kp_redirect_choose(struct kp_redirect *redirect, unsigned long from, unsigned long to)
{
	struct kp_slot *slot = redirect->slot;

	WRITE_ONCE(slot->from, from);
	WRITE_ONCE(slot->to, to);
	/* Pairs with the load in the stub, after which the chooser reads what is above. */
	smp_store_release(&slot->target, chooser_of(slot));
}

int kp_redirect_init(void)
{
	/* What in_static_trampoline() rests on. */
	if (FTRACE_ADDR >= FTRACE_REGS_ADDR ||
	    FTRACE_REGS_ADDR >= (unsigned long)return_to_handler ||
	    (unsigned long)return_to_handler - FTRACE_ADDR > PAGE_SIZE) {
		pr_err("ftrace's trampolines are not where they were expected\n");
		return -EINVAL;
	}
	workqueue = kp_inject() ? NULL : alloc_workqueue("kpatch", WQ_UNBOUND, 0);
	return workqueue ? 0 : -ENOMEM;
}

static bool are_resting(void)
{
	bool yes;

	mutex_lock(&kp_mutex);
	yes = !list_empty(&resting) || !list_empty(&rested);
	mutex_unlock(&kp_mutex);
	return yes;
}

void kp_redirect_exit(void)
{
	cancel_delayed_work_sync(&leave_work);
	/* The companion gets idle when all others are gone. */
	while (leave_batch(UINT_MAX, all_idle, NULL))
		;
	WARN_ON(!list_empty(&redirects));
	cancel_delayed_work_sync(&leave_work);
	/* Each round ends what has begun; the second begins with what came after that. */
	while (are_resting()) {
		/* Leaves little for the barrier, which waits as if it could not last. */
		kp_wait_rcu_tasks();
		rcu_barrier_tasks();
		flush_work(&wake_work);
	}
	destroy_workqueue(workqueue);
}
