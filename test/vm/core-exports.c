// SPDX-License-Identifier: GPL-2.0
/* By its exports kpatch-post-link tells a core from a patch. Nobody calls these. */
#include <linux/export.h>

#define STAND_IN(name)		\
	void name(void);	\
	void name(void)		\
	{			\
	}			\
	EXPORT_SYMBOL_GPL(name)

STAND_IN(kp_enable_patch);
STAND_IN(kp_shadow_get);
STAND_IN(kp_shadow_alloc);
STAND_IN(kp_shadow_get_or_alloc);
STAND_IN(kp_shadow_free);
STAND_IN(kp_shadow_free_all);
STAND_IN(kp_klp_shadow_alloc);
STAND_IN(kp_klp_shadow_get_or_alloc);
STAND_IN(kp_klp_shadow_free);
STAND_IN(kp_klp_shadow_free_all);
STAND_IN(kp_get_state);
STAND_IN(kp_get_prev_state);
