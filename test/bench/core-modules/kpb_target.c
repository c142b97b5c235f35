// SPDX-License-Identifier: GPL-2.0
/*
 * What is patched. /proc/kpb: writing "calls N" makes N calls of a function; reading then gives the TSC
 * ticks that one took, times 1000. "busy 1" starts a kernel thread that never sleeps, "busy 0" stops it.
 * Between "late 1" and "late 0" it is watched how long interrupts are off at most; reading then gives
 * the nanoseconds.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <asm/tsc.h>

#include "functions.h"
#include "late.h"

#define DEFINE(n)							\
	noinline __noclone int kpb_##n(int x);				\
	noinline __noclone int kpb_##n(int x)				\
	{								\
		return x + 1;						\
	}
EACH(DEFINE)

static u64 result;
static struct task_struct *busy;

/* By address, so that the compiler neither knows what is called nor leaves a call out. */
static noinline u64 make_calls(unsigned int count, int (*function)(int x))
{
	unsigned long flags;
	u64 began, took;
	unsigned int i;

	local_irq_save(flags);
	began = rdtsc_ordered();
	for (i = 0; i < count; i++)
		function((int)i);
	took = rdtsc_ordered() - began;
	local_irq_restore(flags);
	return took * 1000 / count;
}

static int busy_main(void *data)
{
	while (!kthread_should_stop()) {
		udelay(20);
		cond_resched();
	}
	return 0;
}

static int set_busy(bool on)
{
	struct task_struct *task;

	if (!on && busy) {
		kthread_stop(busy);
		busy = NULL;
	} else if (on && !busy) {
		task = kthread_run(busy_main, NULL, "kpb-busy");
		if (IS_ERR(task))
			return PTR_ERR(task);
		busy = task;
	}
	return 0;
}

static void set_late(bool on)
{
	static bool is_on;

	if (on && !is_on)
		late_start();
	if (!on && is_on)
		late_end();
	is_on = on;
	result = late_ns;
}

static ssize_t kpb_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	int (*function)(int x) = kpb_0;
	char text[32] = "";
	unsigned int value;
	int ret = 0;

	if (size >= sizeof(text) || copy_from_user(text, user, size))
		return -EINVAL;
	OPTIMIZER_HIDE_VAR(function);
	if (sscanf(text, "calls %u", &value) == 1 && value)
		result = make_calls(value, function);
	else if (sscanf(text, "busy %u", &value) == 1)
		ret = set_busy(value);
	else if (sscanf(text, "late %u", &value) == 1)
		set_late(value);
	else
		ret = -EINVAL;
	return ret ? ret : (ssize_t)size;
}

static int kpb_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%llu\n", result);
	return 0;
}

static int kpb_open(struct inode *inode, struct file *file)
{
	return single_open(file, kpb_show, NULL);
}

static const struct proc_ops kpb_ops = {
	.proc_open = kpb_open,
	.proc_read = seq_read,
	.proc_write = kpb_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static int __init kpb_init(void)
{
	return proc_create("kpb", 0600, NULL, &kpb_ops) ? 0 : -ENOMEM;
}

static void __exit kpb_exit(void)
{
	remove_proc_entry("kpb", NULL);
	set_busy(false);
	set_late(false);
}

module_init(kpb_init);
module_exit(kpb_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Target of the benchmark");
