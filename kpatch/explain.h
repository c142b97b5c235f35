/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel means by an errno when it refuses a patch, in words and with a remedy. */
#ifndef KPATCH_EXPLAIN_H
#define KPATCH_EXPLAIN_H

#include "host.h"

struct core_ops;

/**
 * explain_insert() - why inserting a patch module failed.
 * @core: that the module is for
 * @error: positive errno from finit_module(2)
 * @log: what the kernel said meanwhile, maybe ""
 * Return: "reason; remedy", freed by the caller.
 */
char *explain_insert(const struct host *host, const struct core_ops *core, int error,
		     const char *log);

/** explain_core() - why inserting the core itself failed; the same for the rest. */
char *explain_core(const struct host *host, int error);

/** explain_enabled() - why a write to a patch's "enabled" failed; freed by the caller. */
char *explain_enabled(const struct host *host, const struct core_ops *core, int error);

#endif
