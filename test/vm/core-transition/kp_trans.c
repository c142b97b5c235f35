// SPDX-License-Identifier: GPL-2.0
/*
 * Transitions without patches: functions of this module, each in an old and a new version, switched
 * with the core's own redirect and transition code, and threads that make it difficult.
 *
 * /proc/kp_trans		write: a command, see commands[]; read: figures, and who holds it up
 * /proc/kp_trans_pair		read: call the patched functions, nested and one after the other
 * /proc/kp_trans_sleep		read: sleep in a patched function until "wake" or a signal
 * /proc/kp_trans_deep		read: the same without a chance for signals
 * /proc/kp_trans_chores		read: wait in a patched function for "tick", and run task works meanwhile
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kallsyms.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "core.h"
#include "guard.h"
#include "redirect.h"
#include "transition.h"

DEFINE_MUTEX(kp_mutex);

static DECLARE_WAIT_QUEUE_HEAD(gate);
static bool gate_open, stop;
static unsigned long ticks;
static atomic_long_t calls = ATOMIC_LONG_INIT(0), mixed = ATOMIC_LONG_INIT(0);
static atomic_long_t new_calls = ATOMIC_LONG_INIT(0);
static unsigned long finished;
static bool patched, target_patched;
static u64 began_ns, took_ns;

enum { OLD, NEW };

/* ---- the patched functions ---- */

static noinline __noclone int inner_one(int x)
{
	return x * 2 + OLD;
}

static noinline __noclone int inner_one_new(int x)
{
	return x * 2 + NEW;
}

static noinline __noclone int inner_two(int x)
{
	return x * 2 + OLD;
}

static noinline __noclone int inner_two_new(int x)
{
	return x * 2 + NEW;
}

/* What there is to know about a call that saw two versions. */
static noinline void tell_mixed(int version, int one, int two)
{
	atomic_long_inc(&mixed);
	pr_info("mixed: %s %d flags %#x cpu %d: outer %d, inner %d %d; %lu finished, active %d, reversed %d, to %d\n",
		current->comm, current->pid, current->flags, raw_smp_processor_id(), version, one & 1,
		two & 1, finished, kp_transition_active(), kp_transition_reversed(), target_patched);
}

static void judge(int version, int one, int two)
{
	atomic_long_inc(&calls);
	if (version == NEW)
		atomic_long_inc(&new_calls);
	if ((one & 1) != version || (two & 1) != version)
		tell_mixed(version, one, two);
}

static noinline __noclone int outer(int x)
{
	int one = inner_one(x), two;

	if (!(x & 0xff))
		cond_resched();
	two = inner_two(x);
	judge(OLD, one, two);
	return OLD;
}

static noinline __noclone int outer_new(int x)
{
	int one = inner_one(x), two;

	if (!(x & 0xff))
		cond_resched();
	two = inner_two(x);
	judge(NEW, one, two);
	return NEW;
}

static noinline __noclone int doze(void)
{
	return wait_event_interruptible(gate, gate_open) ? -EINTR : OLD;
}

static noinline __noclone int doze_new(void)
{
	return NEW;
}

static noinline __noclone int doze_deep(void)
{
	wait_event(gate, gate_open);
	return OLD;
}

static noinline __noclone int doze_deep_new(void)
{
	return NEW;
}

/* As io_uring and KVM wait: task works are run on the way. */
static __always_inline int do_chores(int version)
{
	unsigned long seen = READ_ONCE(ticks);

	while (READ_ONCE(ticks) == seen) {
		schedule_timeout_interruptible(1);
		clear_notify_signal();
		if (task_work_pending(current))
			task_work_run();
		if (task_sigpending(current))
			return -EINTR;
	}
	return version;
}

static noinline __noclone int chores(void)
{
	return do_chores(OLD);
}

static noinline __noclone int chores_new(void)
{
	return do_chores(NEW);
}

/* A leaf: nothing but the interrupted address tells that it is there. */
static noinline __noclone int leaf(void)
{
	while (!READ_ONCE(stop))
		cpu_relax();
	return OLD;
}

static noinline __noclone int leaf_new(void)
{
	return NEW;
}

static noinline void nothing(void)
{
	barrier();
}

/*
 * Spends much of its time at the first instruction of a retpoline, if the kernel uses them: some kernels' data for
 * the unwinder say of it that the stack ends there.
 */
static __always_inline int do_twirl(int version)
{
	void (*call)(void) = nothing;

	while (!READ_ONCE(stop)) {
		OPTIMIZER_HIDE_VAR(call);
		call();
	}
	return version;
}

static noinline __noclone int twirl(void)
{
	return do_twirl(OLD);
}

static noinline __noclone int twirl_new(void)
{
	return do_twirl(NEW);
}

/*
 * Where the kernel can be preempted anywhere, cond_resched() does nothing, and only an interrupt between
 * two calls finds the thread outside. No cpu_relax(): an emulator lets interrupts in there, and hardly
 * anywhere else.
 */
static noinline __noclone int step(void)
{
	int i;

	for (i = 0; i < 50; i++)
		barrier();
	return OLD;
}

static noinline __noclone int step_new(void)
{
	int i;

	for (i = 0; i < 50; i++)
		barrier();
	return NEW;
}

static struct function {
	const char *name;
	void *old, *new;
	struct kp_redirect *redirect;
} functions[] = {
	{ "inner_one", inner_one, inner_one_new },
	{ "inner_two", inner_two, inner_two_new },
	{ "outer", outer, outer_new },
	{ "doze", doze, doze_new },
	{ "doze_deep", doze_deep, doze_deep_new },
	{ "chores", chores, chores_new },
	{ "leaf", leaf, leaf_new },
	{ "twirl", twirl, twirl_new },
	{ "step", step, step_new },
};

#define for_each_function(f) for (f = functions; f < functions + ARRAY_SIZE(functions); f++)

/* ---- kernel threads ---- */

static struct task_struct *leaf_thread, *twirl_thread, *step_thread, *busy_thread;

static int wait_for_stop(int version)
{
	pr_info("%s returned version %d\n", current->comm, version);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}

static int run_leaf(void *data)
{
	return wait_for_stop(leaf());
}

static int run_twirl(void *data)
{
	return wait_for_stop(twirl());
}

static int run_steps(void *data)
{
	while (!kthread_should_stop()) {
		step();
		cond_resched();
	}
	return 0;
}

static int run_busy(void *data)
{
	while (!kthread_should_stop()) {
		cpu_relax();
		cond_resched();
	}
	return 0;
}

/* ---- commands ---- */

static void cover(struct kp_ranges *ranges, void *func, const char *name)
{
	unsigned long size = 0, offset = 0;

	kallsyms_lookup_size_offset((unsigned long)func, &size, &offset);
	ranges->range[ranges->count++] = (struct kp_range){
		.start = (unsigned long)func, .end = (unsigned long)func + size, .name = name,
	};
}

static void arrived(void)
{
	struct function *f;

	patched = target_patched != kp_transition_reversed();
	for_each_function(f)
		kp_redirect_set(f->redirect, patched ? (unsigned long)f->new :
				kp_redirect_original(f->redirect));
	took_ns = ktime_get_ns() - began_ns;
	finished++;
}

static void choose(struct function *f, bool enable)
{
	unsigned long original = kp_redirect_original(f->redirect);

	if (enable)
		kp_redirect_choose(f->redirect, original, (unsigned long)f->new);
	else
		kp_redirect_choose(f->redirect, (unsigned long)f->new, original);
}

static int start(bool enable)
{
	struct kp_ranges *old, *new;
	struct function *f;
	int err;

	if (kp_transition_active())
		return -EBUSY;
	if (patched == enable)
		return -EINVAL;
	began_ns = ktime_get_ns();
	err = kp_transition_prepare();
	if (err)
		return err;
	old = kp_ranges_alloc(ARRAY_SIZE(functions), GFP_KERNEL);
	new = kp_ranges_alloc(ARRAY_SIZE(functions), GFP_KERNEL);
	if (!old || !new) {
		kvfree(old);
		kvfree(new);
		kp_transition_cancel();
		return -ENOMEM;
	}
	for_each_function(f) {
		cover(old, f->old, f->name);
		cover(new, f->new, f->name);
		choose(f, enable);
	}
	kp_transition_set_ranges(enable ? old : new, enable ? new : old);
	target_patched = enable;
	err = kp_transition_start(arrived);
	if (err) {
		for_each_function(f)
			kp_redirect_set(f->redirect, patched ? (unsigned long)f->new :
					kp_redirect_original(f->redirect));
		kp_transition_cancel();
		return err;
	}
	kp_transition_pass();
	return 0;
}

static int enable(void)
{
	return start(true);
}

static int disable(void)
{
	return start(false);
}

static int reverse(void)
{
	int err;

	if (!kp_transition_active())
		return -EINVAL;
	err = kp_transition_reverse();
	if (!err)
		kp_transition_pass();
	return err;
}

static int force(void)
{
	kp_transition_force();
	kp_transition_pass();
	return 0;
}

static int wake(void)
{
	gate_open = true;
	wake_up_all(&gate);
	return 0;
}

static int close_gate(void)
{
	gate_open = false;
	return 0;
}

static int tick(void)
{
	WRITE_ONCE(ticks, ticks + 1);
	return 0;
}

static int run_thread(struct task_struct **thread, int (*run)(void *data), const char *name)
{
	if (*thread)
		return -EBUSY;
	*thread = kthread_run(run, NULL, name);
	if (IS_ERR(*thread)) {
		*thread = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int spin_leaf(void)
{
	WRITE_ONCE(stop, false);
	return run_thread(&leaf_thread, run_leaf, "kp_leaf");
}

static int spin_twirl(void)
{
	WRITE_ONCE(stop, false);
	return run_thread(&twirl_thread, run_twirl, "kp_twirl");
}

static int spin_steps(void)
{
	return run_thread(&step_thread, run_steps, "kp_steps");
}

static int spin_busy(void)
{
	return run_thread(&busy_thread, run_busy, "kp_busy");
}

static int stop_spinning(void)
{
	WRITE_ONCE(stop, true);
	if (leaf_thread)
		kthread_stop(leaf_thread);
	if (twirl_thread)
		kthread_stop(twirl_thread);
	if (step_thread)
		kthread_stop(step_thread);
	if (busy_thread)
		kthread_stop(busy_thread);
	leaf_thread = NULL;
	twirl_thread = NULL;
	busy_thread = NULL;
	step_thread = NULL;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} commands[] = {
	{ "enable", enable },	  { "disable", disable },	{ "reverse", reverse },
	{ "force", force },	  { "wake", wake },		{ "close", close_gate },
	{ "tick", tick },
	{ "spin_leaf", spin_leaf }, { "spin_twirl", spin_twirl }, { "spin_steps", spin_steps }, { "spin_busy", spin_busy },
	{ "stop", stop_spinning },
};

static ssize_t write_command(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	char text[32] = "";
	size_t i;
	int err = -ENOENT;

	if (size >= sizeof(text) || copy_from_user(text, buf, size))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (sysfs_streq(text, commands[i].name)) {
			mutex_lock(&kp_mutex);
			err = commands[i].run();
			mutex_unlock(&kp_mutex);
		}
	}
	/* Outside of the mutex: nothing that a transition left may stop this. */
	if (sysfs_streq(text, "quiesce")) {
		kp_transition_quiesce();
		err = 0;
	}
	return err ?: size;
}

static ssize_t read_state(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	char *page = (char *)get_zeroed_page(GFP_KERNEL);
	ssize_t len;

	if (!page)
		return -ENOMEM;
	mutex_lock(&kp_mutex);
	len = scnprintf(page, 512,
			"active %d\nreversed %d\npatched %d\nfinished %lu\nus %llu\ncalls %ld\nnew %ld\nmixed %ld\n",
			kp_transition_active(), kp_transition_reversed(), patched, finished,
			took_ns / 1000, atomic_long_read(&calls), atomic_long_read(&new_calls),
			atomic_long_read(&mixed));
	mutex_unlock(&kp_mutex);
	len = simple_read_from_buffer(buf, size, pos, page, len);
	free_page((unsigned long)page);
	return len;
}

static int show_blockers(struct seq_file *seq, void *v)
{
	char *page = (char *)get_zeroed_page(GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	mutex_lock(&kp_mutex);
	kp_transition_blockers(page);
	mutex_unlock(&kp_mutex);
	seq_puts(seq, page);
	free_page((unsigned long)page);
	return 0;
}

/* "0\n" again and again; a shell reads it byte by byte. */
static ssize_t version_to_user(int version, char __user *buf, size_t size, loff_t *pos)
{
	char text[3] = { '0' + version, '\n' };

	if (version < 0)
		return -ERESTARTSYS;
	size = min_t(size_t, size, 2 - *pos % 2);
	if (copy_to_user(buf, text + *pos % 2, size))
		return -EFAULT;
	*pos += size;
	return size;
}

static ssize_t read_pair(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	int i, version = OLD;

	for (i = 0; i < 1000; i++)
		version = outer(i);
	return version_to_user(version, buf, size, pos);
}

static ssize_t read_sleep(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	return version_to_user(doze(), buf, size, pos);
}

static ssize_t read_deep(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	return version_to_user(doze_deep(), buf, size, pos);
}

static ssize_t read_chores(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	return version_to_user(chores(), buf, size, pos);
}

static const struct proc_ops main_ops = { .proc_read = read_state, .proc_write = write_command };
static const struct proc_ops pair_ops = { .proc_read = read_pair };
static const struct proc_ops sleep_ops = { .proc_read = read_sleep };
static const struct proc_ops deep_ops = { .proc_read = read_deep };
static const struct proc_ops chores_ops = { .proc_read = read_chores };

static void put_redirects(void)
{
	struct function *f;

	for_each_function(f) {
		if (!IS_ERR_OR_NULL(f->redirect))
			kp_redirect_put(f->redirect);
	}
}

static void remove_files(void)
{
	remove_proc_entry("kp_trans", NULL);
	remove_proc_entry("kp_trans_pair", NULL);
	remove_proc_entry("kp_trans_sleep", NULL);
	remove_proc_entry("kp_trans_deep", NULL);
	remove_proc_entry("kp_trans_chores", NULL);
	remove_proc_entry("kp_trans_blockers", NULL);
}

static int __init kp_trans_init(void)
{
	struct function *f;
	int err;

	err = kp_guard_init();
	if (err)
		return err;
	err = kp_redirect_init();
	if (err)
		goto no_redirect;
	err = kp_transition_init();
	if (err)
		goto no_transition;
	mutex_lock(&kp_mutex);
	for_each_function(f) {
		f->redirect = kp_redirect_get((unsigned long)f->old, THIS_MODULE);
		if (IS_ERR(f->redirect)) {
			err = PTR_ERR(f->redirect);
			pr_err("%s: no redirect: %d\n", f->name, err);
			put_redirects();
			mutex_unlock(&kp_mutex);
			goto no_redirects;
		}
	}
	mutex_unlock(&kp_mutex);
	proc_create("kp_trans", 0600, NULL, &main_ops);
	proc_create("kp_trans_pair", 0400, NULL, &pair_ops);
	proc_create("kp_trans_sleep", 0400, NULL, &sleep_ops);
	proc_create("kp_trans_deep", 0400, NULL, &deep_ops);
	proc_create("kp_trans_chores", 0400, NULL, &chores_ops);
	proc_create_single("kp_trans_blockers", 0400, NULL, show_blockers);
	return 0;

no_redirects:
	kp_transition_exit();
no_transition:
	kp_redirect_exit();
no_redirect:
	kp_guard_exit();
	return err;
}

static void __exit kp_trans_exit(void)
{
	remove_files();
	mutex_lock(&kp_mutex);
	stop_spinning();
	wake();
	while (kp_transition_active())
		force();
	put_redirects();
	mutex_unlock(&kp_mutex);
	kp_transition_exit();
	kp_redirect_exit();
	kp_guard_exit();
}

module_init(kp_trans_init);
module_exit(kp_trans_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Tests transitions of the bundled core");
