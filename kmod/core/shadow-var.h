/* SPDX-License-Identifier: GPL-2.0 */
/* Between shadow.c (variables) and shadow-life.c (declarations). */
#ifndef KP_SHADOW_VAR_H
#define KP_SHADOW_VAR_H

#include "shadow-table.h"
#include "shadow-type.h"

/*
 * struct shadow_call - who asks
 * @declared:	ctor and dtor are the type's, and the id has to be registered; else @ctor and
 *		@dtor are used, NULL being none
 * @size:	of a new variable
 */
struct shadow_call {
	bool declared;
	size_t size;
	kp_shadow_ctor_t ctor;
	void *ctor_data;
	kp_shadow_dtor_t dtor;
};

/**
 * shadow_take_oldest() - detach the oldest variable of @type; NULL when there is none.
 * @adopted:	also those that existed before the id was registered
 * @call:	or NULL; says which dtor is called under the lock. The variable is the caller's
 *
 * In an RCU read section, which keeps the memory while its lock is not held yet. Interrupts are off
 * for one variable at a time.
 */
struct shadow_var *shadow_take_oldest(struct shadow_type *type, bool adopted,
				      const struct shadow_call *call);

#ifdef KP_TEST
bool shadow_warning_expected(void);
#else
static inline bool shadow_warning_expected(void)
{
	return false;
}
#endif

/* The caller's mistake. */
#define misuse(fmt, ...)						\
	do {								\
		if (shadow_warning_expected())				\
			pr_notice("expected: " fmt, ##__VA_ARGS__);	\
		else							\
			WARN(1, fmt, ##__VA_ARGS__);			\
	} while (0)

#endif
