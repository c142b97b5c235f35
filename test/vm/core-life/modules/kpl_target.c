// SPDX-License-Identifier: GPL-2.0
/* A module that may take long to initialise; parameter value is what its patched function returns. */
#include <linux/delay.h>
#include <linux/module.h>

static unsigned int seconds;
module_param(seconds, uint, 0444);

static noinline __noclone int kpl_value(void)
{
	barrier();
	return 1;
}

static int value_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", kpl_value());
}

static const struct kernel_param_ops value_ops = { .get = value_get };
module_param_cb(value, &value_ops, NULL, 0444);

static int __init kpl_init(void)
{
	ssleep(seconds);
	return 0;
}

static void __exit kpl_exit(void)
{
}

module_init(kpl_init);
module_exit(kpl_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Patched module of the life test");
