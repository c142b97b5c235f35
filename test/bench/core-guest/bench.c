// SPDX-License-Identifier: GPL-2.0
/*
 * Measures one core in the guest; test/bench/core compares. A line "result NAME VALUE" each.
 *	bench CORE PREFIX instructions	with QEMU's -icount shift=0: a TSC tick is an instruction
 *	bench CORE PREFIX calls		the same, only what calls cost
 *	bench CORE PREFIX million	the same, only a million shadow variables
 *	bench CORE PREFIX times		milliseconds
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *core, *prefix;

__attribute__((noreturn, format(printf, 1, 0))) static void die(const char *format, const char *what)
{
	fprintf(stderr, format, what);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void result(const char *name, double value)
{
	printf("result %s %.3f\n", name, value);
	fflush(stdout);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s cannot be written", path);
	close(fd);
}

/* -1 if there is no such file. */
static double read_number(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	close(fd);
	return strtod(text, NULL);
}

static const char *module_name(const char *suffix)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s_%s", prefix, suffix);
	return name;
}

static void load(const char *suffix, const char *parameters)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s.ko", module_name(suffix));
	fd = open(path, O_RDONLY);
	if (fd < 0 || syscall(SYS_finit_module, fd, parameters, 0))
		die("%s cannot be loaded", path);
	close(fd);
}

static void unload(const char *suffix)
{
	double end = now() + 60e3;

	while (syscall(SYS_delete_module, module_name(suffix), O_NONBLOCK)) {
		if (now() > end)
			die("%s cannot be unloaded", module_name(suffix));
		usleep(2000);
	}
}

static void attribute_path(char *path, size_t size, const char *suffix, const char *name)
{
	snprintf(path, size, "/sys/kernel/%s/%s/%s", core, module_name(suffix), name);
}

/* Until its transition is over: whether that happened within @limit. */
static bool arrive(const char *suffix, double limit)
{
	char path[96];
	double end = now() + limit;

	attribute_path(path, sizeof(path), suffix, "transition");
	while (read_number(path) > 0) {
		if (now() > end)
			return false;
		usleep(200);
	}
	return true;
}

static void disable(const char *suffix)
{
	char path[96];

	attribute_path(path, sizeof(path), suffix, "enabled");
	write_file(path, "0");
}

/* Where it waits for a kernel thread that never sleeps, 15 s stand for "never". */
#define LIMIT 15e3

struct round {
	double enable, disable;
};

/* Load and disable once, with whatever else runs. */
static struct round round_trip(bool busy)
{
	struct round round;
	double began = now();
	bool arrived;

	load("a", "");
	arrived = arrive("a", LIMIT);
	round.enable = arrived ? now() - began : LIMIT;
	/* The patched state is needed to go on. */
	if (!arrived) {
		write_file("/proc/kpb", "busy 0");
		arrive("a", LIMIT);
		write_file("/proc/kpb", "busy 1");
	}
	began = now();
	disable("a");
	arrived = arrive("a", LIMIT);
	round.disable = arrived ? now() - began : LIMIT;
	if (busy)
		write_file("/proc/kpb", "busy 0");
	arrive("a", 60e3);
	unload("a");
	return round;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * "NAME-enable", "NAME-disable": medians. Whether a first look at all tasks finds each of them ready is luck, and the
 * next one may be a second away. Where a core never arrives one round tells it.
 */
static void round_trips(const char *name, bool busy)
{
	enum { ROUNDS = 5 };
	double enable[ROUNDS], disable[ROUNDS];
	const int rounds = busy ? 1 : ROUNDS;
	char text[64];

	for (int i = 0; i < rounds; i++) {
		struct round round = round_trip(busy);

		enable[i] = round.enable;
		disable[i] = round.disable;
	}
	qsort(enable, (size_t)rounds, sizeof(*enable), compare);
	qsort(disable, (size_t)rounds, sizeof(*disable), compare);
	snprintf(text, sizeof(text), "%s-enable", name);
	result(text, enable[rounds / 2]);
	snprintf(text, sizeof(text), "%s-disable", name);
	result(text, disable[rounds / 2]);
}

/*
 * load - what else runs
 * @threads: of a process; they sleep
 * @workers: this many of them work: see worker()
 * @spin: one more process that never makes a system call
 * @busy: a kernel thread that never sleeps
 */
struct load {
	const char *name;
	int threads, workers;
	bool spin, busy;
};

static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void make_pipe(int ends[2])
{
	if (pipe(ends))
		die("%s", "pipe");
}

/* Sleeps for a moment, then answers or asks the other one of its pair, or reads, in turn. */
struct worker {
	int in, out, zero;
	bool asks;
};

static void *worker(void *data)
{
	static char zeroes[16384];
	const struct worker *w = data;
	char c = 'x';

	for (;;) {
		if (w->asks) {
			usleep(300);
			if (write(w->out, &c, 1) != 1 || read(w->in, &c, 1) != 1)
				die("%s", "pipe");
		} else if (read(w->in, &c, 1) != 1 || write(w->out, &c, 1) != 1) {
			die("%s", "pipe");
		}
		for (int i = 0; i < 4; i++)
			if (read(w->zero, zeroes, sizeof(zeroes)) < 0)
				die("%s", "/dev/zero");
	}
	return NULL;
}

static void add_thread(void *(*run)(void *), void *data)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	errno = pthread_create(&thread, &attr, run, data);
	if (errno)
		die("%s", "pthread_create");
}

/* Two threads that talk to each other. */
static void add_pair(void)
{
	struct worker *pair = calloc(2, sizeof(*pair));
	int there[2], back[2], zero = open("/dev/zero", O_RDONLY);

	if (!pair || zero < 0)
		die("%s", "a pair of workers");
	make_pipe(there);
	make_pipe(back);
	pair[0] = (struct worker){ .in = back[0], .out = there[1], .zero = zero, .asks = true };
	pair[1] = (struct worker){ .in = there[0], .out = back[1], .zero = zero };
	add_thread(worker, &pair[0]);
	add_thread(worker, &pair[1]);
}

static pid_t start_threads(const struct load *load)
{
	int ready[2];
	char c;
	pid_t pid;

	make_pipe(ready);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < load->workers; i += 2)
			add_pair();
		for (int i = load->workers + 1; i < load->threads; i++)
			add_thread(sleeper, NULL);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		sleeper(NULL);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		die("%s", "no threads");
	close(ready[0]);
	return pid;
}

/* It must have run until now. */
static void end_process(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	errno = ECHILD;
	die("%s", "what runs beside the measurement has ended");
}

static void with_tasks(const struct load *load)
{
	pid_t pid = start_threads(load), spinner = 0;

	if (load->spin && (spinner = fork()) == 0)
		for (;;)
			__asm__ volatile("");
	if (load->busy)
		write_file("/proc/kpb", "busy 1");
	usleep(300000);
	round_trips(load->name, load->busy);
	end_process(pid);
	if (spinner)
		end_process(spinner);
}

static void measure_load(int count)
{
	char name[64], parameters[32];
	double began, took;

	snprintf(parameters, sizeof(parameters), "count=%d", count);
	began = now();
	load("a", parameters);
	took = now() - began;
	arrive("a", 60e3);
	disable("a");
	arrive("a", 60e3);
	unload("a");
	snprintf(name, sizeof(name), "load-%d", count);
	result(name, took);
}

/* Each time from the start of the load to the end of the transition. */
static void measure_replace(void)
{
	const int rounds = 6;
	double began, sum = 0;

	load("a", "count=10");
	arrive("a", 60e3);
	for (int i = 0; i < rounds; i++) {
		const char *next = i % 2 ? "a" : "b";

		began = now();
		load(next, "count=10 replace=1");
		arrive(next, 60e3);
		sum += now() - began;
		unload(i % 2 ? "b" : "a");
	}
	result("replace", sum / rounds);
	disable(rounds % 2 ? "b" : "a");
	arrive(rounds % 2 ? "b" : "a", 60e3);
	unload(rounds % 2 ? "b" : "a");
}

static void times(void)
{
	static const struct load loads[] = {
		{ .name = "tasks-50", .threads = 50 },
		{ .name = "tasks-500", .threads = 500 },
		{ .name = "tasks-4000", .threads = 4000 },
		{ .name = "server", .threads = 4000, .workers = 12 },
		{ .name = "spinner", .threads = 500, .spin = true },
		{ .name = "kthread", .threads = 500, .busy = true },
	};

	measure_load(1);
	measure_load(10);
	measure_load(100);
	measure_replace();
	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++)
		with_tasks(&loads[i]);
}

static double call_ticks(void)
{
	write_file("/proc/kpb", "calls 100000");
	return read_number("/proc/kpb") / 1000;
}

static void shadow_result(int count, const char *module, const char *name)
{
	char path[96], text[64];
	double value;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module_name(module), name);
	value = read_number(path);
	if (value < 0)
		die("%s is not there", path);
	if (strcmp(name, "wrong") == 0) {
		errno = EINVAL;
		if (value > 0)
			die("%s: shadow variables were wrong", core);
		return;
	}
	snprintf(text, sizeof(text), "shadow-%d-%s", count, name);
	result(text, value);
}

static void shadow(int count)
{
	char parameters[32];

	snprintf(parameters, sizeof(parameters), "count=%d", count);
	load("shadow", parameters);
	shadow_result(count, "shadow", "wrong");
	shadow_result(count, "shadow", "alloc_ns");
	shadow_result(count, "shadow", "get_ns");
	shadow_result(count, "shadow", "free_us");
	shadow_result(count, "shadow", "late_ns");
	unload("shadow");
}

/* Until long after the last one was freed, which nothing tells. */
static void collection(int count)
{
	char parameters[32], name[64];

	snprintf(parameters, sizeof(parameters), "count=%d", count);
	load("gc", parameters);
	arrive("gc", 60e3);
	shadow_result(count, "gc", "wrong");
	write_file("/proc/kpb", "late 1");
	disable("gc");
	arrive("gc", 60e3);
	unload("gc");
	sleep(2);
	write_file("/proc/kpb", "late 0");
	snprintf(name, sizeof(name), "shadow-%d-gc_late_ns", count);
	result(name, read_number("/proc/kpb"));
}

static void million(void)
{
	shadow(1000000);
	collection(1000000);
}

static void measure_calls(void)
{
	result("call-unpatched", call_ticks());
	load("a", "");
	if (!arrive("a", 60e3))
		die("%s", "the transition does not end");
	result("call-patched", call_ticks());
	disable("a");
	arrive("a", 60e3);
	unload("a");
}

static void instructions(void)
{
	measure_calls();
	for (int count = 1000; count <= 1000000; count *= 10)
		shadow(count);
	for (int count = 1000; count <= 1000000; count *= 10)
		collection(count);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	core = argv[1];
	prefix = argv[2];
	if (strcmp(argv[3], "times") == 0)
		times();
	else if (strcmp(argv[3], "calls") == 0)
		measure_calls();
	else if (strcmp(argv[3], "million") == 0)
		million();
	else
		instructions();
	return 0;
}
