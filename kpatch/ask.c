// SPDX-License-Identifier: GPL-2.0
#include "ask.h"

#include <glib.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

bool ask_user(int fd, int signal_fd, const char *question)
{
	/* SIGINT is blocked, so it is waited for together with the answer. */
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
	};
	char answer[64];

	fprintf(stderr, "%s (yes/no) ", question);
	fflush(stderr);
	if (poll(fds, G_N_ELEMENTS(fds), -1) <= 0 || fds[1].revents)
		return false;
	ssize_t size = read(fd, answer, sizeof(answer) - 1);
	answer[MAX(size, 0)] = '\0';
	return g_str_equal(g_strstrip(answer), "yes");
}
