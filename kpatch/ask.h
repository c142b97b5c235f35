/* SPDX-License-Identifier: GPL-2.0 */
/* A question that only "yes" answers with yes. */
#ifndef KPATCH_ASK_H
#define KPATCH_ASK_H

#include <stdbool.h>

/**
 * ask_user() - put a question on standard error, and read the answer, a line.
 * @fd: a terminal, to read from
 * @signal_fd: see struct host; a signal means no
 */
bool ask_user(int fd, int signal_fd, const char *question);

#endif
