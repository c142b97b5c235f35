/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers from names, the same in every patch. create-diff-object computes them too.
 */
#ifndef KPATCH_HASH_H
#define KPATCH_HASH_H

#include <linux/types.h>

/* FNV-1a, 64 bits. */
static inline u64 __kpatch_hash(const char *name)
{
	u64 hash = 0xcbf29ce484222325ULL;

	for (; *name; name++)
		hash = (hash ^ (u8)*name) * 0x100000001b3ULL;
	return hash;
}

/*
 * The two top bits tell what was numbered: shadow variables have the first, states only the second. The
 * numbers that people choose are small.
 */
static inline unsigned long __kpatch_shadow_id(const char *name)
{
	return (unsigned long)(__kpatch_hash(name) | 1ULL << 63);
}

/** kpatch_state_id() - the id of the state that KPATCH_STATE() calls @name, for klp_get_state(). */
static inline unsigned long kpatch_state_id(const char *name)
{
	return (unsigned long)(__kpatch_hash(name) >> 2 | 1ULL << 62);
}

#endif
