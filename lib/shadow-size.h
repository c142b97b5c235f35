/* SPDX-License-Identifier: GPL-2.0 */
/* The size of shadow variables, from all that declares their type. */
#ifndef KP_SHADOW_SIZE_H
#define KP_SHADOW_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "declared-layout.h"

/** struct shadow_size - zeroed at first; then all entries with one id are added. */
struct shadow_size {
	uint64_t said; /* by the author: the last word; 0: nothing */
	uint64_t seen; /* in calls */
	bool varies;   /* calls differ, or one is not known */
};

/** shadow_size_add() - one entry, whose SHADOW_HOW and SHADOW_BYTES are @how and @bytes. */
static inline void shadow_size_add(struct shadow_size *size, uint32_t how, uint64_t bytes)
{
	bool alloc = (how & HOW_CALL) == HOW_ALLOC;

	if (!(how & HOW_CALL) && bytes)
		size->said = bytes;
	if ((alloc && (!bytes || (size->seen && size->seen != bytes))) || how & HOW_ANY_SIZE)
		size->varies = true;
	if (alloc && bytes)
		size->seen = bytes;
}

/** shadow_size_merged() - bytes of each variable; 0: not known, or not always the same. */
static inline uint64_t shadow_size_merged(const struct shadow_size *size)
{
	if (size->said)
		return size->said;
	return size->varies ? 0 : size->seen;
}

#endif
