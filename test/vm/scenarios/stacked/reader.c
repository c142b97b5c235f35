// SPDX-License-Identifier: GPL-2.0
/* Sleeps in read() of an eventfd; a signal makes it leave and enter read() once more. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_signal(int number)
{
	(void)number;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	int fd = eventfd(0, 0);
	uint64_t value;

	sigaction(SIGUSR1, &action, NULL);
	for (;;) {
		puts("ready");
		fflush(stdout);
		if (read(fd, &value, sizeof(value)) < 0)
			puts("woken");
		fflush(stdout);
	}
}
