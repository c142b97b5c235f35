// SPDX-License-Identifier: GPL-2.0
/* Has a shadow variable of an id that it does not declare; parameter there: whether it exists. */
#include <kpatch/kpatch-core.h>
#include <linux/module.h>

static int thing;

static int there_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", !!kp_shadow_get(&thing, 0x77));
}

static const struct kernel_param_ops there_ops = { .get = there_get };
module_param_cb(there, &there_ops, NULL, 0444);

static int __init kpl_init(void)
{
	return kp_klp_shadow_alloc(&thing, 0x77, 8, GFP_KERNEL, NULL, NULL) ? 0 : -ENOMEM;
}

static void __exit kpl_exit(void)
{
	kp_klp_shadow_free(&thing, 0x77, NULL);
}

module_init(kpl_init);
module_exit(kpl_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("User of an undeclared shadow type in the life test");
