/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Load for kp_trans.ko: `tt WHAT COUNT`.
 *
 *   sleepers N	N threads that sleep		spinners N	N processes that spin in user space
 *   pairs N	N processes that call it	uring N		the same by io_uring workers
 *   forks N	N processes that fork, exit	threads N	that create threads
 *   execs N	exec from threads		vforks N	vfork and exec
 *   zombies N	N children that nobody waits for
 *   graces N	N processes that wait for RCU; how long at most is in /tmp/graces, in ms
 *   drive N	N transitions; some are turned around, once or twice
 * All but drive run until they are killed.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *self;

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void *sleep_forever(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void *end_at_once(void *unused)
{
	return unused;
}

static void start_thread(void *(*run)(void *), size_t stack)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, stack);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, run, NULL))
		sleep_ms(1);
	pthread_attr_destroy(&attr);
}

static void sleepers(long count)
{
	while (count-- > 0)
		start_thread(sleep_forever, 16384);
	puts("ready");
	fflush(stdout);
	sleep_forever(NULL);
}

static void spin(void)
{
	for (volatile unsigned long i = 0;; i++)
		;
}

static void call_pairs(void)
{
	int fd = open("/proc/kp_trans_pair", O_RDONLY);
	char version[2];

	if (fd < 0)
		err(1, "kp_trans_pair");
	while (pread(fd, version, sizeof(version), 0) > 0)
		;
}

static void fork_and_exit(void)
{
	for (;;) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static void create_threads(void)
{
	for (;;) {
		for (int i = 0; i < 8; i++)
			start_thread(end_at_once, 16384);
		sleep_ms(1);
	}
}

static void *exec_from_thread(void *unused)
{
	(void)unused;
	execl(self, self, "exit", "0", NULL);
	_exit(1);
}

static void exec_loop(void)
{
	for (;;) {
		pid_t pid = fork();

		if (!pid) {
			start_thread(sleep_forever, 16384);
			start_thread(exec_from_thread, 16384);
			sleep_forever(NULL);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static void vfork_loop(void)
{
	for (;;) {
		pid_t pid = vfork();

		if (!pid) {
			execl(self, self, "exit", "0", NULL);
			_exit(1);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

/* Reads of the pair file that io_uring's own workers carry out. */
static void uring_loop(void)
{
	struct io_uring_params p = { 0 };
	int ring = (int)syscall(__NR_io_uring_setup, 8, &p);
	int fd = open("/proc/kp_trans_pair", O_RDONLY);
	char *sq, *cq;
	struct io_uring_sqe *sqes;
	char versions[4][2];

	if (ring < 0 || fd < 0)
		err(1, "io_uring");
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(uint32_t), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_CQ_RING);
	sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || (void *)sqes == MAP_FAILED)
		err(1, "io_uring mmap");
	for (;;) {
		uint32_t tail = *(uint32_t *)(sq + p.sq_off.tail);
		uint32_t mask = *(uint32_t *)(sq + p.sq_off.ring_mask);

		for (unsigned int i = 0; i < 4; i++, tail++) {
			sqes[tail & mask] = (struct io_uring_sqe){
				.opcode = IORING_OP_READ, .flags = IOSQE_ASYNC, .fd = fd,
				.addr = (uintptr_t)versions[i], .len = 2,
			};
			((uint32_t *)(sq + p.sq_off.array))[tail & mask] = tail & mask;
		}
		__atomic_store_n((uint32_t *)(sq + p.sq_off.tail), tail, __ATOMIC_RELEASE);
		if (syscall(__NR_io_uring_enter, ring, 4, 4, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
			err(1, "io_uring_enter");
		uint32_t cq_tail = __atomic_load_n((uint32_t *)(cq + p.cq_off.tail), __ATOMIC_ACQUIRE);
		uint32_t cq_mask = *(uint32_t *)(cq + p.cq_off.ring_mask);
		struct io_uring_cqe *cqe = (void *)(cq + p.cq_off.cqes);

		if (cqe[(cq_tail - 1) & cq_mask].res < 0)
			errx(1, "io_uring read: %d", cqe[(cq_tail - 1) & cq_mask].res);
		*(uint32_t *)(cq + p.cq_off.head) = cq_tail;
	}
}

static void zombies(long count)
{
	while (count-- > 0) {
		if (!fork())
			_exit(0);
	}
	puts("ready");
	fflush(stdout);
	sleep_forever(NULL);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* MEMBARRIER_CMD_GLOBAL is a wait for RCU, if there is more than one processor. */
static void wait_for_rcu(void)
{
	long worst = -1;

	for (;;) {
		long began = now_ms(), took;

		if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
			err(1, "membarrier");
		took = now_ms() - began;
		if (took > worst) {
			FILE *file = fopen("/tmp/graces", "w");

			if (!file)
				err(1, "/tmp/graces");
			worst = took;
			fprintf(file, "%ld\n", worst);
			fclose(file);
		}
		sleep_ms(10);
	}
}

static int command(const char *text)
{
	int fd = open("/proc/kp_trans", O_WRONLY);
	ssize_t len = write(fd, text, strlen(text));

	close(fd);
	return len < 0 ? -1 : 0;
}

static long figure(const char *name)
{
	char text[512] = "", *line;
	int fd = open("/proc/kp_trans", O_RDONLY);

	if (read(fd, text, sizeof(text) - 1) < 0)
		err(1, "kp_trans");
	close(fd);
	line = strstr(text, name);
	if (!line)
		errx(1, "no figure %s", name);
	return atol(line + strlen(name));
}

/* Returns once nothing is under way; a transition that does not end is an error. */
static void wait_for_end(int number)
{
	for (int i = 0; figure("active"); i++) {
		if (i > 3000)
			errx(1, "transition %d does not end", number);
		sleep_ms(10);
	}
}

static void drive(long count)
{
	long worst = 0, sum = 0, turned = 0;

	srandom(1);
	for (int i = 0; i < count; i++) {
		const char *what = figure("patched") ? "disable" : "enable";

		if (command(what))
			err(1, "%s (transition %d)", what, i);
		for (long turns = random() % 3; turns > 0; turns--) {
			if (random() % 2)
				sleep_ms(random() % 5);
			turned += !command("reverse");
		}
		wait_for_end(i);
		long us = figure("us");

		sum += us;
		worst = us > worst ? us : worst;
	}
	printf("%ld transitions, %ld turned around, mean %ld us, worst %ld us\n", count, turned,
	       count ? sum / count : 0, worst);
}

static const struct {
	const char *name;
	void (*once)(long count);
	void (*each)(void);
} loads[] = {
	{ "sleepers", sleepers, NULL }, { "spinners", NULL, spin },
	{ "pairs", NULL, call_pairs },	{ "uring", NULL, uring_loop },
	{ "forks", NULL, fork_and_exit }, { "threads", NULL, create_threads },
	{ "execs", NULL, exec_loop },	{ "vforks", NULL, vfork_loop },
	{ "zombies", zombies, NULL },	{ "graces", NULL, wait_for_rcu },
	{ "drive", drive, NULL },
};

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "exit"))
		return atoi(argv[2]);
	if (argc != 3)
		errx(64, "usage: tt WHAT COUNT");
	self = "/proc/self/exe";
	for (size_t i = 0; i < COUNT(loads); i++) {
		if (strcmp(argv[1], loads[i].name))
			continue;
		if (loads[i].once) {
			loads[i].once(atol(argv[2]));
			return 0;
		}
		for (long n = atol(argv[2]); n > 1 && fork() > 0; n--)
			;
		prctl(PR_SET_PDEATHSIG, 0);
		loads[i].each();
		return 1;
	}
	errx(64, "unknown: %s", argv[1]);
}
