// SPDX-License-Identifier: GPL-2.0
/* Tasks that get stuck: see run.sh. */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
}

static void real_time(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		err(1, "sched_setscheduler");
}

static void starve(void)
{
	struct timespec time = { .tv_nsec = 20 * 1000 * 1000 };

	if (prctl(PR_SET_NAME, "x\ny"))
		err(1, "prctl");
	for (;;)
		nanosleep(&time, NULL);
}

/* Makes a pid namespace, a child of its own in it, and lets the first process there exit. */
static void make_namespace(void)
{
	char path[64], byte;
	int ends[2], fd;
	pid_t first;

	if (pipe(ends))
		err(1, "pipe");
	first = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	if (first < 0)
		err(1, "clone");
	if (!first) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) != 0);
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", first);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWPID))
		err(1, "%s", path);
	if (!fork()) {
		close(ends[1]);
		pause();
		_exit(0);
	}
	sleep(1);
	close(ends[1]);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "namespace"))
		make_namespace();
	if (argc != 4)
		errx(2, "usage: stuck namespace | starve|spin CPU PRIORITY");
	pin((unsigned int)atoi(argv[2]));
	real_time(atoi(argv[3]));
	if (!strcmp(argv[1], "starve"))
		starve();
	for (;;)
		;
}
