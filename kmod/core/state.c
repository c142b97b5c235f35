// SPDX-License-Identifier: GPL-2.0
/*
 * System states of patches: who set one up, and who takes it back.
 *
 * Each id that is in use has a node in the core. Its claims are the patches that have the state,
 * in order of loading; one of them is the owner, whose callbacks are called. Ownership, and with
 * it the flags set_up and enabled in struct kp_state, moves explicitly: to a patch that came into
 * force (it is the newest), or to the newest of the rest when the owner leaves. So a callback
 * never points into a module that went.
 *
 *	         setup            enable              disable            release
 *	(none) ─────────▶ set up ─────────▶ enabled ──────────▶ set up ─────────▶ (none)
 *	   ▲                │                  ▲                 │  │
 *	   └───── undo ─────┘                  └─ turned around ─┘  └─ forced ──▶ leaked
 *
 * Which callback runs when. "new": no older patch has the state; "obsolete": a replaced patch has
 * it and the new one has not; "last": no other patch has it. States within a patch: setup and
 * enable in the order of its table, disable and release in reverse; several patches: disable and
 * release from the newest to the oldest, enable from the oldest to the newest.
 *
 *	what happens to a patch	    calls from patch.c	callbacks
 *	enable			    setup		setup of new ones
 *	  all tasks arrived	    enable		enable of new ones
 *	  turned around		    undo		release of new ones
 *	  setup number k fails	    (in setup)		release of k-1 .. 0
 *	  a later step of it fails  undo		release of new ones
 *	disable			    disable		disable of last ones
 *	  all tasks arrived	    release		release of last ones
 *	  turned around		    enable		enable of last ones
 *	replace			    setup		setup of new, disable of obsolete ones
 *	  all tasks arrived	    enable		release of obsolete ones: once, by their
 *							owner, however many replaced patches have
 *							them; enable of new ones
 *	  turned around		    undo		enable of obsolete, release of new ones
 *	forced
 *	  out by a replace	    leak, each replaced	none for obsolete ones; then as above
 *	  disabled		    leak		none
 *	  enable, turned around	    leak		none for new, enable of obsolete ones
 *
 * A leaked id stays known. A patch for which it would be new is refused: setup would meet a live
 * resource. Patches that have it already, or take it over from one that has, go on; but it is
 * never released. What has block_disable does not hinder any of the turning around.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <linux/sysfs.h>

#include "core.h"
#include "inject.h"
#include "state.h"

/* A patch has a state. */
struct claim {
	struct list_head node;
	struct kp_patch *patch;
	struct kp_state *state;
};

/**
 * struct owned - what is known of a state; all under kp_mutex
 * @node:	in owned_states
 * @id:		as in struct kp_state
 * @claims:	oldest first
 * @owner:	one of them; NULL before setup, and when only the leak is remembered
 * @leaked:	must never be released
 */
struct owned {
	struct list_head node;
	unsigned long id;
	struct list_head claims;
	struct claim *owner;
	bool leaked;
};

static LIST_HEAD(owned_states);

static struct owned *find_owned(unsigned long id)
{
	struct owned *owned;

	list_for_each_entry(owned, &owned_states, node)
		if (owned->id == id)
			return owned;
	return NULL;
}

static struct claim *find_claim(const struct owned *owned, const struct kp_patch *patch)
{
	struct claim *claim;

	list_for_each_entry(claim, &owned->claims, node)
		if (claim->patch == patch)
			return claim;
	return NULL;
}

/* The node of @state if it is @patch that owns it. */
static struct owned *owned_by(const struct kp_patch *patch, const struct kp_state *state)
{
	struct owned *owned = find_owned(state->id);

	return owned && owned->owner && owned->owner->patch == patch ? owned : NULL;
}

static bool is_last(const struct owned *owned)
{
	return list_is_singular(&owned->claims);
}

static size_t count_states(const struct kp_patch *patch)
{
	struct kp_state *state;
	size_t count = 0;

	kp_for_each_state(patch, state)
		count++;
	return count;
}

#define for_each_state_reverse(patch, state)				\
	for ((state) = (patch)->states + count_states(patch);		\
	     (state) != (patch)->states && (state)--;)

/* ---- claims ---- */

static struct owned *create_owned(unsigned long id)
{
	struct owned *owned = kp_inject() ? NULL : kzalloc(sizeof(*owned), GFP_KERNEL);

	if (!owned)
		return NULL;
	owned->id = id;
	INIT_LIST_HEAD(&owned->claims);
	list_add_tail(&owned->node, &owned_states);
	return owned;
}

static void drop_if_unused(struct owned *owned)
{
	if (!list_empty(&owned->claims) || owned->leaked)
		return;
	list_del(&owned->node);
	kfree(owned);
}

static int add_claim(struct kp_patch *patch, struct kp_state *state)
{
	struct owned *owned = find_owned(state->id);
	struct claim *claim;

	if (owned && owned->leaked && list_empty(&owned->claims)) {
		pr_err("State %lx was left behind by a patch that was forced out\n", state->id);
		return -EBUSY;
	}
	if (!owned)
		owned = create_owned(state->id);
	if (!owned)
		return -ENOMEM;
	claim = kp_inject() ? NULL : kzalloc(sizeof(*claim), GFP_KERNEL);
	if (!claim) {
		drop_if_unused(owned);
		return -ENOMEM;
	}
	claim->patch = patch;
	claim->state = state;
	list_add_tail(&claim->node, &owned->claims);
	state->set_up = false;
	state->enabled = false;
	return 0;
}

/* What was called, and is to be undone, goes along, and so does what it needs for that. */
static void set_owner(struct owned *owned, struct claim *next)
{
	struct claim *claim = owned->owner;

	if (claim == next)
		return;
	if (claim && next) {
		next->state->set_up = claim->state->set_up;
		next->state->enabled = claim->state->enabled;
		if (!next->state->data)
			next->state->data = claim->state->data;
	}
	if (claim) {
		claim->state->set_up = false;
		claim->state->enabled = false;
	}
	owned->owner = next;
}

/* The patch leaves. If it owns the state the newest of the rest does so from now on. */
static void drop_claim(struct kp_patch *patch, const struct kp_state *state)
{
	struct owned *owned = find_owned(state->id);
	struct claim *claim = owned ? find_claim(owned, patch) : NULL, *next;
	bool newest;

	/* A replaced patch that was forced out has none any more. */
	if (!claim)
		return;
	newest = list_is_last(&claim->node, &owned->claims);
	list_del(&claim->node);
	if (owned->owner == claim) {
		next = list_empty(&owned->claims) ? NULL :
			list_last_entry(&owned->claims, struct claim, node);
		/* What an older one gets back may have become another thing meanwhile. */
		if (next && newest)
			next->state->data = NULL;
		set_owner(owned, next);
	}
	kfree(claim);
	drop_if_unused(owned);
}

static void drop_claims(struct kp_patch *patch)
{
	struct kp_state *state;

	kp_for_each_state(patch, state)
		drop_claim(patch, state);
}

/* ---- callbacks; each only when what it undoes was called ---- */

static int call_setup(struct owned *owned, struct kp_patch *patch, struct kp_state *state)
{
	int ret = state->callbacks.setup ? state->callbacks.setup(patch, state) : 0;

	if (ret) {
		pr_err("Setup of state %lx of patch '%s' failed (%d)\n", state->id,
		       patch->mod->name, ret);
		return ret;
	}
	owned->owner = find_claim(owned, patch);
	state->set_up = true;
	return 0;
}

static void call_enable(struct kp_patch *patch, struct kp_state *state)
{
	if (!state->set_up || state->enabled)
		return;
	state->enabled = true;
	if (state->callbacks.enable)
		state->callbacks.enable(patch, state);
}

static void call_disable(struct kp_patch *patch, struct kp_state *state)
{
	if (!state->enabled)
		return;
	state->enabled = false;
	if (state->callbacks.disable)
		state->callbacks.disable(patch, state);
}

static void call_release(struct owned *owned, struct kp_patch *patch, struct kp_state *state)
{
	if (!state->set_up)
		return;
	state->set_up = false;
	owned->owner = NULL;
	if (state->callbacks.release && !owned->leaked)
		state->callbacks.release(patch, state);
}

/* ---- what @patch replaces ---- */

/* The patches before it; itself need not be in the list, then it is all. */
#define for_each_older(older, patch)						\
	for ((older) = list_first_entry(&kp_patches, struct kp_patch, list);	\
	     &(older)->list != &kp_patches && (older) != (patch);		\
	     (older) = list_next_entry(older, list))

static struct kp_patch *last_older(struct kp_patch *patch)
{
	struct list_head *last = patch ? patch->list.prev : kp_patches.prev;

	return last == &kp_patches ? NULL : list_entry(last, struct kp_patch, list);
}

#define for_each_older_reverse(older, patch) \
	for ((older) = last_older(patch); (older); (older) = last_older(older))

static void disable_obsolete(struct kp_patch *patch)
{
	struct kp_patch *older;
	struct kp_state *state;

	if (!patch->replace)
		return;
	for_each_older_reverse(older, patch)
		for_each_state_reverse(older, state)
			if (owned_by(older, state) && !kp_find_state(patch, state->id))
				call_disable(older, state);
}

/* The replace did not happen: exactly those that were disabled. */
static void enable_obsolete(struct kp_patch *patch)
{
	struct kp_patch *older;
	struct kp_state *state;

	if (!patch->replace)
		return;
	for_each_older(older, patch)
		kp_for_each_state(older, state)
			if (owned_by(older, state))
				call_enable(older, state);
}

static void release_obsolete(struct kp_patch *patch)
{
	struct kp_patch *older;
	struct kp_state *state;
	struct owned *owned;

	for_each_older_reverse(older, patch) {
		for_each_state_reverse(older, state) {
			owned = owned_by(older, state);
			if (owned && !find_claim(owned, patch))
				call_release(owned, older, state);
		}
	}
}

/* All patches that @patch replaced have nothing any more. */
static void drop_replaced(struct kp_patch *patch)
{
	struct kp_patch *older;

	for_each_older(older, patch)
		drop_claims(older);
}

/* ---- whether it may be ---- */

static bool has_duplicate(const struct kp_patch *patch)
{
	struct kp_state *state, *before;

	kp_for_each_state(patch, state) {
		for (before = patch->states; before != state; before++) {
			if (before->id != state->id)
				continue;
			pr_err("State %lx is declared twice in patch '%s'\n", state->id,
			       patch->mod->name);
			return true;
		}
	}
	return false;
}

/* A version says that the state is taken over, never dropped. */
static bool is_compatible(const struct kp_patch *patch, const struct kp_state *old)
{
	const struct kp_state *state = kp_find_state(patch, old->id);

	if (state)
		return state->version >= old->version;
	return !patch->replace || (!old->version && !old->block_disable);
}

int kp_states_check(const struct kp_patch *patch)
{
	struct kp_patch *older;
	struct kp_state *state;

	if (has_duplicate(patch))
		return -EINVAL;
	kp_for_each_patch(older) {
		kp_for_each_state(older, state) {
			if (is_compatible(patch, state))
				continue;
			pr_err("Livepatch patch (%s) is not compatible with the already installed livepatches.\n",
			       patch->mod->name);
			return -EINVAL;
		}
	}
	return 0;
}

static bool has_callbacks(const struct kp_state *state)
{
	return state->callbacks.setup || state->callbacks.enable || state->callbacks.disable ||
	       state->callbacks.release;
}

bool kp_states_taken_over(const struct kp_patch *old, const struct kp_patch *patch)
{
	const struct kp_state *state;

	kp_for_each_state(old, state)
		if (!has_callbacks(state) && kp_find_state(patch, state->id))
			return true;
	return false;
}

int kp_states_check_disable(const struct kp_patch *patch)
{
	const struct kp_state *state;

	kp_for_each_state(patch, state) {
		if (!state->block_disable)
			continue;
		pr_err("The livepatch '%s' does not support disable\n", patch->mod->name);
		return -EINVAL;
	}
	return 0;
}

/* ---- the life of a patch ---- */

/* Release what @patch itself set up, and forget that it has any states. */
static void take_back(struct kp_patch *patch)
{
	struct kp_state *state;
	struct owned *owned;

	for_each_state_reverse(patch, state) {
		owned = owned_by(patch, state);
		if (owned && is_last(owned))
			call_release(owned, patch, state);
	}
	drop_claims(patch);
}

int kp_states_setup(struct kp_patch *patch)
{
	struct kp_state *state;
	struct owned *owned;
	int ret = 0;

	/* All that can fail in the core itself before anything is called. */
	kp_for_each_state(patch, state) {
		ret = add_claim(patch, state);
		if (ret)
			break;
	}
	if (ret) {
		drop_claims(patch);
		return ret;
	}
	kp_for_each_state(patch, state) {
		owned = find_owned(state->id);
		if (owned->owner)
			continue;
		ret = call_setup(owned, patch, state);
		if (ret) {
			take_back(patch);
			return ret;
		}
	}
	disable_obsolete(patch);
	return 0;
}

void kp_states_undo(struct kp_patch *patch)
{
	enable_obsolete(patch);
	take_back(patch);
}

void kp_states_enable(struct kp_patch *patch)
{
	struct kp_state *state;
	struct owned *owned;

	if (patch->replace) {
		release_obsolete(patch);
		drop_replaced(patch);
	}
	kp_for_each_state(patch, state) {
		owned = find_owned(state->id);
		if (WARN_ON(!owned))
			continue;
		/* Disabling an older one was turned around: a newer one has it still. */
		if (list_last_entry(&owned->claims, struct claim, node)->patch == patch)
			set_owner(owned, find_claim(owned, patch));
		if (owned_by(patch, state))
			call_enable(patch, state);
	}
}

void kp_states_disable(struct kp_patch *patch)
{
	struct kp_state *state;
	struct owned *owned;

	for_each_state_reverse(patch, state) {
		owned = owned_by(patch, state);
		if (owned && is_last(owned))
			call_disable(patch, state);
	}
}

void kp_states_release(struct kp_patch *patch)
{
	take_back(patch);
}

void kp_states_leak(struct kp_patch *patch)
{
	struct kp_state *state;
	struct owned *owned;

	/* It was on its way in, and did not arrive: those that it would have replaced go on. */
	if (patch == kp_transition_patch)
		enable_obsolete(patch);
	kp_for_each_state(patch, state) {
		owned = find_owned(state->id);
		if (owned && find_claim(owned, patch))
			owned->leaked = true;
	}
	drop_claims(patch);
}

/* ---- for people and patches ---- */

static const char *status_of(struct kp_patch *patch, const struct kp_state *state)
{
	const struct owned *owned = find_owned(state->id);

	if (!owned || !find_claim(owned, patch))
		return "none";
	if (owned->leaked)
		return "leaked";
	if (!owned_by(patch, state))
		return "shared";
	return state->enabled ? "enabled" : "set-up";
}

ssize_t kp_states_show(struct kp_patch *patch, char *buf)
{
	const struct kp_state *state;
	ssize_t len = 0;

	kp_for_each_state(patch, state)
		len += sysfs_emit_at(buf, (int)len, "%lx %u %s %s\n", state->id, state->version,
				     state->name ? state->name : "-", status_of(patch, state));
	return len;
}

struct kp_state *kp_get_state(struct kp_patch *patch, unsigned long id)
{
	return kp_find_state(patch, id);
}
EXPORT_SYMBOL_GPL(kp_get_state);

struct kp_state *kp_get_prev_state(unsigned long id)
{
	struct kp_state *state, *last = NULL;
	struct kp_patch *older;

	if (WARN_ON_ONCE(!kp_transition_patch))
		return NULL;
	for_each_older(older, kp_transition_patch) {
		state = kp_find_state(older, id);
		if (state)
			last = state;
	}
	return last;
}
EXPORT_SYMBOL_GPL(kp_get_prev_state);

#ifdef KP_TEST
unsigned int kp_states_forget(void)
{
	struct owned *owned, *next;
	unsigned int live = 0;

	list_for_each_entry_safe(owned, next, &owned_states, node) {
		if (!owned->leaked || !list_empty(&owned->claims)) {
			live++;
			continue;
		}
		list_del(&owned->node);
		kfree(owned);
	}
	return live;
}
#endif
