// SPDX-License-Identifier: GPL-2.0
/*
 * Timerfds in use. Each says "ready" once it is at work, and how far it came when SIGTERM ends it.
 *   timers churn        opens, sets, reads, looks at and closes one after the other
 *   timers hold N       keeps N open; sets and reads them again and again
 *   timers sleep        sleeps in read() of one that never expires; SIGUSR1 makes it leave and come back
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

static volatile sig_atomic_t done;

static void on_signal(int number)
{
	done = number == SIGTERM;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Expires at once, once. */
static void expire(int fd)
{
	struct itimerspec spec = { .it_value.tv_nsec = 1 };
	uint64_t ticks = 0;

	if (timerfd_settime(fd, 0, &spec, NULL))
		die("timerfd_settime");
	if (read(fd, &ticks, sizeof(ticks)) != sizeof(ticks) || ticks != 1)
		die("read");
}

static int create(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	if (fd < 0)
		die("timerfd_create");
	return fd;
}

static void look(int fd)
{
	char line[512];
	FILE *info;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	info = fopen(line, "r");
	if (!info)
		die(line);
	while (fgets(line, sizeof(line), info))
		;
	fclose(info);
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static unsigned long churn(void)
{
	unsigned long count = 0;
	int fd;

	for (; !done; count++) {
		fd = create();
		expire(fd);
		look(fd);
		close(fd);
		if (!count)
			ready();
	}
	return count;
}

static unsigned long hold(int number)
{
	unsigned long count = 0;
	int *fds = calloc((size_t)number, sizeof(*fds));

	if (!fds)
		die("calloc");
	for (int i = 0; i < number; i++)
		fds[i] = create();
	for (; !done; count++) {
		for (int i = 0; i < number; i++)
			expire(fds[i]);
		if (!count)
			ready();
		usleep(20000);
	}
	return count;
}

static unsigned long sleeper(void)
{
	unsigned long count = 0;
	int fd = create();
	uint64_t ticks;

	for (; !done; count++) {
		ready();
		if (read(fd, &ticks, sizeof(ticks)) > 0)
			die("it expired");
	}
	return count;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	unsigned long count;

	/* A read() that is under way goes on after SIGTERM, but not that of the sleeper. */
	if (argc == 2 && !strcmp(argv[1], "sleep")) {
		sigaction(SIGUSR1, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		count = sleeper();
	} else {
		action.sa_flags = SA_RESTART;
		sigaction(SIGTERM, &action, NULL);
		if (argc == 2 && !strcmp(argv[1], "churn"))
			count = churn();
		else if (argc == 3 && !strcmp(argv[1], "hold"))
			count = hold(atoi(argv[2]));
		else
			return 2;
	}
	printf("%lu\n", count);
	return 0;
}
