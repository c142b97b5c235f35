/* SPDX-License-Identifier: GPL-2.0 */
/* The kallsyms tables (scripts/kallsyms.c) in the read-only data of a vmlinux. */
#ifndef KP_KALLSYMS_H
#define KP_KALLSYMS_H

#include <glib.h>
#include <stdint.h>

#include "elf-read.h"

/** struct kp_kallsyms_entry - one symbol; @name points into struct kp_kallsyms. */
struct kp_kallsyms_entry {
	uint64_t addr;
	const char *name;
	char type; /* nm letter */
};

/** struct kp_kallsyms - all symbols in the kernel's (address) order. */
struct kp_kallsyms {
	struct kp_kallsyms_entry *entries;
	uint32_t count;
	char *names;
};

/**
 * kp_kallsyms_decode() - find and decode the tables.
 *
 * There is no header that says where they are; they are found by the token table and then each
 * step verifies the one before. Anything that does not fit is an error, never a guess.
 */
struct kp_kallsyms *kp_kallsyms_decode(const struct kp_elf *elf, GError **err);
void kp_kallsyms_free(struct kp_kallsyms *ks);
typedef struct kp_kallsyms kp_kallsyms;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kp_kallsyms, kp_kallsyms_free)

#endif
