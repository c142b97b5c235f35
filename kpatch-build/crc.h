/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CRCs of exported symbols (CONFIG_MODVERSIONS). A patch that changes the type of what an exported
 * symbol is or takes would change its CRC: modules of the running kernel go on using the old types,
 * so such a patch must not be built, or not without the author's knowing better.
 */
#ifndef KPB_CRC_H
#define KPB_CRC_H

#include <glib.h>
#include <stdbool.h>

#include "command.h"
#include "diag.h"
#include "tree.h"

/** struct crc_setup - what all objects share. */
struct crc_setup {
	const struct tree *tree;
	const struct work *work;
	const char *const *extra; /* compiler arguments for patched sources */
	unsigned int parallel;
};

/** struct crc_input - one object: its compile command and the patched object file. */
struct crc_input {
	const struct command *command;
	const char *patched;
};

/**
 * crc_check() - report each exported symbol whose CRC the patch changes as an error in @diags.
 * @inputs: of struct crc_input *
 *
 * Objects without exports cost nothing. Nothing happens when the kernel has no CRCs.
 */
bool crc_check(const struct crc_setup *setup, const GPtrArray *inputs, struct kp_diags *diags,
	       GError **err);

#endif
