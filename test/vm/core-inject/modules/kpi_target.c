// SPDX-License-Identifier: GPL-2.0
/* The module that comes and goes under the patches; /proc/kpi says what its functions return. */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static noinline __noclone int kpi_one(int x)
{
	return x + 1;
}

static noinline __noclone int kpi_two(int x)
{
	return x + 1;
}

static int kpi_show(struct seq_file *m, void *v)
{
	int (*one)(int x) = kpi_one, (*two)(int x) = kpi_two;

	OPTIMIZER_HIDE_VAR(one);
	OPTIMIZER_HIDE_VAR(two);
	seq_printf(m, "%d %d\n", one(0), two(0));
	return 0;
}

static int __init kpi_init(void)
{
	return proc_create_single("kpi", 0400, NULL, kpi_show) ? 0 : -ENOMEM;
}

static void __exit kpi_exit(void)
{
	remove_proc_entry("kpi", NULL);
}

module_init(kpi_init);
module_exit(kpi_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Target of the injection test");
