/* SPDX-License-Identifier: GPL-2.0 */
/* A livepatch of the first `count` functions of kpb_target; replace=1: cumulative. */
#include <linux/livepatch.h>
#include <linux/module.h>

#include "functions.h"

static unsigned int count = 1;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "how many functions to patch");
static bool replace;
module_param(replace, bool, 0444);
MODULE_PARM_DESC(replace, "replace the patches before");

/* As much code as the original has. */
#define DEFINE(n)					\
	static noinline int new_##n(int x)		\
	{						\
		return x + 2;				\
	}
EACH(DEFINE)

#define ROW(n) { .old_name = "kpb_" #n, .new_func = new_ ## n },
static struct klp_func funcs[] = { EACH(ROW) {} };
static struct klp_object objects[] = { { .name = "kpb_target", .funcs = funcs }, {} };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init patch_init(void)
{
	if (!count || count > 100)
		return -EINVAL;
	memset(&funcs[count], 0, sizeof(funcs[count]));
	patch.replace = replace;
	return klp_enable_patch(&patch);
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Patch of the benchmark");
MODULE_INFO(livepatch, "Y");
