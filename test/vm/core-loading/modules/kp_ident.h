/* SPDX-License-Identifier: GPL-2.0 */
/* A module with the identity that IDENT_* say. Its init says so if it is ever called. */
#include <linux/init.h>
#include <linux/module.h>
#include <kpatch/kpatch-core.h>

const struct kp_ident __kpatch_ident = {
	.magic = IDENT_MAGIC,
	.version = IDENT_VERSION,
	.build_id = { IDENT_BUILD_ID },
};

static int __init ident_init(void)
{
	pr_info("%s: loaded\n", KBUILD_MODNAME);
	return 0;
}

static void __exit ident_exit(void)
{
}

module_init(ident_init);
module_exit(ident_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A module with an identity");
