/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A cumulative patch with kept variables, the tables written by hand. /proc/cmdline says which version it is
 * and what the variables are:
 *
 *	kpk VERSION HITS OTHER-HITS ENTRIES
 *
 * Parameters: size, align, type  of the variable hits, as the patch describes it
 *	       without            has no kept variable but that of the module, and no state
 *	       state              whether it has a state and a shadow type; those of a patch that was
 *	                          forced out stay behind
 *	       bad                what is wrong with the tables
 *	       add                written to: puts one more entry into the kept list
 *	       attach             written to: makes shadow variables of two types; they are freed one type
 *	                          after the other, and the destructor counts in hits
 *	       looped             how often a holder in this version counted (see below)
 */
#include <asm/cpufeature.h>
#include <asm/pgtable.h>
#include <kpatch/kpatch-core.h>
#include <linux/elf.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

static unsigned long size = sizeof(atomic_long_t);
module_param(size, ulong, 0444);
static unsigned long align = __alignof__(atomic_long_t);
module_param(align, ulong, 0444);
static ulong type = 0x1234;
module_param(type, ulong, 0444);
static bool without;
module_param(without, bool, 0444);
static bool state = true;
module_param(state, bool, 0444);
static char *bad = "";
module_param(bad, charp, 0444);
static atomic_t looped;
module_param_named(looped, looped.counter, int, 0444);

/*
 * kept_NAME() - where the kept variable is. The instruction ends with a field of the given size, which
 * the core fills in; kpk_offset_NAME says where it is in the function.
 */
#define KEPT(name, instruction, field)						\
static noinline __noclone void *kept_##name(void)				\
{										\
	void *at;								\
										\
	asm volatile(instruction "\n771:\n"					\
		     ".pushsection .rodata\n"					\
		     ".balign 8\n"						\
		     "kpk_offset_" #name ": .quad 771b - " field " - kept_" #name "\n" \
		     ".popsection" : "=r"(at));					\
	return at;								\
}										\
extern const unsigned long kpk_offset_##name

KEPT(hits, "leaq 0(%%rip), %0", "4");
KEPT(other_hits, "movq $0, %0", "4");
KEPT(queue, "movabsq $0, %0", "8");
KEPT(values, "leaq 0(%%rip), %0", "4");

/* Initial values. Those of different versions differ, so that it shows which one counts. */
static atomic_long_t hits = ATOMIC_LONG_INIT(1000 * KPK_VERSION);
static atomic_long_t other_hits = ATOMIC_LONG_INIT(1000000 * KPK_VERSION);
static struct list_head queue;
/* The last element is used. */
static atomic_long_t values[1000] __aligned(64) = {
	[999] = ATOMIC_LONG_INIT(100 * KPK_VERSION)
};

enum { HITS, OTHER_HITS, QUEUE, VALUES, NR_KEPT };

static struct kp_keep keep[] = {
	[HITS] = { &hits, .name = "hits", .file = "fs/proc/cmdline.c", .objname = "vmlinux" },
	[OTHER_HITS] = { &other_hits, sizeof(other_hits), 8, 0x1234, "hits", "fs/proc/version.c",
			 "vmlinux", 7 },
	[QUEUE] = { &queue, sizeof(queue), 8, 0x99, "queue", "fs/proc/cmdline.c", "vmlinux", 8 },
	[VALUES] = { values, sizeof(values), 64, 0x77, "values", "kpk_target.c", "kpk_target", 9 },
	{}
};

static struct kp_late late[] = {
	{ kept_hits, R_X86_64_PC32, HITS, -4, "hits", KP_LATE_KEPT },
	{ kept_other_hits, R_X86_64_32S, OTHER_HITS, 0, "hits", KP_LATE_KEPT },
	{ kept_queue, R_X86_64_64, QUEUE, 0, "queue", KP_LATE_KEPT },
	{ kept_values, R_X86_64_PC32, VALUES, -4, "values", KP_LATE_KEPT },
	{ &queue.next, R_X86_64_64, QUEUE, 0, "queue", KP_LATE_KEPT },
	{ &queue.prev, R_X86_64_64, QUEUE, 0, "queue", KP_LATE_KEPT },
	{}
};

/* As if the source had no other kept variable: its row is the first one then. */
static void drop_all_but_values(void)
{
	keep[0] = keep[VALUES];
	keep[1] = (struct kp_keep){};
	late[0] = late[VALUES];
	late[0].sympos = 0;
	late[1] = (struct kp_late){};
}

struct entry {
	struct list_head node;
};

static int add_set(const char *text, const struct kernel_param *kp)
{
	struct entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return -ENOMEM;
	list_add_tail(&entry->node, kept_queue());
	return 0;
}

static const struct kernel_param_ops add_ops = { .set = add_set };
module_param_cb(add, &add_ops, NULL, 0200);

static char things[400];

/* Slow, so that they take longer than everything else that goes with a patch. */
static void dtor(void *obj, void *shadow_data)
{
	u64 end = ktime_get_ns() + 5 * NSEC_PER_MSEC;

	while (ktime_get_ns() < end)
		cpu_relax();
	atomic_long_inc(kept_hits());
}

static int attach_set(const char *text, const struct kernel_param *kp)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(things); i++)
		if (!kp_shadow_alloc(&things[i], 0x6b7061 + i % 2, 8, GFP_KERNEL, NULL))
			return -ENOMEM;
	return 0;
}

static const struct kernel_param_ops attach_ops = { .set = attach_set };
module_param_cb(attach, &attach_ops, NULL, 0200);

static unsigned int count_entries(void)
{
	struct entry *entry;
	unsigned int n = 0;

	list_for_each_entry(entry, (struct list_head *)kept_queue(), node)
		n++;
	return n;
}

/* Whoever has this name counts on, in this version, until it is killed. */
static void count_while_held(void)
{
	while (!strcmp(current->comm, "holder") && !fatal_signal_pending(current)) {
		atomic_long_inc(kept_hits());
		atomic_inc(&looped);
		schedule_timeout_killable(1);
	}
}

static int new_cmdline_proc_show(struct seq_file *m, void *v)
{
	if (without) {
		seq_printf(m, "kpk %d without\n", KPK_VERSION);
		return 0;
	}
	seq_printf(m, "kpk %d %ld %ld %u\n", KPK_VERSION, atomic_long_inc_return(kept_hits()),
		   atomic_long_inc_return(kept_other_hits()), count_entries());
	count_while_held();
	return 0;
}

static long new_value(void)
{
	atomic_long_t *all = kept_values();

	return atomic_long_inc_return(&all[999]);
}

/* It is data: aligned, and nothing that could be executed. */
static void post_patch(struct kp_object *obj)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)kept_values(), &level);

	WARN_ON((unsigned long)kept_values() % 64);
	WARN_ON(boot_cpu_has(X86_FEATURE_NX) && !(pte_val(*pte) & _PAGE_NX));
}

/* With the last patch that has the state, whichever that is. */
static void release(struct kp_patch *p, struct kp_state *s)
{
	struct entry *entry, *next;

	list_for_each_entry_safe(entry, next, (struct list_head *)kept_queue(), node) {
		list_del(&entry->node);
		kfree(entry);
	}
}

static struct kp_func vmlinux_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = new_cmdline_proc_show },
	{}
};

static struct kp_func target_funcs[] = {
	{ .old_name = "kpk_value", .new_func = new_value },
	{}
};

static struct kp_shadow_type even = { .id = 0x6b7061, .dtor = dtor, .name = "even" };
static struct kp_shadow_type odd = { .id = 0x6b7062, .dtor = dtor, .name = "odd" };
static struct kp_shadow_type *shadows[] = { &even, &odd, NULL };

static struct kp_object objects[] = {
	{
		.funcs = vmlinux_funcs, .shadow_types = shadows,
		.callbacks = { .post_patch = post_patch },
	},
	{ .name = "kpk_target", .funcs = target_funcs },
	{}
};

static struct kp_state states[] = {
	{ .id = 1, .callbacks = { .release = release }, .name = "queue" },
	{}
};

static struct kp_patch patch = {
	.mod = THIS_MODULE, .objs = objects, .states = states, .replace = true, .late = late,
	.keep = keep,
};

/* What the core must refuse. */
static void spoil(const char *what)
{
	if (!strcmp(what, "row"))
		late[0].sympos = NR_KEPT;
	else if (!strcmp(what, "table"))
		patch.keep = NULL;
	else if (!strcmp(what, "place"))
		late[0].place = (void *)&jiffies;
	else if (!strcmp(what, "reloc"))
		late[0].type = R_X86_64_NONE;
	else if (!strcmp(what, "reach"))
		late[0].type = R_X86_64_32;
	else if (!strcmp(what, "init"))
		keep[HITS].init = kept_hits;
	else if (!strcmp(what, "twice"))
		keep[OTHER_HITS].file = keep[HITS].file;
	else if (!strcmp(what, "name"))
		keep[HITS].file = NULL;
}

static int __init patch_init(void)
{
	late[0].place += kpk_offset_hits;
	late[1].place += kpk_offset_other_hits;
	late[2].place += kpk_offset_queue;
	late[3].place += kpk_offset_values;
	keep[HITS].size = size;
	keep[HITS].align = align;
	keep[HITS].type = type;
	if (without)
		drop_all_but_values();
	if (without || !state) {
		patch.states = NULL;
		objects[0].shadow_types = NULL;
	}
	spoil(bad);
	return kp_enable_patch(&patch);
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Patch of the keep test");
