// SPDX-License-Identifier: GPL-2.0
/*
 * Drives the core's state.c in the order in which patch.c does, without functions and tasks: which
 * callback of which patch is called when. Callbacks write what they are into a trace: "B1+" is enable of
 * state 1 of patch B; s setup, + enable, - disable, r release.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"
#include "inject.h"
#include "state.h"

DEFINE_MUTEX(kp_mutex);
LIST_HEAD(kp_patches);
struct kp_patch *kp_transition_patch;

/* The step that fails; see inject.h. */
static int inject_at, inject_count;

bool kp_inject(void)
{
	return ++inject_count == inject_at;
}

static void fail_step(int step)
{
	inject_count = 0;
	inject_at = step;
}

static char trace[256];
static int failures;

/* The state whose setup fails, as "B1". */
static const char *failing = "";

static void note(const struct kp_patch *patch, const struct kp_state *state, char what)
{
	size_t len = strlen(trace);

	snprintf(trace + len, sizeof(trace) - len, "%s%s%lx%c", len ? " " : "", patch->mod->name,
		 state->id, what);
}

static int test_setup(struct kp_patch *patch, struct kp_state *state)
{
	char name[MODULE_NAME_LEN + 20];

	note(patch, state, 's');
	snprintf(name, sizeof(name), "%s%lx", patch->mod->name, state->id);
	return strcmp(name, failing) ? 0 : -ENODEV;
}

static void test_enable(struct kp_patch *patch, struct kp_state *state)
{
	note(patch, state, '+');
}

static void test_disable(struct kp_patch *patch, struct kp_state *state)
{
	note(patch, state, '-');
}

static void test_release(struct kp_patch *patch, struct kp_state *state)
{
	note(patch, state, 'r');
}

#define CALLBACKS { test_setup, test_enable, test_disable, test_release }

/* ---- patches ---- */

#define MAX_STATES 4

struct test_patch {
	struct kp_patch patch;
	struct kp_state states[MAX_STATES + 1];
	struct module mod; /* only its name is used */
};

static struct test_patch pool[4];

/* make(0, "A", false, "12"): patch A with states 1 and 2 */
static struct kp_patch *make(unsigned int which, bool replace, const char *ids)
{
	struct test_patch *made = &pool[which];
	unsigned int i;

	memset(made, 0, sizeof(*made));
	made->mod.name[0] = (char)('A' + which);
	made->patch.mod = &made->mod;
	made->patch.states = made->states;
	made->patch.replace = replace;
	INIT_LIST_HEAD(&made->patch.obj_list);
	INIT_LIST_HEAD(&made->patch.list);
	for (i = 0; ids[i]; i++) {
		made->states[i].id = (unsigned long)(ids[i] - '0');
		made->states[i].callbacks = (struct kp_state_callbacks)CALLBACKS;
	}
	return &made->patch;
}

/* ---- what patch.c does, seen from the states ---- */

static int begin_enable(struct kp_patch *patch)
{
	int ret = kp_states_check(patch);

	if (ret)
		return ret;
	kp_transition_patch = patch;
	list_add_tail(&patch->list, &kp_patches);
	ret = kp_states_setup(patch);
	if (ret) {
		list_del(&patch->list);
		kp_transition_patch = NULL;
	}
	return ret;
}

static void drop_older(struct kp_patch *patch)
{
	struct kp_patch *old, *next;

	kp_for_each_patch_safe(old, next) {
		if (old == patch)
			break;
		list_del(&old->list);
	}
}

static void finish_enable(struct kp_patch *patch)
{
	kp_states_enable(patch);
	if (patch->replace)
		drop_older(patch);
	kp_transition_patch = NULL;
}

static void finish_forced_replace(struct kp_patch *patch)
{
	struct kp_patch *old;

	kp_for_each_patch(old) {
		if (old == patch)
			break;
		old->forced = true;
		kp_states_leak(old);
	}
	finish_enable(patch);
}

static void leave(struct kp_patch *patch)
{
	list_del(&patch->list);
	kp_transition_patch = NULL;
}

static void finish_reversed_enable(struct kp_patch *patch)
{
	kp_states_undo(patch);
	leave(patch);
}

static int begin_disable(struct kp_patch *patch)
{
	int ret = kp_states_check_disable(patch);

	if (ret)
		return ret;
	kp_transition_patch = patch;
	kp_states_disable(patch);
	return 0;
}

static void finish_disable(struct kp_patch *patch)
{
	kp_states_release(patch);
	leave(patch);
}

static void finish_forced(struct kp_patch *patch)
{
	patch->forced = true;
	kp_states_leak(patch);
	leave(patch);
}

static void finish_reversed_disable(struct kp_patch *patch)
{
	kp_states_enable(patch);
	kp_transition_patch = NULL;
}

static void enable(struct kp_patch *patch)
{
	int ret = begin_enable(patch);

	if (ret) {
		pr_err("FAILED: enabling %s: %d\n", patch->mod->name, ret);
		failures++;
		return;
	}
	finish_enable(patch);
}

static void disable(struct kp_patch *patch)
{
	begin_disable(patch);
	finish_disable(patch);
}

/* ---- expectations ---- */

#define expect(condition)						\
	do {								\
		if (!(condition)) {					\
			pr_err("FAILED: %s:%d: %s\n", __func__, __LINE__, #condition); \
			failures++;					\
		}							\
	} while (0)

/* What was called since the last time. */
#define expect_trace(text)						\
	do {								\
		if (strcmp(trace, text)) {				\
			pr_err("FAILED: %s:%d: called '%s', expected '%s'\n", __func__,	\
			       __LINE__, trace, text);			\
			failures++;					\
		}							\
		trace[0] = '\0';					\
	} while (0)

static void expect_shown(struct kp_patch *patch, const char *text, int line)
{
	char *page = (char *)get_zeroed_page(GFP_KERNEL);

	if (!page)
		return;
	kp_states_show(patch, page);
	if (strcmp(page, text)) {
		pr_err("FAILED: line %d: shown '%s', expected '%s'\n", line, page, text);
		failures++;
	}
	free_page((unsigned long)page);
}

/* ---- the scenarios ---- */

static void test_alone(void)
{
	struct kp_patch *a = make(0, false, "12");

	expect(!begin_enable(a));
	expect_shown(a, "1 0 - set-up\n2 0 - set-up\n", __LINE__);
	expect_trace("A1s A2s");
	finish_enable(a);
	expect_shown(a, "1 0 - enabled\n2 0 - enabled\n", __LINE__);
	expect_trace("A1+ A2+");
	expect(!begin_disable(a));
	expect_trace("A2- A1-");
	finish_reversed_disable(a);
	expect_trace("A1+ A2+");
	begin_disable(a);
	finish_disable(a);
	expect_trace("A2- A1- A2r A1r");

	a = make(0, false, "12");
	begin_enable(a);
	finish_reversed_enable(a);
	expect_trace("A1s A2s A2r A1r");
}

static void test_setup_fails(void)
{
	struct kp_patch *a = make(0, false, "4"), *b = make(1, true, "1234"), *c;

	enable(a);
	expect_trace("A4s A4+");
	failing = "B3";
	expect(begin_enable(b) == -ENODEV);
	failing = "";
	/* Its own in reverse order; nothing enabled, nothing of the older one touched. */
	expect_trace("B1s B2s B3s B2r B1r");
	expect_shown(a, "4 0 - enabled\n", __LINE__);

	c = make(2, true, "1");
	failing = "C1";
	expect(begin_enable(c) == -ENODEV);
	failing = "";
	/* Also what would have become obsolete. */
	expect_trace("C1s");
	disable(a);
	expect_trace("A4- A4r");
}

static void test_replace(void)
{
	struct kp_patch *a = make(0, false, "123"), *b = make(1, true, "34");

	enable(a);
	expect_trace("A1s A2s A3s A1+ A2+ A3+");
	expect(!begin_enable(b));
	expect_trace("B4s A2- A1-");
	expect_shown(b, "3 0 - shared\n4 0 - set-up\n", __LINE__);
	/* Turned around: those that were disabled, no others. */
	finish_reversed_enable(b);
	expect_trace("A1+ A2+ B4r");
	expect_shown(a, "1 0 - enabled\n2 0 - enabled\n3 0 - enabled\n", __LINE__);

	b = make(1, true, "34");
	begin_enable(b);
	finish_enable(b);
	expect_trace("B4s A2- A1- A2r A1r B4+");
	/* State 3 is B's now: A's module may be gone. */
	expect_shown(b, "3 0 - enabled\n4 0 - enabled\n", __LINE__);
	memset(a->states, 0xff, sizeof(struct kp_state) * MAX_STATES);
	disable(b);
	expect_trace("B4- B3- B4r B3r");
}

/* What setup left in @data comes to whoever will be asked to release it. */
static void test_data(void)
{
	struct kp_patch *a = make(0, false, "12"), *b = make(1, true, "12");

	enable(a);
	a->states[0].data = &failures;
	a->states[1].data = &failures;
	b->states[1].data = trace;
	begin_enable(b);
	expect(!b->states[0].data);
	finish_reversed_enable(b);
	expect(a->states[0].data == &failures);

	b = make(1, true, "12");
	b->states[1].data = trace;
	begin_enable(b);
	finish_enable(b);
	expect(b->states[0].data == &failures);
	expect(b->states[1].data == trace);
	disable(b);

	/* An older one gets back what has become of it. */
	a = make(0, false, "1");
	b = make(1, false, "1");
	enable(a);
	a->states[0].data = &failures;
	enable(b);
	expect(b->states[0].data == &failures);
	b->states[0].data = trace;
	disable(b);
	expect(a->states[0].data == trace);
	disable(a);
	trace[0] = '\0';
}

static void test_replace_two(void)
{
	struct kp_patch *a = make(0, false, "12"), *b = make(1, false, "1"), *c = make(2, true, "3");

	enable(a);
	enable(b);
	expect_trace("A1s A2s A1+ A2+");
	/* The newest owns what both have. */
	expect_shown(a, "1 0 - shared\n2 0 - enabled\n", __LINE__);
	expect_shown(b, "1 0 - enabled\n", __LINE__);
	begin_enable(c);
	expect_trace("C3s B1- A2-");
	finish_reversed_enable(c);
	expect_trace("A2+ B1+ C3r");
	c = make(2, true, "3");
	begin_enable(c);
	finish_enable(c);
	/* Once, by its owner. */
	expect_trace("C3s B1- A2- B1r A2r C3+");
	disable(c);
	expect_trace("C3- C3r");

	/* Both have it and the new one, too: nothing is called. */
	a = make(0, false, "1");
	b = make(1, false, "1");
	c = make(2, true, "1");
	enable(a);
	enable(b);
	enable(c);
	expect_trace("A1s A1+");
	disable(c);
	expect_trace("C1- C1r");
}

static void test_stacked(void)
{
	struct kp_patch *a = make(0, false, "1"), *b = make(1, false, "12"), *c = make(2, false, "1");

	enable(a);
	enable(b);
	enable(c);
	expect_trace("A1s A1+ B2s B2+");
	/* One that does not own it is disabled, and this is turned around. */
	begin_disable(a);
	finish_reversed_disable(a);
	expect_trace("");
	expect_shown(c, "1 0 - enabled\n", __LINE__);
	/* The owner leaves while others have it. */
	disable(c);
	expect_trace("");
	expect_shown(b, "1 0 - enabled\n2 0 - enabled\n", __LINE__);
	disable(b);
	expect_trace("B2- B2r");
	disable(a);
	expect_trace("A1- A1r");

	/* In the other order. */
	a = make(0, false, "1");
	b = make(1, false, "1");
	enable(a);
	enable(b);
	disable(a);
	expect_trace("A1s A1+");
	disable(b);
	expect_trace("B1- B1r");

	/* The second one does not come into force. */
	a = make(0, false, "1");
	b = make(1, false, "1");
	enable(a);
	begin_enable(b);
	finish_reversed_enable(b);
	expect_trace("A1s A1+");
	disable(a);
	expect_trace("A1- A1r");
}

static void test_versions(void)
{
	struct kp_patch *a = make(0, false, "1"), *b;

	a->states[0].version = 2;
	enable(a);
	b = make(1, true, "1");
	b->states[0].version = 1;
	expect(begin_enable(b) == -EINVAL);
	b->replace = false;
	expect(begin_enable(b) == -EINVAL);
	/* A versioned state must be taken over. */
	expect(begin_enable(make(1, true, "2")) == -EINVAL);
	expect(begin_enable(make(1, true, "")) == -EINVAL);
	expect_trace("A1s A1+");
	b = make(1, false, "2");
	enable(b);
	disable(b);
	expect_trace("B2s B2+ B2- B2r");
	b = make(1, true, "1");
	b->states[0].version = 2;
	enable(b);
	disable(b);
	expect_trace("B1- B1r");
	expect(begin_enable(make(0, false, "121")) == -EINVAL);
	expect_trace("");
}

static void test_block_disable(void)
{
	struct kp_patch *a = make(0, false, "1"), *b;

	a->states[0].block_disable = true;
	begin_enable(a);
	/* An unfinished enable can be turned around. */
	finish_reversed_enable(a);
	expect_trace("A1s A1r");
	a = make(0, false, "1");
	a->states[0].block_disable = true;
	enable(a);
	expect(begin_disable(a) == -EINVAL);
	expect(begin_enable(make(1, true, "2")) == -EINVAL);
	b = make(1, true, "1");
	enable(b);
	/* What the new one says counts. */
	disable(b);
	expect_trace("A1s A1+ B1- B1r");
}

static void test_forced(void)
{
	struct kp_patch *a = make(0, false, "1"), *b, *c;

	/* Disabled by force: never released, and not set up again. */
	enable(a);
	begin_disable(a);
	finish_forced(a);
	expect_trace("A1s A1+ A1-");
	expect(begin_enable(make(1, false, "21")) == -EBUSY);
	expect_trace("");
	expect(!kp_states_forget());

	/* Replaced by force: obsolete ones leak, what is taken over works on but is never released. */
	a = make(0, false, "12");
	b = make(1, false, "1");
	c = make(2, true, "23");
	enable(a);
	enable(b);
	begin_enable(c);
	finish_forced_replace(c);
	expect_trace("A1s A2s A1+ A2+ C3s B1- C3+");
	expect_shown(c, "2 0 - leaked\n3 0 - enabled\n", __LINE__);
	expect(begin_enable(make(0, false, "1")) == -EBUSY);
	a = make(0, true, "23");
	enable(a);
	expect_trace("");
	disable(a);
	expect_trace("A3- A2- A3r");
	expect(begin_enable(make(0, false, "2")) == -EBUSY);
	expect(!kp_states_forget());

	/* A replace turned around, ended by force: the replaced one goes on. */
	a = make(0, false, "12");
	b = make(1, true, "23");
	enable(a);
	begin_enable(b);
	finish_forced(b);
	expect_trace("A1s A2s A1+ A2+ B3s A1- A1+");
	expect_shown(a, "1 0 - enabled\n2 0 - leaked\n", __LINE__);
	disable(a);
	expect_trace("A2- A1- A1r");
	expect(begin_enable(make(0, false, "3")) == -EBUSY);
	expect(!kp_states_forget());
}

static void test_previous(void)
{
	struct kp_patch *a = make(0, false, "1"), *b = make(1, false, "12"), *c = make(2, true, "1");

	enable(a);
	enable(b);
	begin_enable(c);
	expect(kp_get_state(c, 1) == &c->states[0]);
	expect(!kp_get_state(c, 2));
	expect(kp_get_prev_state(1) == &b->states[0]);
	expect(kp_get_prev_state(2) == &b->states[1]);
	expect(!kp_get_prev_state(3));
	finish_enable(c);
	begin_disable(c);
	expect(!kp_get_prev_state(1));
	finish_disable(c);
	trace[0] = '\0';
}

/* Every allocation made to fail once: an error, nothing called, and then it works. */
static void test_injected(void)
{
	struct kp_patch *a, *b;
	int step, ret;

	for (step = 1; step < 100; step++) {
		a = make(0, false, "1");
		enable(a);
		trace[0] = '\0';
		b = make(1, true, "123");
		fail_step(step);
		ret = begin_enable(b);
		fail_step(0);
		if (ret) {
			expect(ret == -ENOMEM);
			expect_trace("");
			disable(a);
			expect_trace("A1- A1r");
			expect(!kp_states_forget());
			continue;
		}
		expect_trace("B2s B3s");
		finish_enable(b);
		disable(b);
		expect_trace("B2+ B3+ B3- B2- B1- B3r B2r B1r");
		expect(!kp_states_forget());
		break;
	}
	pr_info("%d steps were made to fail\n", step - 1);
	/* A claim for each of three states, a node for two of them. */
	expect(step == 6);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "alone", test_alone },
	{ "setup fails", test_setup_fails },
	{ "replace", test_replace },
	{ "replace of two", test_replace_two },
	{ "data", test_data },
	{ "stacked", test_stacked },
	{ "versions", test_versions },
	{ "block_disable", test_block_disable },
	{ "forced", test_forced },
	{ "previous state", test_previous },
	{ "injected", test_injected },
};

static int __init kp_state_test_init(void)
{
	unsigned int i;
	int before;

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		before = failures;
		mutex_lock(&kp_mutex);
		tests[i].run();
		/* Whatever it was, nothing is left. */
		expect(list_empty(&kp_patches));
		expect(!kp_states_forget());
		mutex_unlock(&kp_mutex);
		pr_info("%s: %s\n", failures == before ? "ok" : "FAILED", tests[i].name);
	}
	return failures ? -EINVAL : 0;
}
module_init(kp_state_test_init);

static void __exit kp_state_test_exit(void)
{
}
module_exit(kp_state_test_exit);
MODULE_DESCRIPTION("test of the core's states");
MODULE_LICENSE("GPL");
