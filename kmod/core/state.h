/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System states of patches. Who owns a state: one node per id, handed from a replaced patch to the one that
 * replaces it. All under kp_mutex, from patch.c, in this order:
 *
 *	enable		check, setup ... patch ... all tasks arrived: replaced, enable
 *	disable		check_disable, disable ... all tasks arrived: release
 *	enable, turned around and finished		undo (instead of release)
 *	disable, turned around				enable
 */
#ifndef KP_STATE_H
#define KP_STATE_H

#include <kpatch/kpatch-core.h>

#include "core.h"

/** kp_find_state() - the state @id of @patch, NULL if it has none. */
static inline struct kp_state *kp_find_state(const struct kp_patch *patch, unsigned long id)
{
	struct kp_state *state;

	kp_for_each_state(patch, state)
		if (state->id == id)
			return state;
	return NULL;
}

/**
 * kp_states_check() - whether @patch may be loaded beside, or instead of, the ones that are there.
 *
 * Ids are unique within the patch (-EINVAL). Versions as in klp_is_patch_compatible() of the
 * kernel: every state that both have must not be older than the present one; a replacing patch must have
 * all versioned states of those it replaces; it must have every block_disable one.
 * Return: 0 or -EINVAL, with the kernel's message.
 */
int kp_states_check(const struct kp_patch *patch);

/**
 * kp_states_setup() - call setup of the states that are new.
 *
 * Afterwards, for a replacing patch, disable is called for the states of the replaced ones that it
 * does not have. A failure releases the ones set up before, in reverse order, and disables
 * nothing. A leaked id (see kp_states_leak()) is not set up again: the patch is refused with -EBUSY.
 * Return: 0 or the error of setup.
 */
int kp_states_setup(struct kp_patch *patch);

/** kp_states_undo() - a patch that was set up did not come into force: the opposite of setup. */
void kp_states_undo(struct kp_patch *patch);

/**
 * kp_states_enable() - all tasks run @patch, or its disabling was turned around.
 *
 * When it replaces others: their states that it does not have are released, the rest becomes its
 * own. Then enable is called for its new states and those that were disabled.
 */
void kp_states_enable(struct kp_patch *patch);

/**
 * kp_states_taken_over() - whether @patch takes over what callbacks of @old stand for.
 *
 * That is how patches for the kernel's own livepatch do it: a state without callbacks of its own, which
 * both declare, says that the new one's pre_patch and post_patch adopt what the old one's made.
 */
bool kp_states_taken_over(const struct kp_patch *old, const struct kp_patch *patch);

/** kp_states_check_disable() - -EINVAL with a message when a state blocks disabling, else 0. */
int kp_states_check_disable(const struct kp_patch *patch);

/** kp_states_disable() - before @patch is disabled; only for states that no other patch has. */
void kp_states_disable(struct kp_patch *patch);

/** kp_states_release() - no task runs @patch any more. */
void kp_states_release(struct kp_patch *patch);

/**
 * kp_states_leak() - a transition away from @patch was forced: nothing of it may be released.
 *
 * Its ids are remembered as leaked until kpatch.ko goes.
 */
void kp_states_leak(struct kp_patch *patch);

/**
 * kp_states_show() - a line per state of @patch into the page @buf: "ID VERSION NAME STATE".
 *
 * STATE is "set-up" (before enable, or after disable), "enabled", "shared" (another patch owns it),
 * "leaked", or "none" (the patch has no claim: not set up yet, or taken back).
 */
ssize_t kp_states_show(struct kp_patch *patch, char *buf);

#ifdef KP_TEST
/* Forget leaked ids, as when kpatch.ko goes. Return: how many others there still are. */
unsigned int kp_states_forget(void);
#endif

#endif
