// SPDX-License-Identifier: GPL-2.0
/* A module that is looked up in, and referred to. */
#include <linux/init.h>
#include <linux/module.h>

#include "kp_target.h"

/* What tells two builds of this module apart is their build-id alone. */
static int build = TARGET_BUILD;
module_param(build, int, 0444);

static noinline int twice_there(void)
{
	barrier();
	return 1;
}

/* Only while it is loaded: what the symbol table of a live module lacks. */
static noinline int __init only_at_init(void)
{
	barrier();
	return 0;
}

int target_answer = 42;

static int __init target_init(void)
{
	return twice_there() + target_second() == 3 ? only_at_init() : -EINVAL;
}

static void __exit target_exit(void)
{
}

module_init(target_init);
module_exit(target_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Target of look-ups and late references");
