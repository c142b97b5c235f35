// SPDX-License-Identifier: GPL-2.0
/*
 * kp_rd.ko: redirect.c, choose.c and the stubs of the core with a command line of their own: a command is
 * written to the parameter "run", and what it found is in "result", its duration in "ms".
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/gcd.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/objtool.h>
#include <linux/slab.h>
#include <linux/stdarg.h>

#include "choose.h"
#include "compat.h"
#include "core.h"
#include "kp_rd.h"
#include "redirect.h"

DEFINE_MUTEX(kp_mutex);

static char result[128];
static unsigned int ms;
static struct task_struct *spinner;

/* The target's functions: post-link resolves references to vmlinux only. */
static struct {
	typeof(&rdt_add) add;
	typeof(&rdt_eight) eight;
	typeof(&rdt_sum) sum;
	typeof(&rdt_bpf) bpf;
	typeof(&rdt_many) many;
} target;

static int new_add(int a, int b)
{
	return a + b + 1000;
}

static long new_eight(long a, long b, long c, long d, long e, long f, long g, long h)
{
	return -(a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * g + 10000000 * h);
}

static long new_sum(int count, ...)
{
	long sum = 0;
	va_list args;

	va_start(args, count);
	while (count--)
		sum -= va_arg(args, long);
	va_end(args);
	return sum;
}

static int new_bpf(int a)
{
	return a + 2000;
}

static int new_many(int a)
{
	return a;
}

static unsigned long new_gcd(unsigned long a, unsigned long b)
{
	return a == 12 && b == 18 ? 4711 : 1;
}

/* One line: what all of a function's arguments make of it. */
static long call_add(void)
{
	return target.add(1, 2);
}

static long call_eight(void)
{
	return target.eight(1, 2, 3, 4, 5, 6, 7, 8);
}

static long call_sum(void)
{
	return target.sum(7, 1L, 2L, 4L, 8L, 16L, 32L, 64L);
}

static long call_bpf(void)
{
	return target.bpf(1);
}

static long call_gcd(void)
{
	return gcd(12, 18);
}

static struct {
	const char *name;
	void *old;	/* of vmlinux: the function; else what points to it */
	void *new;
	long (*call)(void);
	bool vmlinux;
	struct kp_redirect *redirect;
} functions[] = {
	{ "add", &target.add, new_add, call_add },
	{ "eight", &target.eight, new_eight, call_eight },
	{ "sum", &target.sum, new_sum, call_sum },
	{ "bpf", &target.bpf, new_bpf, call_bpf },
	{ "gcd", gcd, new_gcd, call_gcd, true },
	/* Without an entry call. */
	{ "untraceable", kp_choose, new_add, call_add, true },
};

/* Stands for a BPF trampoline: shares the function with what changes the ip, and changes nothing. */
asm(".pushsection .text, \"ax\"\n"
    ".type rd_trampoline, @function\n"
    "rd_trampoline:\n"
    ANNOTATE_NOENDBR
    "	" ASM_RET
    ".size rd_trampoline, .-rd_trampoline\n"
    ".popsection\n");
extern void rd_trampoline(void);

static int share(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	return 0;
}

static struct ftrace_ops bpf_ops = { .ops_func = share };

static int bpf_attach(void)
{
	int ret = ftrace_set_filter_ip(&bpf_ops, ftrace_location((unsigned long)target.bpf), 0, 0);

	return ret ? ret : kp_register_direct(&bpf_ops, (unsigned long)rd_trampoline);
}

static int bpf_detach(void)
{
	return kp_unregister_direct(&bpf_ops, (unsigned long)rd_trampoline);
}

/* A set with or without the current task in it, whose address must not be the only entry. */
static struct kp_taskset *make_set(unsigned long entry)
{
	struct kp_taskset *set = kzalloc(struct_size(set, entries, 8), GFP_KERNEL);
	unsigned long slot;

	if (!set)
		return NULL;
	set->mask = 7;
	slot = kp_taskset_slot(set, current);
	/* A stranger is in our place. */
	set->entries[slot] = (unsigned long)set;
	if (entry)
		set->entries[(slot + 1) & 7] = entry;
	return set;
}

/* chooser NAME: all that the chooser can find; writes the results one after the other. */
static int try_chooser(size_t nr)
{
	struct kp_redirect *redirect = functions[nr].redirect;
	unsigned long old = kp_redirect_original(redirect), task = (unsigned long)current;
	const unsigned long entries[] = { 0, task, task | KP_TASK_DONE };
	struct kp_choice rule = { };
	size_t i, used = 0;

	kp_redirect_choose(redirect, old, (unsigned long)functions[nr].new);
	used += scnprintf(result + used, sizeof(result) - used, "%ld", functions[nr].call());
	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		struct kp_taskset *set = make_set(entries[i]);

		if (!set)
			return -ENOMEM;
		rule = (struct kp_choice){ .set = set, .pending_to = false, .other_to = true };
		kp_choose_rule(&rule);
		used += scnprintf(result + used, sizeof(result) - used, " %ld", functions[nr].call());
		rule = (struct kp_choice){ .set = set, .pending_to = true, .other_to = false };
		kp_choose_rule(&rule);
		used += scnprintf(result + used, sizeof(result) - used, " %ld", functions[nr].call());
		rule = (struct kp_choice){ .other_to = true };
		kp_choose_rule(&rule);
		synchronize_rcu_tasks();
		synchronize_rcu_tasks_rude();
		kfree(set);
	}
	used += scnprintf(result + used, sizeof(result) - used, " %ld", functions[nr].call());
	kp_redirect_set(redirect, old);
	rule = (struct kp_choice){ };
	kp_choose_rule(&rule);
	scnprintf(result + used, sizeof(result) - used, " %ld", functions[nr].call());
	return 0;
}

/* The target stays while it is used (symbol_get()); finding it is what needs protection. */
static struct module *module_of(const void *function)
{
	struct module *mod;

	preempt_disable();
	mod = __module_text_address((unsigned long)function);
	preempt_enable();
	return mod;
}

static struct kp_redirect *many[MANY];

/* As for a patch with many functions: all under kp_mutex, in which no worker comes in between. */
static int get_many(void)
{
	size_t i;
	int ret = 0;

	mutex_lock(&kp_mutex);
	for (i = 0; !ret && i < MANY; i++) {
		many[i] = kp_redirect_get((unsigned long)(*target.many)[i],
					  module_of((*target.many)[i]));
		if (IS_ERR(many[i]))
			ret = PTR_ERR(many[i]);
		else
			kp_redirect_set(many[i], (unsigned long)new_many);
	}
	mutex_unlock(&kp_mutex);
	return ret;
}

static int put_many(void)
{
	size_t i;

	mutex_lock(&kp_mutex);
	for (i = 0; i < MANY; i++)
		kp_redirect_put(many[i]);
	mutex_unlock(&kp_mutex);
	return 0;
}

static int call_many(void)
{
	long sum = 0;
	size_t i;

	for (i = 0; i < MANY; i++)
		sum += (*target.many)[i](0);
	scnprintf(result, sizeof(result), "%ld", sum);
	return 0;
}

/* The same registrations without redirect.c around them, for comparison. */
static int plain_many(void)
{
	struct ftrace_ops *ops = kcalloc(MANY, sizeof(*ops), GFP_KERNEL);
	int ret = ops ? 0 : -ENOMEM;
	size_t i, count = 0;
	ktime_t began = ktime_get();

	for (i = 0; !ret && i < MANY; i++) {
		unsigned long ip = ftrace_location((unsigned long)(*target.many)[i]);

		ret = ftrace_set_filter_ip(&ops[i], ip, 0, 0);
		if (!ret)
			ret = kp_register_direct(&ops[i], (unsigned long)rd_trampoline);
		count += !ret;
	}
	scnprintf(result, sizeof(result), "%lld", ktime_ms_delta(ktime_get(), began));
	while (count--) {
		int err = kp_unregister_direct(&ops[count], (unsigned long)rd_trampoline);

		ret = ret ? ret : err;
		ftrace_free_filter(&ops[count]);
	}
	kfree(ops);
	return ret;
}

/* spin SECONDS at most, until stop-spin: what RCU-tasks wait for */
static bool stop_spinning;

static int spin(void *seconds)
{
	unsigned long end = jiffies + (unsigned long)seconds * HZ;

	while (time_before(jiffies, end) && !READ_ONCE(stop_spinning)) {
		cpu_relax();
		cond_resched();
	}
	WRITE_ONCE(spinner, NULL);
	return 0;
}

static int start_spinner(unsigned long seconds)
{
	if (spinner)
		return -EBUSY;
	WRITE_ONCE(stop_spinning, false);
	spinner = kthread_create(spin, (void *)seconds, "kp_rd_spin");
	if (IS_ERR(spinner))
		return PTR_ERR(spinner);
	wake_up_process(spinner);
	msleep(20);
	return 0;
}

static int stop_spinner(void)
{
	WRITE_ONCE(stop_spinning, true);
	return 0;
}

/* Calls of a function from many places, until its redirect is gone and back a few times. */
static int calls(void *data)
{
	long (*call)(void) = data;

	while (!kthread_should_stop()) {
		call();
		usleep_range(100, 200);
	}
	return 0;
}

static int in_transit(void)
{
	struct kp_redirect *redirect = functions[0].redirect;
	unsigned long chooser, stub;

	kp_redirect_choose(redirect, kp_redirect_original(redirect), (unsigned long)new_add);
	chooser = redirect->slot->target;
	kp_redirect_set(redirect, kp_redirect_original(redirect));
	stub = chooser - KP_CHOOSER_OFFSET;
	scnprintf(result, sizeof(result), "%d%d%d%d%d %d%d%d", kp_redirect_in_transit(stub),
		  kp_redirect_in_transit(chooser + 5), kp_redirect_in_transit((unsigned long)kp_choose),
		  kp_redirect_in_transit(FTRACE_REGS_ADDR + 9), kp_redirect_in_transit(FTRACE_ADDR),
		  kp_redirect_in_transit((unsigned long)target.add),
		  kp_redirect_in_transit(redirect->ip + 5),
		  kp_redirect_in_transit((unsigned long)schedule));
	return 0;
}

static int on_function(const char *verb, size_t nr)
{
	struct kp_redirect *redirect;
	void *old = functions[nr].vmlinux ? functions[nr].old : *(void **)functions[nr].old;

	if (!strcmp(verb, "get")) {
		mutex_lock(&kp_mutex);
		redirect = kp_redirect_get((unsigned long)old,
					   functions[nr].vmlinux ? NULL : module_of(old));
		mutex_unlock(&kp_mutex);
		if (IS_ERR(redirect))
			return PTR_ERR(redirect);
		functions[nr].redirect = redirect;
		return 0;
	}
	if (!strcmp(verb, "call")) {
		scnprintf(result, sizeof(result), "%ld", functions[nr].call());
		return 0;
	}
	redirect = functions[nr].redirect;
	if (!redirect)
		return -ENOENT;
	if (!strcmp(verb, "chooser"))
		return try_chooser(nr);
	mutex_lock(&kp_mutex);
	if (!strcmp(verb, "put"))
		kp_redirect_put(redirect);
	else if (!strcmp(verb, "new"))
		kp_redirect_set(redirect, (unsigned long)functions[nr].new);
	else
		kp_redirect_set(redirect, kp_redirect_original(redirect));
	mutex_unlock(&kp_mutex);
	return 0;
}

static int gone(void)
{
	kp_redirect_module_gone(module_of(target.add));
	return 0;
}

/* Of a module that no function is patched in. */
static int other_gone(void)
{
	static struct module other;

	kp_redirect_module_gone(&other);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} commands[] = {
	{ "get-many", get_many },     { "put-many", put_many },	    { "call-many", call_many },
	{ "plain-many", plain_many }, { "bpf-attach", bpf_attach }, { "bpf-detach", bpf_detach },
	{ "in-transit", in_transit }, { "module-gone", gone },
	{ "other-gone", other_gone }, { "stop-spin", stop_spinner },
};

static int run(const char *line)
{
	char verb[16], name[16];
	unsigned long number;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (sysfs_streq(line, commands[i].name))
			return commands[i].run();
	if (sscanf(line, "spin %lu", &number) == 1)
		return start_spinner(number);
	if (sscanf(line, "%15s %15s", verb, name) != 2)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		if (!strcmp(name, functions[i].name))
			return on_function(verb, i);
	return -EINVAL;
}

static int set_run(const char *line, const struct kernel_param *kp)
{
	ktime_t began = ktime_get();
	int ret = run(line);

	ms = ktime_ms_delta(ktime_get(), began);
	return ret;
}

static const struct kernel_param_ops run_ops = { .set = set_run };
module_param_cb(run, &run_ops, NULL, 0200);
module_param_string(result, result, sizeof(result), 0444);
module_param(ms, uint, 0444);

static struct task_struct *callers[2];

static void put_target(void)
{
	if (target.add)
		symbol_put(rdt_add);
	if (target.eight)
		symbol_put(rdt_eight);
	if (target.sum)
		symbol_put(rdt_sum);
	if (target.bpf)
		symbol_put(rdt_bpf);
	if (target.many)
		symbol_put(rdt_many);
}

static int __init rd_init(void)
{
	static long (*const functions_to_call[])(void) = { call_add, call_gcd };
	size_t i;
	int ret;

	target.add = symbol_get(rdt_add);
	target.eight = symbol_get(rdt_eight);
	target.sum = symbol_get(rdt_sum);
	target.bpf = symbol_get(rdt_bpf);
	target.many = symbol_get(rdt_many);
	ret = target.add && target.eight && target.sum && target.bpf && target.many ?
		      kp_redirect_init() : -ENOENT;
	if (ret)
		put_target();
	for (i = 0; !ret && i < ARRAY_SIZE(callers); i++)
		callers[i] = kthread_run(calls, functions_to_call[i], "kp_rd_call%zu", i);
	return ret;
}

static void __exit rd_exit(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(callers); i++)
		if (!IS_ERR(callers[i]))
			kthread_stop(callers[i]);
	stop_spinner();
	while (READ_ONCE(spinner))
		msleep(20);
	kp_redirect_exit();
	ftrace_free_filter(&bpf_ops);
	put_target();
}

module_init(rd_init);
module_exit(rd_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test of the core's redirection");
