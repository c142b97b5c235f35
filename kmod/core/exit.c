// SPDX-License-Identifier: GPL-2.0
/*
 * Exiting tasks, remembered from the tracepoint sched_process_exit until they are dead.
 *
 * The tracepoint comes before exit_notify(), which takes a task off the task list. So a task that
 * is not on the task list any more when tasklist_lock is held has been through the probe, on this
 * CPU or with tasklist_lock's release in between: it is on a list here, unless it is dead.
 *
 * Tasks that were past the tracepoint when kpatch.ko was loaded are not known. No function was
 * patched then, so they run nothing but originals, and there are no old versions for a module to
 * take away. One that is still in the tail of do_exit() when the first patch is put in force
 * counts as "other" and gets the new functions at once, whatever is on its stack; waiting for it
 * would mean waiting for RCU-tasks, for as long as any busy kernel thread pleases.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <trace/events/sched.h>

#include "exit.h"
#include "inject.h"
#include "stack.h"
#include "wait.h"

/* Kept for each CPU for times without memory. */
#define NR_RESERVE 16
/* How many each exit looks at: more than one, so that a storm of exits leaves no pile. */
#define NR_REAP 4

/**
 * struct exiting - a task on its way out
 * @node:	exit_list.tasks or exit_list.reserve
 * @task:	holds a reference, so that its state can be read when it is dead
 * @epoch:	exit_epoch when it was put on the list: see kp_exit_wait()
 */
struct exiting {
	struct list_head node;
	struct task_struct *task;
	long epoch;
};

/**
 * struct exit_list - one for each CPU, so that exits do not contend
 * @lock:	protects the rest; taken inside tasklist_lock, before a task's pi_lock, in process context
 *		only
 * @tasks:	that began to exit on this CPU
 * @count:	number of @tasks; read without the lock as an estimate
 * @reserve:	nodes to use when none can be allocated
 * @nr_reserve: number of them
 */
struct exit_list {
	spinlock_t lock;
	struct list_head tasks;
	unsigned long count;
	struct list_head reserve;
	unsigned int nr_reserve;
};

static DEFINE_PER_CPU(struct exit_list, exit_lists);
static atomic_long_t exit_epoch = ATOMIC_LONG_INIT(0);
/* Exits that could not be remembered and may not be over. */
static atomic_long_t nr_lost = ATOMIC_LONG_INIT(0);

static void reap_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(reap_work, reap_work_fn);
static void lost_work_fn(struct work_struct *work);
static DECLARE_WORK(lost_work, lost_work_fn);

#ifdef KP_TEST
static bool exit_no_memory;
module_param(exit_no_memory, bool, 0644);
MODULE_PARM_DESC(exit_no_memory, "exits are remembered from the reserve only");
#define no_memory() READ_ONCE(exit_no_memory)
#else
#define no_memory() false
#endif

/* Up to @max dead tasks go to @dead; the living that were looked at go to the end of the list. */
static void collect_dead(struct exit_list *list, unsigned long max, struct list_head *dead)
{
	while (max-- && !list_empty(&list->tasks)) {
		struct exiting *exiting = list_first_entry(&list->tasks, struct exiting, node);

		if (kp_task_dead(exiting->task)) {
			list_move(&exiting->node, dead);
			WRITE_ONCE(list->count, list->count - 1);
		} else {
			list_move_tail(&exiting->node, &list->tasks);
		}
	}
}

/* Without the lock: the last reference frees the task. */
static void drop_dead(struct exit_list *list, struct list_head *dead)
{
	struct exiting *exiting, *tmp;

	list_for_each_entry_safe(exiting, tmp, dead, node) {
		put_task_struct(exiting->task);
		spin_lock(&list->lock);
		if (list->nr_reserve < NR_RESERVE) {
			list_move(&exiting->node, &list->reserve);
			list->nr_reserve++;
			exiting = NULL;
		}
		spin_unlock(&list->lock);
		kfree(exiting);
	}
}

static struct exiting *take_reserve(struct exit_list *list)
{
	struct exiting *exiting;

	if (!list->nr_reserve)
		return NULL;
	exiting = list_first_entry(&list->reserve, struct exiting, node);
	list_del(&exiting->node);
	list->nr_reserve--;
	return exiting;
}

/* In the exiting task, preemption off. */
static void probe_exit(void *data, struct task_struct *task)
{
	struct exit_list *list = raw_cpu_ptr(&exit_lists);
	struct exiting *exiting = NULL;
	LIST_HEAD(dead);

	if (!no_memory())
		exiting = kmalloc(sizeof(*exiting), GFP_NOWAIT | __GFP_NOWARN);
	spin_lock(&list->lock);
	if (!exiting)
		exiting = take_reserve(list);
	if (exiting) {
		exiting->task = get_task_struct(task);
		/* Under the lock: kp_exit_wait() raises it and takes the lock afterwards. */
		exiting->epoch = atomic_long_read(&exit_epoch);
		list_add_tail(&exiting->node, &list->tasks);
		WRITE_ONCE(list->count, list->count + 1);
	}
	collect_dead(list, NR_REAP, &dead);
	spin_unlock(&list->lock);

	drop_dead(list, &dead);
	if (exiting) {
		schedule_delayed_work(&reap_work, HZ / 4);
	} else {
		atomic_long_inc(&nr_lost);
		schedule_work(&lost_work);
	}
}

static unsigned long reap_all(void)
{
	unsigned long left = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct exit_list *list = per_cpu_ptr(&exit_lists, cpu);
		LIST_HEAD(dead);

		spin_lock(&list->lock);
		collect_dead(list, list->count, &dead);
		left += list->count;
		spin_unlock(&list->lock);
		drop_dead(list, &dead);
		cond_resched();
	}
	return left;
}

static void reap_work_fn(struct work_struct *work)
{
	if (reap_all())
		schedule_delayed_work(&reap_work, HZ);
}

/*
 * Tasks in exit are among those that RCU-tasks waits for (but on 6.12 not while they sleep). That
 * is as good as it gets without any memory, and transitions are refused until then.
 */
static void lost_work_fn(struct work_struct *work)
{
	long lost = atomic_long_read(&nr_lost);

	kp_wait_rcu_tasks();
	atomic_long_sub(lost, &nr_lost);
}

bool kp_exit_complete(void)
{
	return !atomic_long_read(&nr_lost);
}

unsigned long kp_exit_count(void)
{
	unsigned long count = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		count += READ_ONCE(per_cpu_ptr(&exit_lists, cpu)->count);
	return count;
}

/* Those that are not dead yet, until @visit says no, which is what this returns then. */
static bool each_alive(bool (*visit)(const struct exiting *exiting, void *data), void *data)
{
	bool all = true;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct exit_list *list = per_cpu_ptr(&exit_lists, cpu);
		struct exiting *exiting;

		spin_lock(&list->lock);
		list_for_each_entry(exiting, &list->tasks, node) {
			if (kp_task_dead(exiting->task))
				continue;
			all = visit(exiting, data);
			if (!all)
				break;
		}
		spin_unlock(&list->lock);
		if (!all)
			break;
	}
	return all;
}

struct task_visit {
	bool (*visit)(struct task_struct *task, void *data);
	void *data;
};

static bool visit_task(const struct exiting *exiting, void *data)
{
	struct task_visit *v = data;

	return v->visit(exiting->task, v->data);
}

bool kp_exit_each(bool (*visit)(struct task_struct *task, void *data), void *data)
{
	struct task_visit v = { .visit = visit, .data = data };

	return each_alive(visit_task, &v);
}

/* Called by task_call_func(). */
static int look_outside(struct task_struct *task, void *outside)
{
	unsigned long address;

	*(bool *)outside = kp_task_dead(task) ||
			   (!task_curr(task) &&
			    kp_stack_check(task, NULL, &address) == KP_STACK_CLEAN);
	return 0;
}

static bool is_over(const struct exiting *exiting, void *epoch)
{
	bool outside = false;

	if (exiting->epoch >= *(long *)epoch)
		return true;
	task_call_func(exiting->task, look_outside, &outside);
	return outside;
}

/*
 * A task may hang in its exit for ever: with the first process of a pid namespace it is enough that
 * somebody does not wait for a zombie.
 */
void kp_exit_wait(void)
{
	long epoch = atomic_long_inc_return(&exit_epoch);
	unsigned int ms = 1;

	while (!each_alive(is_over, &epoch)) {
		msleep(ms);
		ms = min(2 * ms, 100u);
	}
}

static void drop_all(void)
{
	struct exiting *exiting, *tmp;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct exit_list *list = per_cpu_ptr(&exit_lists, cpu);

		list_for_each_entry_safe(exiting, tmp, &list->tasks, node) {
			put_task_struct(exiting->task);
			kfree(exiting);
		}
		list_for_each_entry_safe(exiting, tmp, &list->reserve, node)
			kfree(exiting);
	}
}

static int fill_reserve(struct exit_list *list)
{
	while (list->nr_reserve < NR_RESERVE) {
		struct exiting *exiting;

		exiting = kp_inject() ? NULL : kmalloc(sizeof(*exiting), GFP_KERNEL);
		if (!exiting)
			return -ENOMEM;
		list_add(&exiting->node, &list->reserve);
		list->nr_reserve++;
	}
	return 0;
}

int kp_exit_init(void)
{
	int cpu, err = 0;

	for_each_possible_cpu(cpu) {
		struct exit_list *list = per_cpu_ptr(&exit_lists, cpu);

		spin_lock_init(&list->lock);
		INIT_LIST_HEAD(&list->tasks);
		INIT_LIST_HEAD(&list->reserve);
		if (!err)
			err = fill_reserve(list);
	}
	if (!err)
		err = kp_inject() ? -ENOMEM : register_trace_sched_process_exit(probe_exit, NULL);
	if (err)
		drop_all();
	return err;
}

void kp_exit_exit(void)
{
	unregister_trace_sched_process_exit(probe_exit, NULL);
	tracepoint_synchronize_unregister();
	cancel_delayed_work_sync(&reap_work);
	flush_work(&lost_work);
	drop_all();
}
