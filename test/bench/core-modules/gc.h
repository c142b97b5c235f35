/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A livepatch with `count` shadow variables of 8 bytes, which go when it is disabled: the bundled core
 * collects them, since their type is declared; for the kernel's core a callback has to free them.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>

#define ID 0x6b7063

static unsigned int count = 1000;
module_param(count, uint, 0444);
static unsigned long wrong;
module_param(wrong, ulong, 0444);

static noinline int new_0(int x)
{
	return x + 2;
}

static struct klp_func funcs[] = { { .old_name = "kpb_0", .new_func = new_0 }, {} };

#ifdef KPATCH_CORE_H
static struct kp_shadow_type type = { .id = ID };
static struct kp_shadow_type *types[] = { &type, NULL };
static struct klp_object objects[] = {
	{ .name = "kpb_target", .funcs = funcs, .shadow_types = types }, {}
};
#else
static void free_variables(struct klp_object *object)
{
	klp_shadow_free_all(ID, NULL);
}
static struct klp_object objects[] = {
	{ .name = "kpb_target", .funcs = funcs, .callbacks.post_unpatch = free_variables }, {}
};
#endif
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

/* Nobody looks into what they belong to, so no memory of it is to be freed meanwhile. */
static void *thing(unsigned long i)
{
	return (void *)(0xffff888000000000UL + 64 * i);
}

static int __init gc_init(void)
{
	unsigned int i;
	int ret = klp_enable_patch(&patch);

	if (ret)
		return ret;
	for (i = 0; i < count; i++) {
		if (!klp_shadow_alloc(thing(i), ID, 8, GFP_KERNEL, NULL, NULL))
			wrong++;
		if (i % 1024 == 0)
			cond_resched();
	}
	return 0;
}

static void __exit gc_exit(void)
{
	WARN_ON(klp_shadow_get(thing(0), ID) || klp_shadow_get(thing(count - 1), ID));
}

module_init(gc_init);
module_exit(gc_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Patch of the benchmark with shadow variables");
MODULE_INFO(livepatch, "Y");
