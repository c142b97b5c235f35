// SPDX-License-Identifier: GPL-2.0
/* Misbehaves on request, so that the harness can be seen to notice. */
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/string.h>

static char *what = "";
module_param(what, charp, 0400);

static int __init kp_bad_init(void)
{
	if (!strcmp(what, "warn"))
		WARN(1, "the self-test asked for this\n");
	if (!strcmp(what, "stuck")) {
		local_irq_disable();
		for (;;)
			cpu_relax();
	}
	return 0;
}
module_init(kp_bad_init);

static void __exit kp_bad_exit(void)
{
}
module_exit(kp_bad_exit);
MODULE_DESCRIPTION("self-test of the VM harness");
MODULE_LICENSE("GPL");
