/* SPDX-License-Identifier: GPL-2.0 */
/* One kpatch at a time may change the patches of a machine. */
#ifndef KPATCH_LOCK_H
#define KPATCH_LOCK_H

#include "command.h"

/**
 * lock_take() - wait for the machine's lock, at most as long as @cmd waits for anything.
 * Return: a descriptor that holds the lock until it is closed; -1 with @err.
 */
int lock_take(const struct command *cmd, GError **err);

#endif
