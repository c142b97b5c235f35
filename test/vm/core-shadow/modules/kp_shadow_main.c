// SPDX-License-Identifier: GPL-2.0
/*
 * Drives the core's shadow.c as patches and patch.c do. `echo NAME >parameters/run` runs one test; the
 * write fails if the test does.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "inject.h"
#include "shadow.h"
#include "test.h"
#include "transition.h"

DEFINE_MUTEX(kp_mutex);
LIST_HEAD(kp_patches);
struct kp_patch *kp_transition_patch;
int failures;

/* The step that fails; see inject.h. */
static int inject_at;
static atomic_t inject_count = ATOMIC_INIT(0);

bool kp_inject(void)
{
	return atomic_inc_return(&inject_count) == READ_ONCE(inject_at);
}

static void fail_step(int step)
{
	atomic_set(&inject_count, 0);
	WRITE_ONCE(inject_at, step);
}

/* Collection waits for this one. There is no transition here: the gate stands for a task in exit. */
static bool gate_closed;
static DECLARE_WAIT_QUEUE_HEAD(gate);

void kp_transition_quiesce(void)
{
	wait_event(gate, !READ_ONCE(gate_closed));
	synchronize_rcu();
}

static void open_gate(void)
{
	WRITE_ONCE(gate_closed, false);
	wake_up_all(&gate);
}

/* ---- patches ---- */

static struct kp_object objects[2];
static struct kp_patch patches[2];

int bring(struct kp_patch *patch, struct kp_object *obj, struct kp_shadow_type **types)
{
	unsigned int tries;
	int ret;

	patch->mod = THIS_MODULE;
	obj->shadow_types = types;
	for (tries = 0; kp_shadow_dying(obj) && tries < 30; tries++)
		msleep(10);
	INIT_LIST_HEAD(&patch->obj_list);
	list_add_tail(&obj->node, &patch->obj_list);
	mutex_lock(&kp_mutex);
	list_add_tail(&patch->list, &kp_patches);
	ret = kp_shadow_register(obj);
	if (ret)
		list_del(&patch->list);
	mutex_unlock(&kp_mutex);
	return ret;
}

static void leave(struct kp_patch *patch, struct kp_object *obj, bool forced)
{
	mutex_lock(&kp_mutex);
	if (forced)
		kp_shadow_leak(obj);
	else
		kp_shadow_unregister(obj);
	list_del(&patch->list);
	mutex_unlock(&kp_mutex);
}

static unsigned int references(void)
{
	return (unsigned int)module_refcount(THIS_MODULE);
}

/* No collection holds a module any more. The writer of the parameter holds none. */
static bool is_settled(void)
{
	unsigned int tries;

	for (tries = 0; references() && tries < 3000; tries++)
		msleep(10);
	return !references();
}

void take_away(struct kp_patch *patch, struct kp_object *obj)
{
	leave(patch, obj, false);
	expect(is_settled());
}

/* ---- types ---- */

struct data {
	int value;
	const void *of;
};

static int ctor_calls, dtor_calls, other_dtor_calls;

static int test_ctor(void *obj, void *shadow_data, void *ctor_data)
{
	struct data *data = shadow_data;

	expect(!data->value && !data->of);
	ctor_calls++;
	if (!ctor_data)
		return -ENODEV;
	data->value = *(int *)ctor_data;
	data->of = obj;
	return 0;
}

static void test_dtor(void *obj, void *shadow_data)
{
	expect(((struct data *)shadow_data)->of == obj);
	dtor_calls++;
}

static int other_ctor(void *obj, void *shadow_data, void *ctor_data)
{
	((struct data *)shadow_data)->value = 2 * *(int *)ctor_data;
	((struct data *)shadow_data)->of = obj;
	return 0;
}

static void other_dtor(void *obj, void *shadow_data)
{
	other_dtor_calls++;
}

static struct kp_shadow_type type_1 = { .id = 1, .ctor = test_ctor, .dtor = test_dtor, .name = "one" };
static struct kp_shadow_type type_2 = { .id = 2 };
static struct kp_shadow_type newer_1 = { .id = 1, .ctor = other_ctor, .dtor = other_dtor };
static struct kp_shadow_type leaked_9 = { .id = 9, .ctor = test_ctor, .dtor = test_dtor };
static struct kp_shadow_type other_9 = { .id = 9 };
static struct kp_shadow_type leaked_8 = { .id = 8, .ctor = test_ctor, .dtor = test_dtor };
static struct kp_shadow_type other_8 = { .id = 8 };
static struct kp_shadow_type *types_12[] = { &type_1, &type_2, NULL };
static struct kp_shadow_type *types_newer[] = { &newer_1, NULL };
static struct kp_shadow_type *types_twice[] = { &newer_1, &type_2, &newer_1, NULL };
static struct kp_shadow_type *types_2_newer[] = { &type_2, &newer_1, NULL };
static struct kp_shadow_type *types_leaked[] = { &leaked_9, &leaked_8, NULL };
static struct kp_shadow_type *types_9[] = { &other_9, NULL };
static struct kp_shadow_type *types_8[] = { &other_8, NULL };

static char things[64];
static int seven = 7;

static void *alloc(int thing, unsigned long id)
{
	return kp_shadow_alloc(&things[thing], id, sizeof(struct data), GFP_KERNEL, &seven);
}

static void *get(int thing, unsigned long id)
{
	return kp_shadow_get(&things[thing], id);
}

static void reset_calls(void)
{
	ctor_calls = 0;
	dtor_calls = 0;
	other_dtor_calls = 0;
}

/* ---- the tests ---- */

static void test_basic(void)
{
	struct data *data;

	expect(!bring(&patches[0], &objects[0], types_12));
	data = alloc(0, 1);
	expect(data && data->value == 7 && data->of == &things[0] && get(0, 1) == data);
	expect(IS_ALIGNED((unsigned long)data, 16));
	expect(!get(0, 2) && !get(1, 1));
	expect(alloc(0, 2) && alloc(1, 1) && ctor_calls == 2);
	expect(kp_shadow_count(1) == 2 && kp_shadow_count(2) == 1);

	kp_shadow_warnings_expected = 1;
	expect(!alloc(0, 1) && !kp_shadow_warnings_expected && ctor_calls == 2);
	expect(kp_shadow_get_or_alloc(&things[0], 1, sizeof(*data), GFP_KERNEL, &seven) == data);
	expect(ctor_calls == 2);

	/* The ctor refuses. */
	expect(!kp_shadow_alloc(&things[2], 1, sizeof(*data), GFP_KERNEL, NULL));
	expect(!kp_shadow_get_or_alloc(&things[2], 1, sizeof(*data), GFP_KERNEL, NULL));
	expect(ctor_calls == 4 && !get(2, 1) && kp_shadow_count(1) == 2 && !dtor_calls);

	kp_shadow_free(&things[0], 1);
	expect(!get(0, 1) && dtor_calls == 1 && kp_shadow_count(1) == 1);
	kp_shadow_free(&things[0], 1);
	expect(dtor_calls == 1);
	expect(alloc(0, 1));
	kp_shadow_free_all(1);
	expect(dtor_calls == 3 && !kp_shadow_count(1) && !get(1, 1) && get(0, 2));
	/* Absurd sizes do not wrap around. */
	expect(!kp_shadow_alloc(&things[0], 1, SIZE_MAX - 8, GFP_KERNEL | __GFP_NOWARN, &seven));
	take_away(&patches[0], &objects[0]);
	expect(!get(0, 2) && !kp_shadow_count(2));
	expect(!alloc(0, 1) && !get(0, 1));
}

static void test_kernel_style(void)
{
	struct data *data;

	/* Nobody has declared the id. */
	expect(!alloc(0, 3));
	data = kp_klp_shadow_alloc(&things[0], 3, sizeof(*data), GFP_KERNEL, test_ctor, &seven);
	expect(data && data->value == 7 && get(0, 3) == data && kp_shadow_count(3) == 1);
	expect(kp_klp_shadow_get_or_alloc(&things[0], 3, 8, GFP_KERNEL, test_ctor, &seven) == data);
	expect(ctor_calls == 1);
	/* Our own interface leaves it alone: which dtor would it be? */
	kp_shadow_free(&things[0], 3);
	kp_shadow_free_all(3);
	expect(get(0, 3) == data);
	kp_klp_shadow_free(&things[0], 3, NULL);
	expect(!get(0, 3) && !dtor_calls && !kp_shadow_count(3));
	expect(kp_klp_shadow_alloc(&things[0], 3, sizeof(*data), GFP_KERNEL, test_ctor, &seven));
	expect(kp_klp_shadow_alloc(&things[1], 3, sizeof(*data), GFP_KERNEL, test_ctor, &seven));
	expect(kp_klp_shadow_alloc(&things[1], 4, sizeof(*data), GFP_KERNEL, NULL, NULL));
	kp_klp_shadow_free_all(3, test_dtor);
	expect(dtor_calls == 2 && !get(0, 3) && !get(1, 3) && get(1, 4));

	/* Declared: they belong to the type, and are collected with it; not those of other ids. */
	reset_calls();
	expect(kp_klp_shadow_alloc(&things[5], 1, sizeof(*data), GFP_KERNEL, other_ctor, &seven));
	expect(!bring(&patches[0], &objects[0], types_12));
	expect(kp_klp_shadow_alloc(&things[6], 1, sizeof(*data), GFP_KERNEL, other_ctor, &seven));
	expect(kp_klp_shadow_alloc(&things[7], 1, sizeof(*data), GFP_KERNEL, other_ctor, &seven));
	expect(!ctor_calls && kp_shadow_count(1) == 3);
	/* What the caller says: no dtor. */
	kp_klp_shadow_free(&things[7], 1, NULL);
	expect(!dtor_calls);
	take_away(&patches[0], &objects[0]);
	expect(dtor_calls == 2 && !kp_shadow_count(1) && get(1, 4));
	kp_klp_shadow_free(&things[1], 4, NULL);
}

static void *adopted_later(unsigned int i)
{
	return kp_klp_shadow_alloc(&things[i], 1, sizeof(struct data), GFP_KERNEL, test_ctor, &seven);
}

/* Somebody else may have made what was there before: it is freed only with the last patch. */
static void test_adopted(void)
{
	expect(adopted_later(5));
	/* What its own callbacks made goes at once with a patch that is refused. */
	expect(!bring(&patches[0], &objects[0], types_12));
	expect(alloc(0, 1) && alloc(0, 2));
	gate_closed = true;
	mutex_lock(&kp_mutex);
	kp_shadow_cancel(&objects[0]);
	list_del(&patches[0].list);
	mutex_unlock(&kp_mutex);
	expect(dtor_calls == 1 && !get(0, 1) && !get(0, 2) && get(5, 1) && !references());
	open_gate();

	reset_calls();
	expect(!bring(&patches[0], &objects[0], types_12));
	expect(alloc(0, 1));
	expect(!bring(&patches[1], &objects[1], NULL));
	patches[1].enabled = true;
	take_away(&patches[0], &objects[0]);
	expect(dtor_calls == 1 && !get(0, 1) && get(5, 1));
	/* Nobody declares it now, as before. */
	expect(adopted_later(6));
	patches[1].enabled = false;
	expect(!bring(&patches[0], &objects[0], types_12));
	take_away(&patches[0], &objects[0]);
	expect(dtor_calls == 3 && !kp_shadow_count(1));
	take_away(&patches[1], &objects[1]);
}

static void test_types(void)
{
	struct data *data;

	expect(!bring(&patches[0], &objects[0], types_12));
	mutex_lock(&kp_mutex);
	expect(kp_shadow_register(&objects[0]) == -EINVAL);
	mutex_unlock(&kp_mutex);
	/* One id twice; one type in two objects: nothing of them is registered. */
	expect(bring(&patches[1], &objects[1], types_twice) == -EINVAL);
	expect(bring(&patches[1], &objects[1], types_2_newer) == -EINVAL);
	expect(!newer_1.registered && type_1.registered && type_2.registered);

	expect(alloc(0, 1));
	expect(!bring(&patches[1], &objects[1], types_newer));
	data = alloc(1, 1);
	expect(data && data->value == 14);
	kp_shadow_free(&things[1], 1);
	expect(other_dtor_calls == 1);
	/* The newest goes: the one before is asked again, and nothing is freed. */
	take_away(&patches[1], &objects[1]);
	expect(kp_shadow_count(1) == 1);
	data = alloc(1, 1);
	expect(data && data->value == 7);
	/* The older one goes first. */
	expect(!bring(&patches[1], &objects[1], types_newer));
	take_away(&patches[0], &objects[0]);
	expect(kp_shadow_count(1) == 2 && !dtor_calls);
	take_away(&patches[1], &objects[1]);
	expect(!kp_shadow_count(1) && other_dtor_calls == 3 && !dtor_calls);
	/* Again: nothing happens. */
	mutex_lock(&kp_mutex);
	kp_shadow_unregister(&objects[1]);
	mutex_unlock(&kp_mutex);
}

static void open_gate_later(struct work_struct *work)
{
	open_gate();
}

static DECLARE_DELAYED_WORK(open_gate_work, open_gate_later);

static void test_dying(void)
{
	expect(!bring(&patches[0], &objects[0], types_12));
	expect(alloc(0, 1) && alloc(1, 1));
	gate_closed = true;
	leave(&patches[0], &objects[0], false);
	msleep(100);
	/* A straggler: what is there can be used and freed; nothing new. */
	expect(references() == 1 && kp_shadow_count(1) == 2 && get(0, 1) && !dtor_calls);
	expect(!alloc(2, 1));
	expect(kp_shadow_get_or_alloc(&things[0], 1, 8, GFP_KERNEL, &seven) == get(0, 1));
	expect(!kp_klp_shadow_alloc(&things[2], 1, 8, GFP_KERNEL, NULL, NULL));
	kp_shadow_free(&things[0], 1);
	expect(dtor_calls == 1);
	/* Type 2 had no variables: it is gone already, type 1 is not. */
	expect(bring(&patches[1], &objects[1], types_newer) == -EBUSY);
	expect(!newer_1.registered && references() == 1);
	schedule_delayed_work(&open_gate_work, HZ / 10);
	expect(!bring(&patches[1], &objects[1], types_newer));
	expect(dtor_calls == 2 && !get(1, 1) && is_settled());
	take_away(&patches[1], &objects[1]);
}

/* The object is a module that goes, or did not come: nothing waits for it. */
static void test_going(enum module_state state)
{
	static struct module going;

	going.state = state;
	objects[0].name = "going";
	objects[0].mod = &going;
	reset_calls();
	expect(!bring(&patches[0], &objects[0], types_12));
	expect(alloc(0, 1) && alloc(1, 1) && alloc(0, 2));
	gate_closed = true;
	leave(&patches[0], &objects[0], false);
	expect(dtor_calls == 2 && !kp_shadow_count(1) && !kp_shadow_count(2) && !references());
	open_gate();
	/* And it comes again. */
	expect(!bring(&patches[0], &objects[0], types_12));
	expect(!get(0, 1));
	objects[0].name = NULL;
	objects[0].mod = NULL;
	take_away(&patches[0], &objects[0]);
}

static void test_modules(void)
{
	test_going(MODULE_STATE_GOING);
	test_going(MODULE_STATE_COMING);

	/* One that stays is held as well. */
	objects[0].name = "live";
	objects[0].mod = THIS_MODULE;
	expect(!bring(&patches[0], &objects[0], types_12));
	expect(alloc(0, 1));
	gate_closed = true;
	leave(&patches[0], &objects[0], false);
	expect(references() == 2 && kp_shadow_count(1) == 1);
	open_gate();
	expect(is_settled() && !kp_shadow_count(1));
	objects[0].name = NULL;
	objects[0].mod = NULL;
}

/* Ids 8 and 9 stay leaked from here on. */
static void test_leak(void)
{
	expect(!bring(&patches[0], &objects[0], types_leaked));
	expect(alloc(0, 9) && alloc(0, 8));
	expect(!bring(&patches[1], &objects[1], types_8));
	leave(&patches[0], &objects[0], true);
	msleep(50);
	expect(get(0, 9) && get(0, 8) && !dtor_calls && !references());
	/* A straggler goes on. */
	expect(alloc(1, 9));
	/* Nobody has 9: what is there is nobody's. Another patch has 8 still. */
	expect(bring(&patches[0], &objects[0], types_9) == -EBUSY);
	leave(&patches[1], &objects[1], false);
	expect(is_settled() && get(0, 8) && !dtor_calls);
	expect(bring(&patches[1], &objects[1], types_8) == -EBUSY);
	kp_shadow_free(&things[0], 8);
	expect(dtor_calls == 1);
}

static void test_injected(void)
{
	int step, ret;

	for (step = 1; step < 100; step++) {
		fail_step(step);
		ret = bring(&patches[0], &objects[0], types_12);
		fail_step(0);
		if (!ret)
			break;
		expect(ret == -ENOMEM && !type_1.registered && !type_2.registered);
		expect(!objects[0].shadow_registered && !alloc(0, 1));
	}
	/* Two types: a user and a node each. */
	expect(step == 5);
	fail_step(1);
	expect(!alloc(0, 1) && !ctor_calls && !kp_shadow_count(1));
	fail_step(0);
	expect(alloc(0, 1));
	take_away(&patches[0], &objects[0]);
	/* A variable and a node. */
	for (step = 1; step < 3; step++) {
		fail_step(step);
		expect(!kp_klp_shadow_alloc(&things[0], 5, 8, GFP_KERNEL, NULL, NULL));
		expect(!kp_shadow_count(5));
	}
	fail_step(0);
	expect(kp_klp_shadow_alloc(&things[0], 5, 8, GFP_KERNEL, NULL, NULL));
	kp_klp_shadow_free(&things[0], 5, NULL);
}

/* ---- what goes together ---- */

#define CHECKED 0x30

/* A patch with one type of the id CHECKED, if any, and one state, if any. */
struct side {
	size_t size;
	unsigned long owner, state;
	const char *objname;
	bool no_type, dtor, replace;
};

static const struct {
	struct side old, new;
	int result;
} pairs[] = {
	/* Sizes, as far as they are known. */
	{ { .size = 8 }, { .size = 8 }, 0 },
	{ { .size = 8 }, { .size = 16 }, -EINVAL },
	{ { .size = 16 }, { .size = 8 }, -EINVAL },
	{ { .size = 0 }, { .size = 16 }, 0 },
	{ { .size = 8 }, { .size = 0 }, 0 },
	{ { .size = 8 }, { .size = 16, .objname = "mod" }, -EINVAL },
	/* A state that is taken over brings its types along. */
	{ { .owner = 5, .state = 5 }, { .owner = 5, .state = 5 }, 0 },
	{ { .owner = 5, .state = 5 }, { .state = 5 }, -EINVAL },
	{ { .owner = 5, .state = 5 }, { .state = 5, .no_type = true }, -EINVAL },
	{ { .owner = 5, .state = 5 }, { .no_type = true }, 0 },
	{ { .owner = 5, .state = 5 }, { .state = 6, .no_type = true }, 0 },
	{ { .owner = 5, .state = 5 }, { .size = 8 }, 0 },
	{ { .state = 5 }, { .owner = 5, .state = 5, .replace = true }, 0 },
	{ { .size = 8 }, { .owner = 5, .state = 5 }, 0 },
	/* Side by side in either order. */
	{ { .state = 5 }, { .owner = 5, .state = 5 }, -EINVAL },
	{ { .state = 5, .no_type = true }, { .owner = 5, .state = 5 }, -EINVAL },
	/* One dtor: that of the newest one counts, and in the end that of the last one. */
	{ { .dtor = true }, { .dtor = true }, 0 },
	{ { .dtor = true }, { .size = 8 }, -EINVAL },
	{ { .dtor = true }, { .replace = true }, -EINVAL },
	{ { .size = 8 }, { .dtor = true }, -EINVAL },
	{ { .size = 8 }, { .dtor = true, .replace = true }, 0 },
	/* One owner, unless it goes. */
	{ { .owner = 5, .state = 5 }, { .owner = 6, .state = 6, .replace = true }, 0 },
	{ { .owner = 5, .state = 5 }, { .owner = 6, .state = 6 }, -EINVAL },
	{ { .size = 8 }, { .owner = 5 }, -EINVAL },
	{ { .size = 8 }, { .owner = 5, .state = 6 }, -EINVAL },
	/* As long as the old one. */
	{ { .owner = 5, .state = 5 }, { .owner = 5, .state = 5, .objname = "mod" }, -EINVAL },
	{ { .owner = 5, .state = 5, .objname = "mod" },
	  { .owner = 5, .state = 5, .replace = true }, 0 },
	{ { .owner = 5, .state = 5, .objname = "mod" },
	  { .owner = 5, .state = 5, .objname = "mod" }, 0 },
	{ { .owner = 5, .state = 5, .objname = "mod" },
	  { .owner = 5, .state = 5, .objname = "other" }, -EINVAL },
};

/* What such a patch consists of. */
struct made {
	struct kp_func funcs[1];
	struct kp_shadow_type type, *types[3];
	struct kp_object objs[2];
	struct kp_state states[2];
	struct kp_patch patch;
};

static void make(struct made *made, const struct side *side)
{
	memset(made, 0, sizeof(*made));
	made->type = (struct kp_shadow_type){
		.id = CHECKED,
		.name = "checked",
		.dtor = side->dtor ? test_dtor : NULL,
		.size = side->size,
		.state = side->owner,
	};
	made->types[0] = side->no_type ? NULL : &made->type;
	made->objs[0] = (struct kp_object){
		.name = side->objname,
		.funcs = made->funcs,
		.shadow_types = made->types,
	};
	made->states[0].id = side->state;
	made->patch = (struct kp_patch){
		.mod = THIS_MODULE,
		.objs = made->objs,
		.states = made->states,
		.replace = side->replace,
	};
}

static int check_one(struct made *made, const struct side *side)
{
	int ret;

	make(made, side);
	mutex_lock(&kp_mutex);
	ret = kp_shadow_check(&made->patch);
	mutex_unlock(&kp_mutex);
	return ret;
}

static void test_check(void)
{
	static struct made old, new;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		make(&old, &pairs[i].old);
		list_add_tail(&old.patch.list, &kp_patches);
		ret = check_one(&new, &pairs[i].new);
		list_del(&old.patch.list);
		if (ret != pairs[i].result)
			pr_err("FAILED: pair %u: %d\n", i, ret);
		expect(ret == pairs[i].result);
	}
	/* Variables of an id that nobody declared. */
	expect(kp_klp_shadow_alloc(&things[0], CHECKED, 8, GFP_KERNEL, NULL, NULL));
	expect(!check_one(&new, &(struct side){ .size = 8 }));
	expect(!check_one(&new, &(struct side){ .size = 0 }));
	expect(check_one(&new, &(struct side){ .size = 16 }) == -EINVAL);
	expect(kp_klp_shadow_alloc(&things[1], CHECKED, 16, GFP_KERNEL, NULL, NULL));
	expect(check_one(&new, &(struct side){ .size = 16 }) == -EINVAL);
	expect(!check_one(&new, &(struct side){ .size = 8 }));
	kp_klp_shadow_free_all(CHECKED, NULL);
	expect(!check_one(&new, &(struct side){ .size = 32 }));
	/* Twice in one patch. */
	make(&new, &(struct side){ .size = 8 });
	make(&old, &(struct side){ .size = 16 });
	new.types[1] = &old.type;
	expect(kp_shadow_check(&new.patch) == -EINVAL);
}

/* kp_shadow_init() itself, before it succeeds. */
static int init_injected(void)
{
	int step;

	for (step = 1; step < 3; step++) {
		fail_step(step);
		expect(kp_shadow_init() == -ENOMEM);
	}
	fail_step(0);
	return kp_shadow_init();
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "basic", test_basic },
	{ "kernel-style", test_kernel_style },
	{ "types", test_types },
	{ "check", test_check },
	{ "dying", test_dying },
	{ "adopted", test_adopted },
	{ "modules", test_modules },
	{ "injected", test_injected },
	{ "leak", test_leak },
	{ "stress", test_stress },
	{ "scale", test_scale },
};

static int run_test(const char *name, const struct kernel_param *kp)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		if (!sysfs_streq(name, tests[i].name))
			continue;
		failures = 0;
		reset_calls();
		tests[i].run();
		pr_info("%s: %s\n", failures ? "FAILED" : "ok", tests[i].name);
		return failures ? -EPROTO : 0;
	}
	return -EINVAL;
}

static const struct kernel_param_ops run_ops = { .set = run_test };
module_param_cb(run, &run_ops, NULL, 0200);

static int __init kp_shadow_test_init(void)
{
	int ret = init_injected();

	return failures ? -EPROTO : ret;
}
module_init(kp_shadow_test_init);

static void __exit kp_shadow_test_exit(void)
{
	/* The two that were leaked. */
	kp_shadow_warnings_expected = 2;
	kp_shadow_exit();
	if (kp_shadow_warnings_expected)
		pr_err("FAILED: leaked types were not seen at the end\n");
}
module_exit(kp_shadow_test_exit);
MODULE_DESCRIPTION("test of the core's shadow variables");
MODULE_LICENSE("GPL");
