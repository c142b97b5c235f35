// SPDX-License-Identifier: GPL-2.0
/* kpatch-post-link tells a core from a patch by these; nobody calls them. */
#include <linux/export.h>
#include <linux/types.h>

extern const u8 __kpatch_ident[28];
const u8 __kpatch_ident[28] __aligned(4) __section(".kpatch.ident") = {};

#define NOT_HERE(name)		\
	int name(void);		\
	int name(void)		\
	{			\
		return -1;	\
	}			\
	EXPORT_SYMBOL_GPL(name)

NOT_HERE(kp_enable_patch);
NOT_HERE(kp_shadow_get);
NOT_HERE(kp_shadow_alloc);
NOT_HERE(kp_shadow_get_or_alloc);
NOT_HERE(kp_shadow_free);
NOT_HERE(kp_shadow_free_all);
NOT_HERE(kp_klp_shadow_alloc);
NOT_HERE(kp_klp_shadow_get_or_alloc);
NOT_HERE(kp_klp_shadow_free);
NOT_HERE(kp_klp_shadow_free_all);
NOT_HERE(kp_get_state);
NOT_HERE(kp_get_prev_state);
