// SPDX-License-Identifier: GPL-2.0
/* A patched module; parameter value is what its patched function returns. */
#include <linux/module.h>

static noinline __noclone long kpk_value(void)
{
	barrier();
	return -1;
}

static int value_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "value %ld\n", kpk_value());
}

static const struct kernel_param_ops value_ops = { .get = value_get };
module_param_cb(value, &value_ops, NULL, 0444);

static int __init kpk_init(void)
{
	return 0;
}

static void __exit kpk_exit(void)
{
}

module_init(kpk_init);
module_exit(kpk_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Patched module of the keep test");
