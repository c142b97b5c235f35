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

/* kpatch-build's <linux/livepatch.h> has these: they make the patch declare the variables. */
#ifndef KPATCH_RECORD_NAMED
#define KPATCH_RECORD_NAMED(_how, _name, _size) do { } while (0)
#define KPATCH_RECORD_NAMED_GET(_name) do { } while (0)
#define KPATCH_RECORDED(fn) fn
#endif

/**
 * kpatch_shadow_alloc() - attach @_size bytes called @_var to @_obj.
 * Return: the memory, NULL when there is none or the variable exists.
 */
#define kpatch_shadow_alloc(_obj, _var, _size, _gfp)			\
({									\
	const char *__kpatch_var = (_var);				\
	size_t __kpatch_size = (_size);					\
									\
	KPATCH_RECORD_NAMED(KPATCH_HOW_ALLOC, __kpatch_var, __kpatch_size);	\
	KPATCH_RECORDED(klp_shadow_alloc)(_obj, __kpatch_shadow_id(__kpatch_var), \
					  __kpatch_size, _gfp, NULL, NULL); \
})

/** kpatch_shadow_get() - the memory called @_var of @_obj, NULL if there is none. */
#define kpatch_shadow_get(_obj, _var)					\
({									\
	const char *__kpatch_var = (_var);				\
									\
	KPATCH_RECORD_NAMED_GET(__kpatch_var);				\
	(klp_shadow_get)(_obj, __kpatch_shadow_id(__kpatch_var));		\
})

/** kpatch_shadow_free() - detach and free @_var of @_obj; nothing happens if there is none. */
#define kpatch_shadow_free(_obj, _var)					\
({									\
	const char *__kpatch_var = (_var);				\
									\
	KPATCH_RECORD_NAMED(KPATCH_HOW_FREE, __kpatch_var, 0UL);		\
	KPATCH_RECORDED(klp_shadow_free)(_obj, __kpatch_shadow_id(__kpatch_var), NULL); \
})

#endif
