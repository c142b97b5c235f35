// SPDX-License-Identifier: GPL-2.0
/*
 * The module that is patched. /proc/NAME: ioctl(fd, how) and read() are one call each, -EILSEQ
 * if the versions did not belong together; read gives the digit of the version.
 * /proc/NAME_control: reading gives the counters; writing "leaf 1", "busy 1" starts a kernel
 * thread in kpt_leaf(), or one that makes calls all the time; 0 stops it.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <asm/tsc.h>

#include "kpt.h"

#ifndef KPT_NAME
#define KPT_NAME "kpt_target"
#endif

KPT_DEFINE(static noinline __noclone, kpt_, 0)

struct counters {
	unsigned long calls, mixed, version[4];
};
static DEFINE_PER_CPU(struct counters, counters);
static DECLARE_WAIT_QUEUE_HEAD(nobody_wakes);

static noinline void kpt_pause(struct kpt_call *call)
{
	unsigned int i, amount = call->how >> 8;

	switch (call->how & 15) {
	case KPT_SPIN:
		for (i = 0; i < amount; i++)
			cpu_relax();
		break;
	case KPT_YIELD:
		for (i = 0; i < amount; i++)
			yield();
		break;
	case KPT_SLEEP_US:
		usleep_range(amount, amount + 50);
		break;
	case KPT_WAIT_MS:
		wait_event_interruptible_timeout(nobody_wakes, false, msecs_to_jiffies(amount));
		break;
	}
}

/* The originals are called by address: the call at their entry decides what runs. */
static int one_call(unsigned int how)
{
	void (*entry)(struct kpt_call *call) = kpt_entry;
	struct kpt_call call = {
		.first = kpt_first, .second = kpt_second, .pause = kpt_pause, .how = how,
		.version = { -1, -1, -1 },
	};
	bool mixed;

	OPTIMIZER_HIDE_VAR(entry);
	entry(&call);
	mixed = kpt_mixed(call.version);
	this_cpu_inc(counters.calls);
	if (call.version[0] >= 0 && call.version[0] < 4)
		this_cpu_inc(counters.version[call.version[0]]);
	if (!mixed)
		return call.version[0];
	this_cpu_inc(counters.mixed);
	pr_err("mixed versions: %d %d %d in %s/%d, pause %#x\n", call.version[0], call.version[1],
	       call.version[2], current->comm, current->pid, how);
	return -EILSEQ;
}

static long target_ioctl(struct file *file, unsigned int how, unsigned long arg)
{
	return one_call(how);
}

static ssize_t target_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	int version = one_call(KPT_ON);

	if (version < 0)
		return version;
	if (!size || put_user((char)('0' + version), buf))
		return -EFAULT;
	return 1;
}

static const struct proc_ops target_ops = {
	.proc_ioctl = target_ioctl,
	.proc_read = target_read,
};

/* ---- kernel threads ---- */

static struct task_struct *leaf_thread, *busy_thread;
static struct kpt_leave leave_leaf;

static int leaf_main(void *data)
{
	int (*leaf)(const struct kpt_leave *leave) = kpt_leaf;

	OPTIMIZER_HIDE_VAR(leaf);
	pr_info("the thread left version %d of the leaf\n", leaf(&leave_leaf));
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}

/*
 * Runs all the time, for much longer than a transition takes; mostly it is in no function that is ever
 * patched. It does sleep for a tick now and then, since modules can be let go only after each task has slept.
 */
static int busy_main(void *data)
{
	struct kpt_call outside = { .how = KPT_SPIN | 400 << 8 };
	unsigned long rest = jiffies + HZ / 2;

	while (!kthread_should_stop()) {
		if (time_after(jiffies, rest)) {
			schedule_timeout_uninterruptible(1);
			rest = jiffies + HZ / 2;
		}
		one_call(KPT_SPIN | 10 << 8);
		kpt_pause(&outside);
		cond_resched();
	}
	return 0;
}

static int start(struct task_struct **thread, int (*main)(void *data), const char *name)
{
	if (*thread)
		return -EBUSY;
	leave_leaf.tsc = rdtsc() + 10000ULL * tsc_khz;
	WRITE_ONCE(leave_leaf.now, false);
	*thread = kthread_run(main, NULL, "%s", name);
	if (!IS_ERR(*thread))
		return 0;
	*thread = NULL;
	return -ENOMEM;
}

static int stop(struct task_struct **thread)
{
	if (!*thread)
		return 0;
	WRITE_ONCE(leave_leaf.now, true);
	kthread_stop(*thread);
	*thread = NULL;
	return 0;
}

static ssize_t control_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	char text[16] = "";
	int ret = -EINVAL;

	if (size >= sizeof(text) || copy_from_user(text, user, size))
		return -EINVAL;
	if (sysfs_streq(text, "leaf 1"))
		ret = start(&leaf_thread, leaf_main, "kpt-leaf");
	else if (sysfs_streq(text, "leaf 0"))
		ret = stop(&leaf_thread);
	else if (sysfs_streq(text, "busy 1"))
		ret = start(&busy_thread, busy_main, "kpt-busy");
	else if (sysfs_streq(text, "busy 0"))
		ret = stop(&busy_thread);
	return ret ? ret : (ssize_t)size;
}

static int control_show(struct seq_file *m, void *v)
{
	struct counters sum = {};
	int cpu, i;

	for_each_possible_cpu(cpu) {
		struct counters *c = per_cpu_ptr(&counters, cpu);

		sum.calls += c->calls;
		sum.mixed += c->mixed;
		for (i = 0; i < 4; i++)
			sum.version[i] += c->version[i];
	}
	seq_printf(m, "calls %lu mixed %lu v0 %lu v1 %lu v2 %lu v3 %lu\n", sum.calls, sum.mixed,
		   sum.version[0], sum.version[1], sum.version[2], sum.version[3]);
	return 0;
}

static int control_open(struct inode *inode, struct file *file)
{
	return single_open(file, control_show, NULL);
}

static const struct proc_ops control_ops = {
	.proc_open = control_open,
	.proc_read = seq_read,
	.proc_write = control_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static int __init target_init(void)
{
	if (proc_create(KPT_NAME, 0666, NULL, &target_ops) &&
	    proc_create(KPT_NAME "_control", 0600, NULL, &control_ops))
		return 0;
	remove_proc_entry(KPT_NAME, NULL);
	return -ENOMEM;
}

static void __exit target_exit(void)
{
	remove_proc_entry(KPT_NAME "_control", NULL);
	remove_proc_entry(KPT_NAME, NULL);
	stop(&leaf_thread);
	stop(&busy_thread);
}

module_init(target_init);
module_exit(target_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Target of the torture test");
