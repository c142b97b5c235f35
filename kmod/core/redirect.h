/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How calls of a patched function get to its replacement.
 *
 * Each patched function of the kernel has one struct kp_redirect and one slot. The call at its
 * entry goes to the slot's stub (stubs.S), which continues at the address in the slot: the original
 * behind its entry call, a replacement, or the chooser, which asks for each task (choose.c). Every
 * change is one aligned store.
 */
#ifndef KP_REDIRECT_H
#define KP_REDIRECT_H

/** Number of slots: how many functions can be patched at a time. */
#define KP_NR_SLOTS 4096

/* Shapes that stubs.S and redirect.c agree on; bytes. */
#define KP_SLOT_SIZE	  32 /* sizeof(struct kp_slot): half a cache line */
#define KP_STUB_SIZE	  32 /* a stub with the entry of its chooser */
#define KP_CHOOSER_OFFSET 16 /* of that entry */

#ifndef __ASSEMBLY__

#include <linux/list.h>
#include <linux/module.h>
#include <linux/types.h>

/**
 * struct kp_slot - read by stubs.S and choose.c
 * @target:	where the stub goes
 * @from, @to:	what the chooser decides between: for tasks that are still to be switched, and
 *		for the others. "From" and "to" are as when the transition started; kp_choice
 *		knows whether it was turned around.
 */
struct kp_slot {
	unsigned long target;
	unsigned long from;
	unsigned long to;
	unsigned long unused; /* KP_SLOT_SIZE */
};

/**
 * struct kp_redirect - a function of the kernel that is, or just was, patched
 * @slot:	its slot
 * @func:	address of the function
 * @ip:		address of its entry call
 * @func_stack:	kp_func.stack_node of the patches that replace it, the newest first; used by
 *		patch.c only
 *
 * Part of a larger structure in redirect.c. All under kp_mutex.
 */
struct kp_redirect {
	struct kp_slot *slot;
	unsigned long func, ip;
	struct list_head func_stack;
};

/** kp_redirect_init() - at module load. kp_redirect_exit() - waits until all is unregistered. */
int kp_redirect_init(void);
void kp_redirect_exit(void);

/**
 * kp_redirect_get() - make calls of @func go through a slot; the slot points to the original.
 * @mod:	the module that @func is in; NULL: vmlinux
 *
 * The same redirect is returned for the same function: users are counted. Registers with ftrace if
 * it is not registered (still): a direct call; where a BPF program has one already, an IPMODIFY
 * handler. The effect is verified at the function's entry before this returns. May sleep; takes
 * ftrace's locks, but never waits for RCU-tasks.
 * Return: the redirect, or ERR_PTR: -EBUSY another livepatch core has the function, or ftrace is
 * switched off (kernel.ftrace_enabled); -EINVAL it cannot be traced; -ENOSPC no slot; -EAGAIN none
 * until an RCU-tasks grace period is over; -ENODEV ftrace has shut itself down; -ENOMEM.
 */
struct kp_redirect *kp_redirect_get(unsigned long func, struct module *mod);

/**
 * kp_redirect_put() - one user less; the last one leaves the slot pointing to the original.
 *
 * Unregistering is left to a worker, so nothing here waits.
 */
void kp_redirect_put(struct kp_redirect *redirect);

/**
 * kp_redirect_module_gone() - unregister what is left in the text of @mod.
 *
 * Called without kp_mutex, in its GOING notifier, when no patch has users there any more.
 */
void kp_redirect_module_gone(struct module *mod);

/** kp_redirect_original() - where the original continues, for the functions below. */
unsigned long kp_redirect_original(const struct kp_redirect *redirect);

/** kp_redirect_set() - from now on all tasks continue at @address. No transition. */
void kp_redirect_set(struct kp_redirect *redirect, unsigned long address);

/**
 * kp_redirect_choose() - let the chooser decide between @from and @to for each task.
 *
 * To be undone with kp_redirect_set() at the end of the transition; see choose.h for the order.
 */
void kp_redirect_choose(struct kp_redirect *redirect, unsigned long from, unsigned long to);

/**
 * kp_redirect_in_transit() - whether @address is in a stub, the chooser, an ftrace trampoline, or a
 * return thunk (through which stubs and trampolines return).
 *
 * A task with such a frame may have decided for one version without having entered it. Any context.
 */
bool kp_redirect_in_transit(unsigned long address);

#endif /* __ASSEMBLY__ */
#endif
