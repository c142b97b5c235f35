/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow variables by name, for patches written for kpatch's old core. They
 * are klp shadow variables whose id is a hash of the name, the same in every patch.
 * New patches better use klp_shadow_*() directly.
 *
 * Two differences to the old core: memory is zeroed, and a second allocation of the same
 * name for the same object fails with NULL and a warning, where it made a second variable before.
 */
#ifndef KPATCH_SHADOW_H
#define KPATCH_SHADOW_H

#include <linux/gfp.h>
#include <linux/livepatch.h>
#include <linux/types.h>

#include "kpatch-hash.h"

/**
 * kpatch_shadow_alloc() - attach @size bytes called @var to @obj.
 * Return: the memory, NULL when there is none or the variable exists.
 */
static inline void *kpatch_shadow_alloc(void *obj, const char *var, size_t size, gfp_t gfp)
{
	return klp_shadow_alloc(obj, __kpatch_shadow_id(var), size, gfp, NULL, NULL);
}

/** kpatch_shadow_get() - the memory called @var of @obj, NULL if there is none. */
static inline void *kpatch_shadow_get(void *obj, const char *var)
{
	return klp_shadow_get(obj, __kpatch_shadow_id(var));
}

/** kpatch_shadow_free() - detach and free @var of @obj; nothing happens if there is none. */
static inline void kpatch_shadow_free(void *obj, const char *var)
{
	klp_shadow_free(obj, __kpatch_shadow_id(var), NULL);
}

#endif
