// SPDX-License-Identifier: GPL-2.0
/*
 * Moves every task of the system from old to new code.
 *
 * A pass looks at each task that is pending:
 *  - not running: task_call_func() pins it, and its stack is walked;
 *  - running: an interrupt on its CPU walks the stack of what it interrupted. So spinners in user
 *    space and kernel threads that never sleep are reached, too. Only CPUs that run a pending task
 *    are interrupted;
 *  - in a system call and not asleep, running or not: left alone until it sleeps or returns, or
 *    has not got a CPU for seconds;
 *  - idle tasks are like others: they run, or the lock of their CPU's run queue pins them. CPUs
 *    that are offline have nothing to switch. cpus_read_lock() keeps that so during a pass;
 *  - dead: done, and never walked;
 *  - the task that makes the pass is looked at by itself. It is a worker, and whoever waits for it
 *    sleeps or is about to.
 * A transition begins with a few looks within milliseconds, and passes of one look follow. Tasks that
 * a pass would hardly ever meet at the right moment, because they spend all their time asleep in old
 * code, look at themselves: those of user space when they return there (a task work) or, if that does
 * not do, whenever a system call ends (a probe); idle tasks when something else runs on their CPU (a
 * work). A probe in sched_switch would add nothing: a task that is preempted is pinned like one that
 * sleeps.
 *
 *	rest --start()--> from -> to --all arrived--> done(), rest
 *	                   |      ^
 *	           reverse()      reverse()
 *	                   v      |
 *	                  to -> from --all arrived--> done(), rest
 *
 * Ordering. That a task is switched is one bit in its entry of the set, read by the chooser in that
 * task only; kp_tasks_done() says why it sees it. Its old code is over by then: what it did in old
 * code comes before the lock (or interrupt) under which it was found outside of it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kallsyms.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <asm/unwind.h>
#include <trace/events/syscalls.h>

#include "choose.h"
#include "core.h"
#include "exit.h"
#include "inject.h"
#include "stack.h"
#include "taskset.h"
#include "transition.h"
#include "wait.h"

/* As patient as that before sleeping tasks are signalled, and between the rounds. */
#define FIRST_SIGNAL_SECONDS 5
#define SIGNAL_SECONDS 15
#define MAX_DELAY_MS 100
/*
 * Looks when it starts, and microseconds in between: what was on its way from one CPU to another, or
 * waited for one in a system call, is met soon. The next pass comes two ticks later.
 */
#define FIRST_LOOKS 4
#define LOOK_SPACE_US 300
/* After that time, one that waits for a CPU in a system call counts as asleep. */
#define STARVED_SECONDS 5
/* Interrupts in a look for one that runs in old code: a little later it may be somewhere else. */
#define INTERRUPTS 32
#define INTERRUPT_SPACE_US 20

/**
 * struct transition - the one that is under way; all under kp_mutex
 * @tasks:	the set in force; NULL: none is under way
 * @spare:	from kp_transition_prepare()
 * @from:	code to be left on the way from -> to
 * @to:		the same for the way back
 * @reversed:	under way from "to" to "from"
 * @done:	to be called at the end
 * @started:	no pass was made yet
 * @delay_ms:	until the next pass
 * @next_signal: in jiffies
 */
static struct transition {
	struct kp_tasks *tasks;
	struct kp_tasks *spare;
	struct kp_ranges *from, *to;
	bool reversed;
	bool started;
	void (*done)(void);
	unsigned int delay_ms;
	unsigned long next_signal;
} transition;

/*
 * For tasks that look at themselves, without kp_mutex: the set they may change (NULL: none), and
 * the ranges. @transition.from and .to are changed with it held, too. Taken in process context
 * only, before a task's pi_lock.
 */
static DEFINE_SPINLOCK(self_lock);
static struct kp_tasks *self_tasks;

/* CPUs that run a pending task; a CPU takes itself out. Under kp_mutex. */
static struct cpumask busy;

/* Whether calls that end are to be watched, and whether they are: the latter is watch_work's. */
static bool watch_wanted, watching;

/* Task works that wait somewhere. */
static atomic_t nr_invitations = ATOMIC_INIT(0);

static struct workqueue_struct *pass_wq;
static void pass_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(pass_work, pass_work_fn);
static void watch_work_fn(struct work_struct *work);
static DECLARE_WORK(watch_work, watch_work_fn);
static DEFINE_PER_CPU(struct work_struct, idle_work);

#ifdef KP_TEST
static bool hold_transition;
module_param(hold_transition, bool, 0644);
MODULE_PARM_DESC(hold_transition, "passes switch nobody");
#define held() READ_ONCE(hold_transition)
#else
#define held() false
#endif

/**
 * struct job - something that is done by a worker while the caller, with kp_mutex held, waits
 * @work:	on the caller's stack
 * @run:	what to do; the rest is for it
 * @waiter:	who that is
 * @tasks:	the set to work on
 * @rule:	to be put in force
 * @looks:	how many to make at most
 * @began:	when the last one did; nanoseconds
 * @result:	an error or 0
 *
 * The caller may be one of many that want the CPU, and then takes a tenfold time to look at
 * thousands of tasks. Workers of this queue have the highest priority of ordinary tasks.
 */
struct job {
	struct work_struct work;
	void (*run)(struct job *job);
	const struct task_struct *waiter;

	struct kp_tasks **tasks;
	struct kp_choice rule;
	unsigned int looks;
	u64 began;
	int result;
};

static void job_fn(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	job->run(job);
}

static int do_job(struct job *job)
{
	/* This is one of them. */
	if (current_work() == &pass_work.work) {
		job->run(job);
		return job->result;
	}
	INIT_WORK_ONSTACK(&job->work, job_fn);
	job->waiter = current;
	queue_work(pass_wq, &job->work);
	flush_work(&job->work);
	destroy_work_on_stack(&job->work);
	return job->result;
}

/* What tasks have to leave now. Under kp_mutex or self_lock. */
static const struct kp_ranges *outgoing(void)
{
	return transition.reversed ? transition.to : transition.from;
}

static void check(struct kp_tasks *tasks, unsigned long i, struct task_struct *task)
{
	struct kp_note *note = &tasks->notes[i];
	unsigned long address;
	enum kp_stack found = kp_stack_check(task, outgoing(), &address);

	WRITE_ONCE(note->address, address);
	WRITE_ONCE(note->state, found);
	WRITE_ONCE(note->running, task_curr(task));
	if (found == KP_STACK_CLEAN)
		kp_tasks_done(tasks, i);
}

struct look {
	struct kp_tasks *tasks;
	const struct task_struct *waiter; /* for this look, or NULL */
	unsigned long i;
	int cpu; /* that it runs on, or -1 */
};

static bool returns_to_user(const struct task_struct *task)
{
	unsigned int never = PF_KTHREAD | PF_IO_WORKER;

#ifdef PF_USER_WORKER
	never |= PF_USER_WORKER;
#endif
	return !(task->flags & never);
}

/*
 * It lost the CPU, or waits for it after a sleep, somewhere in a system call. There it is left alone,
 * even with no old code on its stack: it sleeps or returns soon, and as long as it does neither, the
 * call sees one version. The one that waits for this look is as good as asleep: it may just have had no
 * time for that, since the worker took its CPU at once.
 */
static bool in_system_call(const struct look *look, struct task_struct *task)
{
	return task != look->waiter && returns_to_user(task) && task_is_running(task) &&
	       !kp_stack_at_exit(task);
}

/*
 * It waits for a CPU, as it did that long ago, and was not switched out in between: it had none. It may never
 * get one, when a real-time task has it for itself.
 */
static bool is_starved(struct kp_note *note, const struct task_struct *task)
{
	unsigned long switches = task->nvcsw + task->nivcsw;

	if (note->waits_since && note->switches == switches)
		return time_after(jiffies, note->waits_since + STARVED_SECONDS * HZ);
	note->switches = switches;
	note->waits_since = jiffies ?: 1;
	return false;
}

/*
 * Called by task_call_func(): with the task's pi_lock, the run queue's lock if it is runnable, and
 * interrupts off. Nothing here may wake anybody, allocate, or print.
 */
static int look_at_pinned(struct task_struct *task, void *data)
{
	struct look *look = data;
	struct kp_note *note = &look->tasks->notes[look->i];

	look->cpu = -1;
	if (kp_task_dead(task)) {
		kp_tasks_done(look->tasks, look->i);
	} else if (task_curr(task) ||
		   (in_system_call(look, task) && !is_starved(note, task))) {
		if (task_curr(task))
			look->cpu = task_cpu(task);
		WRITE_ONCE(note->state, KP_STACK_RUNNING);
		WRITE_ONCE(note->running, true);
	} else {
		check(look->tasks, look->i, task);
	}
	return 0;
}

/*
 * Whether this interrupt came from user mode: what the innermost entry into the kernel says. Interrupts
 * for function calls have no get_irq_regs().
 */
static bool interrupted_user_mode(void)
{
	struct unwind_state state;
	struct pt_regs *regs;

	for (unwind_start(&state, current, NULL, NULL); !unwind_done(&state);
	     unwind_next_frame(&state)) {
		regs = unwind_get_entry_regs(&state, NULL);
		if (regs)
			return user_mode(regs);
	}
	return false;
}

/*
 * In an interrupt, on a CPU where a pending task was running: see kp_stack_check(). In a system call
 * it is left alone: see in_system_call().
 */
static void look_at_interrupted(void *data)
{
	struct kp_tasks *tasks = data;
	long i = kp_tasks_find(tasks, current);

	if (i >= 0 && (!returns_to_user(current) || interrupted_user_mode()))
		check(tasks, i, current);
	if (i < 0 || !kp_tasks_pending(tasks, i))
		cpumask_clear_cpu(smp_processor_id(), &busy);
}

static void look_at_busy(struct kp_tasks *tasks)
{
	int i;

	for (i = 0; i < INTERRUPTS && !cpumask_empty(&busy); i++) {
		if (i)
			udelay(INTERRUPT_SPACE_US);
		on_each_cpu_mask(&busy, look_at_interrupted, tasks, true);
		cond_resched();
	}
}

/* One look at each, or some more at those that run. */
static void look_at_all(struct kp_tasks *tasks, const struct task_struct *waiter)
{
	struct look look = { .tasks = tasks, .waiter = waiter };

	if (held())
		return;
	cpumask_clear(&busy);
	cpus_read_lock();
	kp_tasks_for_each_pending(tasks, look.i) {
		struct task_struct *task = kp_tasks_task(tasks, look.i);

		if (task == current) {
			check(tasks, look.i, task);
		} else if (tasks->notes[look.i].idle && !cpu_online(task_cpu(task))) {
			kp_tasks_done(tasks, look.i);
		} else {
			task_call_func(task, look_at_pinned, &look);
			if (look.cpu >= 0)
				cpumask_set_cpu(look.cpu, &busy);
		}
		cond_resched();
	}
	look_at_busy(tasks);
	cpus_read_unlock();
}

static void look_at(struct task_struct *task)
{
	struct look look;
	long i;

	spin_lock(&self_lock);
	i = self_tasks ? kp_tasks_find(self_tasks, task) : -1;
	if (i >= 0 && task == current) {
		check(self_tasks, i, task);
	} else if (i >= 0) {
		look = (struct look){ .tasks = self_tasks, .i = i };
		task_call_func(task, look_at_pinned, &look);
	}
	spin_unlock(&self_lock);
}

/* On some CPU, whose idle task therefore does not run now. */
static void idle_work_fn(struct work_struct *work)
{
	int cpu = get_cpu();

	if (!held())
		look_at(idle_task(cpu));
	put_cpu();
}

/*
 * On the way to user space, or while exiting. Which transition the task was invited by does not
 * matter: look_at() goes by the one that is under way.
 */
static void accept_invitation(struct callback_head *head)
{
	kfree(head);
	if (!held())
		look_at(current);
	atomic_dec(&nr_invitations);
}

/* Without memory: then at the next pass. */
static void invite(struct kp_tasks *tasks, unsigned long i)
{
	struct task_struct *task = kp_tasks_task(tasks, i);
	struct callback_head *head = kmalloc(sizeof(*head), GFP_KERNEL | __GFP_NOWARN);

	if (!head)
		return;
	tasks->notes[i].invited = true;
	init_task_work(head, accept_invitation);
	atomic_inc(&nr_invitations);
	if (task_work_add(task, head, TWA_RESUME)) {
		/* It is far into its exit, and will not come by. */
		atomic_dec(&nr_invitations);
		kfree(head);
	}
}

/* Those that were not taken, of a set that goes out of force. Others are being taken right now. */
static void cancel_invitations(struct kp_tasks *tasks)
{
	unsigned long i;

	if (!atomic_read(&nr_invitations))
		return;
	for (i = 0; i < tasks->capacity; i++) {
		struct callback_head *head;

		if (!kp_tasks_task(tasks, i) || !tasks->notes[i].invited)
			continue;
		head = task_work_cancel_func(kp_tasks_task(tasks, i), accept_invitation);
		if (head) {
			kfree(head);
			atomic_dec(&nr_invitations);
		}
		cond_resched();
	}
}

static void invite_all(struct kp_tasks *tasks)
{
	unsigned long i;

	cpus_read_lock();
	kp_tasks_for_each_pending(tasks, i) {
		struct task_struct *task = kp_tasks_task(tasks, i);
		int cpu = task_cpu(task);

		if (tasks->notes[i].idle && cpu_online(cpu))
			queue_work_on(cpu, system_highpri_wq, per_cpu_ptr(&idle_work, cpu));
		else if (returns_to_user(task) && !tasks->notes[i].invited)
			invite(tasks, i);
		cond_resched();
	}
	cpus_read_unlock();
}

/* In between, those that wait for a CPU get it. */
static void look_job(struct job *job)
{
	struct kp_tasks *tasks = *job->tasks;

	for (;;) {
		job->began = ktime_get_ns();
		look_at_all(tasks, job->waiter);
		if (!kp_tasks_count_pending(tasks))
			return;
		invite_all(tasks);
		if (!--job->looks)
			return;
		usleep_range(LOOK_SPACE_US, 2 * LOOK_SPACE_US);
	}
}

/*
 * What the kernel's own livepatch does: let system calls return early, to be restarted, and kernel
 * threads that wait for something that may not come look again. Never more than TASK_INTERRUPTIBLE:
 * a kernel thread that was created and not started sleeps uninterruptibly, and would start.
 */
static void signal_all(struct kp_tasks *tasks)
{
	unsigned long i;

	pr_notice("signaling remaining tasks\n");
	kp_tasks_for_each_pending(tasks, i) {
		struct task_struct *task = kp_tasks_task(tasks, i);

		if (tasks->notes[i].idle)
			continue;
		if (task->flags & PF_KTHREAD)
			wake_up_state(task, TASK_INTERRUPTIBLE);
		else
			set_notify_signal(task);
		cond_resched();
	}
}

/*
 * Some system calls run task works while they wait (io_uring's, KVM's): that uses up the invitation
 * with old code still on the stack, and the task may be back in the same wait as soon as it has
 * returned. Another invitation would end in the same way, however often it is repeated. This comes
 * when nothing of the call is left on the stack.
 */
static void probe_sys_exit(void *data, struct pt_regs *regs, long ret)
{
	/* Preemption is off: the memory is there, even if the set is out of force by now. */
	const struct kp_tasks *tasks = READ_ONCE(self_tasks);

	if (tasks && kp_tasks_find(tasks, current) >= 0 && !held())
		look_at(current);
}

/*
 * Not under kp_mutex: changing the probes of a tracepoint may wait for RCU, and that for the very
 * task that is in the way.
 */
static void watch_work_fn(struct work_struct *work)
{
	bool wanted = READ_ONCE(watch_wanted);

	if (wanted && !watching)
		watching = !register_trace_sys_exit(probe_sys_exit, NULL);
	else if (!wanted && watching)
		watching = unregister_trace_sys_exit(probe_sys_exit, NULL);
}

/* Costs every system call a little. Again at each pass, if there was no memory. */
static void watch(bool wanted)
{
	WRITE_ONCE(watch_wanted, wanted);
	queue_work(pass_wq, &watch_work);
}

/* From now on, tasks that look at themselves do so in @tasks; returns when none uses another. */
static void set_self_tasks(struct kp_tasks *tasks)
{
	spin_lock(&self_lock);
	WRITE_ONCE(self_tasks, tasks);
	spin_unlock(&self_lock);
}

static void replace_ranges(struct kp_ranges *from, struct kp_ranges *to)
{
	struct kp_ranges *old_from = transition.from, *old_to = transition.to;

	spin_lock(&self_lock);
	transition.from = from;
	transition.to = to;
	spin_unlock(&self_lock);
	kvfree(old_from);
	kvfree(old_to);
}

static void finish(void)
{
	struct kp_choice rule = { .other_to = !transition.reversed };
	struct kp_tasks *tasks = transition.tasks;

	set_self_tasks(NULL);
	if (watch_wanted)
		watch(false);
	kp_choose_rule(&rule);
	transition.done();
	rule.other_to = false;
	kp_choose_rule(&rule);
	transition.tasks = NULL;
	transition.reversed = false;
	cancel_invitations(tasks);
	kp_tasks_retire(tasks);
	replace_ranges(NULL, NULL);
}

/* A look that takes long is not repeated soon. */
static void pass_again(u64 took_ns)
{
	unsigned int took_ms = min_t(u64, div_u64(took_ns, NSEC_PER_MSEC), MSEC_PER_SEC);
	unsigned int ms = max(transition.delay_ms, 2 * took_ms);

	transition.delay_ms = min(2 * transition.delay_ms, (unsigned int)MAX_DELAY_MS);
	mod_delayed_work(pass_wq, &pass_work, msecs_to_jiffies(ms));
}

bool kp_transition_pass(void)
{
	struct kp_tasks *tasks = transition.tasks;
	struct job job = { .run = look_job, .tasks = &tasks };

	lockdep_assert_held(&kp_mutex);
	if (!tasks)
		return false;
	job.looks = transition.started ? FIRST_LOOKS : 1;
	transition.started = false;
	do_job(&job);
	if (!tasks->set.pending) {
		finish();
		return true;
	}
	if (transition.delay_ms >= MAX_DELAY_MS)
		watch(true);
	if (time_after_eq(jiffies, transition.next_signal)) {
		signal_all(tasks);
		transition.next_signal = jiffies + SIGNAL_SECONDS * HZ;
	}
	pass_again(ktime_get_ns() - job.began);
	return false;
}

static void pass_work_fn(struct work_struct *work)
{
	mutex_lock(&kp_mutex);
	kp_transition_pass();
	mutex_unlock(&kp_mutex);
}

static void enforce_job(struct job *job)
{
	cpus_read_lock();
	job->result = kp_tasks_enforce(job->tasks, transition.tasks, &job->rule);
	cpus_read_unlock();
}

/*
 * Put @next in force: all tasks but those that are pending now, in the direction @reversed. The
 * ones that are pending have arrived already, where it goes to now. Nobody may be switched
 * meanwhile, or he would be missing in both sets.
 */
static int turn(struct kp_tasks **next, bool reversed)
{
	struct job job = {
		.run = enforce_job,
		.tasks = next,
		.rule = { .pending_to = reversed, .other_to = !reversed },
	};
	int err;

	if (!kp_exit_complete())
		return -ENOMEM;
	set_self_tasks(NULL);
	err = do_job(&job);
	if (err) {
		set_self_tasks(transition.tasks);
		return err;
	}
	spin_lock(&self_lock);
	transition.reversed = reversed;
	WRITE_ONCE(self_tasks, *next);
	spin_unlock(&self_lock);
	transition.started = true;
	transition.delay_ms = 1;
	transition.next_signal = jiffies + FIRST_SIGNAL_SECONDS * HZ;
	return 0;
}

int kp_transition_prepare(void)
{
	lockdep_assert_held(&kp_mutex);
	if (!kp_exit_complete())
		return -ENOMEM;
	if (!transition.spare)
		transition.spare = kp_tasks_alloc();
	return transition.spare ? 0 : -ENOMEM;
}

void kp_transition_cancel(void)
{
	lockdep_assert_held(&kp_mutex);
	if (transition.spare)
		kp_tasks_retire(transition.spare);
	transition.spare = NULL;
	if (!transition.tasks)
		replace_ranges(NULL, NULL);
}

int kp_transition_start(void (*done)(void))
{
	int err;

	lockdep_assert_held(&kp_mutex);
	if (WARN_ON(transition.tasks || !transition.spare))
		return -EINVAL;
	err = turn(&transition.spare, false);
	if (err)
		return err;
	transition.done = done;
	transition.tasks = transition.spare;
	transition.spare = NULL;
	return 0;
}

int kp_transition_reverse(void)
{
	struct kp_tasks *next, *old = transition.tasks;
	int err;

	lockdep_assert_held(&kp_mutex);
	if (WARN_ON(!old))
		return -EINVAL;
	next = kp_tasks_alloc();
	if (!next)
		return -ENOMEM;
	err = turn(&next, !transition.reversed);
	if (err) {
		kp_tasks_retire(next);
		return err;
	}
	transition.tasks = next;
	cancel_invitations(old);
	kp_tasks_retire(old);
	return 0;
}

void kp_transition_force(void)
{
	unsigned long i;

	lockdep_assert_held(&kp_mutex);
	if (!transition.tasks)
		return;
	kp_tasks_for_each_pending(transition.tasks, i)
		kp_tasks_done(transition.tasks, i);
}

bool kp_transition_active(void)
{
	return transition.tasks;
}

bool kp_transition_reversed(void)
{
	return transition.reversed;
}

struct kp_ranges *kp_ranges_alloc(unsigned int max, gfp_t gfp)
{
	struct kp_ranges *ranges;

	return kvzalloc(struct_size(ranges, range, max), gfp);
}

void kp_transition_set_ranges(struct kp_ranges *from, struct kp_ranges *to)
{
	lockdep_assert_held(&kp_mutex);
	kp_ranges_sort(from);
	kp_ranges_sort(to);
	replace_ranges(from, to);
}

static const char *state_name(const struct kp_note *note)
{
	if (note->idle)
		return "idle";
	switch (note->state) {
	case KP_STACK_RUNNING:
		return "running";
	case KP_STACK_OLD:
		return note->running ? "running" : "sleeping";
	case KP_STACK_IN_TRANSIT:
		return "in-transit";
	case KP_STACK_UNRELIABLE:
		return "unreliable";
	default:
		return "waiting";
	}
}

/*
 * "-" if it is not in old code. A range may be all of a module, so the symbols are asked first. A
 * return address may lie behind the end of its function: see kp_ranges_find().
 */
static const char *function_name(const struct kp_note *note, char *buf)
{
	const struct kp_range *range = NULL;
	const char *name;
	char *module;

	if (note->state == KP_STACK_OLD)
		range = kp_ranges_find(outgoing(), note->address);
	if (!range)
		return "-";
	name = kallsyms_lookup(note->address - 1, NULL, NULL, &module, buf);
	return name ? name : range->name;
}

ssize_t kp_transition_blockers(char *buf)
{
	struct kp_tasks *tasks = transition.tasks;
	char symbol[KSYM_NAME_LEN], comm[TASK_COMM_LEN];
	ssize_t len = 0;
	unsigned long i;

	lockdep_assert_held(&kp_mutex);
	if (!tasks)
		return 0;
	kp_tasks_for_each_pending(tasks, i) {
		struct task_struct *task = kp_tasks_task(tasks, i);
		const struct kp_note *note = &tasks->notes[i];

		/* Anybody may call himself anything, newlines included. */
		get_task_comm(comm, task);
		len += scnprintf(buf + len, PAGE_SIZE - len, "%d %*pE %s %s\n", task->pid,
				 (int)strlen(comm), comm, state_name(note),
				 function_name(note, symbol));
	}
	return len;
}

void kp_transition_quiesce(void)
{
	/* On 6.1 for those in exit, too. */
	kp_wait_chooser();
	/* Those that sleep in exit, on 6.12. */
	kp_exit_wait();
}

int kp_transition_init(void)
{
	int cpu, err;

	pass_wq = kp_inject() ? NULL : alloc_workqueue("kpatch", WQ_UNBOUND | WQ_HIGHPRI, 0);
	if (!pass_wq)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		INIT_WORK(per_cpu_ptr(&idle_work, cpu), idle_work_fn);
	kp_stack_init();
	err = kp_exit_init();
	if (err)
		destroy_workqueue(pass_wq);
	return err;
}

void kp_transition_exit(void)
{
	int cpu;

	cancel_delayed_work_sync(&pass_work);
	/* After watch_work, which was queued when the last transition was over. */
	destroy_workqueue(pass_wq);
	for_each_possible_cpu(cpu)
		flush_work(per_cpu_ptr(&idle_work, cpu));
	/*
	 * A task may have taken its list of works before they were cancelled, and be busy with
	 * another one; and behind the last count it may have been preempted before it returned.
	 */
	while (atomic_read(&nr_invitations))
		msleep(20);
	kp_wait_rcu_tasks();
	kp_exit_exit();
	kp_tasks_exit();
}
