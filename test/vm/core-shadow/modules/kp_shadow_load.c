// SPDX-License-Identifier: GPL-2.0
/* Shadow variables in large numbers, and from everywhere at once. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/prandom.h>
#include <linux/smp.h>
#include <linux/version.h>

#include "shadow.h"
#include "test.h"

static struct kp_object object;
static struct kp_patch patch;

static void start_timer(struct hrtimer *timer, enum hrtimer_restart (*fn)(struct hrtimer *),
			enum hrtimer_mode mode, u64 ns)
{
	hrtimer_init(timer, CLOCK_MONOTONIC, mode);
	timer->function = fn;
	hrtimer_start(timer, ns_to_ktime(ns), mode);
}

/* ---- how long are interrupts off? ---- */

#define TICK_NS 100000

static struct hrtimer ticker;
static u64 latest_ns;
static unsigned long late_ticks, ticks;

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	u64 late = (u64)ktime_to_ns(ktime_sub(ktime_get(), hrtimer_get_expires(timer)));

	ticks++;
	late_ticks += late > TICK_NS;
	latest_ns = max(latest_ns, late);
	hrtimer_set_expires(timer, ktime_add_ns(ktime_get(), TICK_NS));
	return HRTIMER_RESTART;
}

static void watch_latency(void)
{
	latest_ns = 0;
	late_ticks = 0;
	ticks = 0;
	start_timer(&ticker, tick, HRTIMER_MODE_REL_PINNED_HARD, TICK_NS);
}

/* ---- scale ---- */

static unsigned long constructed, destructed;

static void count_dtor(void *obj, void *shadow_data)
{
	destructed++;
}

static int count_ctor(void *obj, void *shadow_data, void *ctor_data)
{
	constructed++;
	return 0;
}

static struct kp_shadow_type scale_type = { .id = 100, .ctor = count_ctor, .dtor = count_dtor };
static struct kp_shadow_type *scale_types[] = { &scale_type, NULL };

/* Objects are addresses that nobody dereferences, 64 bytes apart as from a slab. */
static void *thing(unsigned long i)
{
	return (void *)(0xffff888000000000UL + 64 * i);
}

static u64 now_ns(void)
{
	return (u64)ktime_get_ns();
}

static unsigned int most = 1000000;
module_param(most, uint, 0444);
MODULE_PARM_DESC(most, "how many variables there are at most");

#define GETS 20000UL

static u64 time_some_gets(unsigned long count, u32 seed)
{
	struct rnd_state random;
	unsigned long i;
	u64 began;

	prandom_seed_state(&random, seed);
	began = now_ns();
	for (i = 0; i < GETS; i++) {
		if (!kp_shadow_get(thing(prandom_u32_state(&random) % count), 100)) {
			failures++;
			break;
		}
	}
	return (now_ns() - began) / GETS;
}

/* The best of some, since a virtual CPU is not always running. */
static u64 time_gets(unsigned long count)
{
	u64 best = U64_MAX;
	u32 round;

	for (round = 0; round < 8; round++)
		best = min(best, time_some_gets(count, round));
	return best;
}

static void fill(unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++) {
		if (!kp_shadow_alloc(thing(i), 100, 32, GFP_KERNEL, NULL)) {
			failures++;
			return;
		}
		cond_resched();
	}
}

static void scale_step(unsigned long count)
{
	u64 began = now_ns(), filled, get, collecting;

	expect(!bring(&patch, &object, scale_types));
	constructed = 0;
	destructed = 0;
	fill(count);
	filled = now_ns() - began;
	/* The table may still be growing. */
	msleep(200);
	expect(kp_shadow_count(100) == count && constructed == count);
	get = time_gets(count);
	began = now_ns();
	kp_shadow_free_all(100);
	pr_info("%lu variables: alloc %llu ns, get %llu ns, free_all %llu ns each\n", count,
		filled / count, get, (now_ns() - began) / count);
	expect(!kp_shadow_count(100) && destructed == count);

	fill(count);
	destructed = 0;
	/* An object of a module that goes: collected here, on this CPU, where the timer ticks. */
	object.name = "going";
	migrate_disable();
	watch_latency();
	began = now_ns();
	take_away(&patch, &object);
	collecting = now_ns() - began;
	hrtimer_cancel(&ticker);
	migrate_enable();
	object.name = NULL;
	expect(!kp_shadow_count(100) && destructed == count);
	pr_info("%lu variables: collected in %llu us; timer ticks at most %llu us late, %lu of %lu more than %u us\n",
		count, collecting / 1000, latest_ns / 1000, late_ticks, ticks, TICK_NS / 1000);
}

void test_scale(void)
{
	unsigned long count;

	for (count = 1000; count <= most; count *= 10)
		scale_step(count);
}

/* ---- stress ---- */

#define OBJECTS 61

struct checked {
	void *obj;
	unsigned int alive;
};

#define ALIVE 0x600d
#define GONE  0xdead

static char objects_of_stress[OBJECTS];
/* Variables of an object that exist: 0 or 1, changed in ctor and dtor only. */
static atomic_t existing[2][OBJECTS];
static atomic_t wrong, in_task, in_softirq, in_hardirq, collections;
static bool stopping;

static atomic_t *existing_of(void *obj, unsigned int which)
{
	return &existing[which][(char *)obj - objects_of_stress];
}

static int checked_ctor(void *obj, void *shadow_data, void *ctor_data)
{
	struct checked *data = shadow_data;

	if (atomic_inc_return(existing_of(obj, *(unsigned int *)ctor_data)) != 1)
		atomic_inc(&wrong);
	data->obj = obj;
	data->alive = ALIVE;
	return 0;
}

static void checked_dtor(void *obj, struct checked *data, unsigned int which)
{
	if (data->obj != obj || data->alive != ALIVE)
		atomic_inc(&wrong);
	if (atomic_dec_return(existing_of(obj, which)))
		atomic_inc(&wrong);
	data->alive = GONE;
}

static void dtor_0(void *obj, void *shadow_data)
{
	checked_dtor(obj, shadow_data, 0);
}

static void dtor_1(void *obj, void *shadow_data)
{
	checked_dtor(obj, shadow_data, 1);
}

static struct kp_shadow_type stress_0 = { .id = 200, .ctor = checked_ctor, .dtor = dtor_0 };
static struct kp_shadow_type stress_1 = { .id = 201, .ctor = checked_ctor, .dtor = dtor_1 };
static struct kp_shadow_type *stress_types_0[] = { &stress_0, NULL };
static struct kp_shadow_type *stress_types_1[] = { &stress_1, NULL };
static struct kp_object object_0, object_1;
static struct kp_patch patch_0, patch_1;

/* Any context. What is found belongs to that object, dead or alive. */
static void one_operation(u32 random, gfp_t gfp)
{
	void *obj = &objects_of_stress[random % OBJECTS];
	unsigned int which = random >> 8 & 1;
	struct checked *data;

	rcu_read_lock();
	switch (random >> 9 & 3) {
	case 0:
	case 1:
		if (gfp == GFP_KERNEL) {
			rcu_read_unlock();
			kp_shadow_get_or_alloc(obj, 200 + which, sizeof(*data), gfp, &which);
			rcu_read_lock();
		} else {
			kp_shadow_get_or_alloc(obj, 200 + which, sizeof(*data), gfp, &which);
		}
		break;
	case 2:
		kp_shadow_free(obj, 200 + which);
		break;
	default:
		data = kp_shadow_get(obj, 200 + which);
		if (data && (READ_ONCE(data->obj) != obj ||
			     (READ_ONCE(data->alive) != ALIVE && READ_ONCE(data->alive) != GONE)))
			atomic_inc(&wrong);
	}
	rcu_read_unlock();
}

static int stress_thread(void *arg)
{
	struct rnd_state random;

	prandom_seed_state(&random, (unsigned long)arg);
	while (!READ_ONCE(stopping)) {
		one_operation(prandom_u32_state(&random), GFP_KERNEL);
		atomic_inc(&in_task);
		cond_resched();
	}
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static struct hrtimer hard_timers[2], soft_timers[2];
static struct rnd_state irq_random[4];

static enum hrtimer_restart use_in_timer(struct hrtimer *timer, struct rnd_state *random,
					 atomic_t *count)
{
	u64 began = now_ns();
	unsigned int i;

	for (i = 0; i < 8; i++)
		one_operation(prandom_u32_state(random), GFP_ATOMIC | __GFP_NOWARN);
	atomic_add(8, count);
	if (READ_ONCE(stopping))
		return HRTIMER_NORESTART;
	/* On a slow kernel the tasks have to get on, too. */
	hrtimer_forward_now(timer, ns_to_ktime(max_t(u64, 400000, 8 * (now_ns() - began))));
	return HRTIMER_RESTART;
}

static enum hrtimer_restart hard_tick(struct hrtimer *timer)
{
	if (!in_hardirq())
		atomic_inc(&wrong);
	return use_in_timer(timer, &irq_random[timer - hard_timers], &in_hardirq);
}

static enum hrtimer_restart soft_tick(struct hrtimer *timer)
{
	if (!in_serving_softirq())
		atomic_inc(&wrong);
	return use_in_timer(timer, &irq_random[2 + (timer - soft_timers)], &in_softirq);
}

static void start_timers(void *unused)
{
	int cpu = smp_processor_id();

	if (cpu >= 2)
		return;
	start_timer(&hard_timers[cpu], hard_tick, HRTIMER_MODE_REL_PINNED_HARD, 400000);
	start_timer(&soft_timers[cpu], soft_tick, HRTIMER_MODE_REL_PINNED_SOFT, 300000);
}

static void stop_timers(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (hard_timers[i].function)
			hrtimer_cancel(&hard_timers[i]);
		if (soft_timers[i].function)
			hrtimer_cancel(&soft_timers[i]);
	}
}

/* Other variables make the table grow and shrink meanwhile: by factors of two, from 1024. */
static void resize_beside(void)
{
	unsigned long count = min(20000U, most / 8), i;

	for (i = 0; i < count; i++) {
		kp_klp_shadow_alloc(thing(i), 300, 8, GFP_KERNEL, NULL, NULL);
		cond_resched();
	}
	for (i = 0; i < count; i += 1000)
		if (!kp_shadow_get(thing(i), 300))
			atomic_inc(&wrong);
	kp_klp_shadow_free_all(300, NULL);
}

void test_stress(void)
{
	struct task_struct *threads[2];
	unsigned long end;
	unsigned int i;

	stopping = false;
	expect(!bring(&patch_0, &object_0, stress_types_0));
	expect(!bring(&patch_1, &object_1, stress_types_1));
	for (i = 0; i < 4; i++)
		prandom_seed_state(&irq_random[i], i);
	for (i = 0; i < 2; i++) {
		threads[i] = kthread_create(stress_thread, (void *)(i + 10UL), "kp_stress/%u", i);
		if (IS_ERR(threads[i])) {
			failures++;
			threads[i] = NULL;
			continue;
		}
		kthread_bind(threads[i], i % num_online_cpus());
		wake_up_process(threads[i]);
	}
	on_each_cpu(start_timers, NULL, true);

	/* Meanwhile one type is freed as a whole, and the other one comes and goes. */
	end = jiffies + 8 * HZ;
	while (time_before(jiffies, end) || atomic_read(&collections) <= 2) {
		kp_shadow_free_all(200);
		take_away(&patch_1, &object_1);
		for (i = 0; i < OBJECTS; i++)
			if (kp_shadow_get(&objects_of_stress[i], 201))
				atomic_inc(&wrong);
		expect(!bring(&patch_1, &object_1, stress_types_1));
		atomic_inc(&collections);
		resize_beside();
	}
	WRITE_ONCE(stopping, true);
	stop_timers();
	for (i = 0; i < 2; i++)
		if (threads[i])
			kthread_stop(threads[i]);
	take_away(&patch_0, &object_0);
	take_away(&patch_1, &object_1);
	for (i = 0; i < 2 * OBJECTS; i++)
		if (atomic_read(&existing[i / OBJECTS][i % OBJECTS]))
			atomic_inc(&wrong);
	expect(!kp_shadow_count(200) && !kp_shadow_count(201) && !kp_shadow_count(300));
	pr_info("stress: %d operations in tasks, %d in softirqs, %d in interrupts, %d collections; %d wrong\n",
		atomic_read(&in_task), atomic_read(&in_softirq), atomic_read(&in_hardirq),
		atomic_read(&collections), atomic_read(&wrong));
	expect(!atomic_read(&wrong));
	expect(atomic_read(&in_task) > 1000 && atomic_read(&in_softirq) > 100);
	expect(atomic_read(&in_hardirq) > 100 && atomic_read(&collections) > 2);
}
