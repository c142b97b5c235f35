/* SPDX-License-Identifier: GPL-2.0 */
/* What the two halves of the shadow test share. */
#ifndef TEST_H
#define TEST_H

#include <linux/atomic.h>
#include <linux/printk.h>
#include "core.h"

extern int failures;

#define expect(condition)						\
	do {								\
		if (!(condition)) {					\
			pr_err("FAILED: %s:%d: %s\n", __func__, __LINE__, #condition); \
			failures++;					\
		}							\
	} while (0)

/* The patch's object goes to kp_patches; then its types are registered. */
int bring(struct kp_patch *patch, struct kp_object *obj, struct kp_shadow_type **types);
/* The opposite; returns when everything is collected. */
void take_away(struct kp_patch *patch, struct kp_object *obj);

void test_scale(void);
void test_stress(void);

#endif
