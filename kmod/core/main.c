// SPDX-License-Identifier: GPL-2.0
/* kpatch.ko: the bundled core. core.h tells what lies where. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>

#include "core.h"
#include "guard.h"
#include "patch.h"
#include "redirect.h"
#include "shadow.h"
#include "transition.h"

DEFINE_MUTEX(kp_mutex);
LIST_HEAD(kp_patches);
struct kp_patch *kp_transition_patch;

/* In this order, and back in the opposite one. The guard comes before anything else is touched. */
static const struct {
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ kp_guard_init, kp_guard_exit },
	{ kp_redirect_init, kp_redirect_exit },
	{ kp_transition_init, kp_transition_exit },
	{ kp_shadow_init, kp_shadow_exit },
	{ kp_sysfs_init, kp_sysfs_exit },
	{ kp_patch_init, kp_patch_exit },
	{ kp_notify_init, kp_notify_exit },
};

static void exit_parts(size_t count)
{
	while (count-- > 0)
		parts[count].exit();
}

static int __init kpatch_init(void)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		ret = parts[i].init();
		if (ret) {
			exit_parts(i);
			return ret;
		}
	}
	return 0;
}

static void __exit kpatch_exit(void)
{
	exit_parts(ARRAY_SIZE(parts));
}

module_init(kpatch_init);
module_exit(kpatch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Core for patching the running kernel");
