// SPDX-License-Identifier: GPL-2.0
/* Failure injection for tests: see inject.h. */
#include <linux/atomic.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>

#include "inject.h"

static int inject_at;
static atomic_t inject_count = ATOMIC_INIT(0);

static int set_inject_at(const char *text, const struct kernel_param *kp)
{
	atomic_set(&inject_count, 0);
	return param_set_int(text, kp);
}

static int get_inject_count(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&inject_count));
}

static const struct kernel_param_ops inject_at_ops = {
	.set = set_inject_at,
	.get = param_get_int,
};
module_param_cb(inject_at, &inject_at_ops, &inject_at, 0644);
MODULE_PARM_DESC(inject_at, "make the n-th step that can fail from now on fail (0: none)");

static const struct kernel_param_ops inject_count_ops = {
	.get = get_inject_count,
};
module_param_cb(inject_count, &inject_count_ops, NULL, 0444);
MODULE_PARM_DESC(inject_count, "steps passed since inject_at was written");

bool kp_inject(void)
{
	return atomic_inc_return(&inject_count) == READ_ONCE(inject_at);
}
