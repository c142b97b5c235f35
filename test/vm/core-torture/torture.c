// SPDX-License-Identifier: GPL-2.0
/*
 * Load on the patched functions from all sides, while patches come, go, turn around and replace each
 * other at random times. The target module itself checks each call; here is what makes the calls, and what
 * decides that a transition is stuck. See kpt_target.c.
 *
 *	torture [--core kpatch|livepatch] [--calls N] [--transitions N] [--seconds N] [--seed N]
 *		[--no-busy] [--no-memory]
 *	torture --leaf
 *
 * Ends when both numbers are reached; --seconds is the limit. The last line says what was done.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KPT_ON, KPT_SPIN, KPT_YIELD, KPT_SLEEP_US, KPT_WAIT_MS };
#define HOW(kind, amount) ((unsigned int)(kind) | (unsigned int)(amount) << 8)

#define TARGET "/proc/kpt_target"
#define COMING "/proc/kpt_coming"

static const char *core = "kpatch";
static bool with_busy = true, with_memory = true;
static unsigned int seed = 1;

/* Shared by all processes. */
static struct shared {
	volatile bool stop;
	volatile bool failed;
	char why[256];
} *shared;

__attribute__((format(printf, 1, 2))) static void failure(const char *format, ...)
{
	va_list args;

	if (shared->failed)
		return;
	va_start(args, format);
	vsnprintf(shared->why, sizeof(shared->why), format, args);
	va_end(args);
	shared->failed = true;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static unsigned int random_below(unsigned int limit)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % limit;
}

/* ---- load ---- */

static int open_target(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && path[8] == 't')
		failure("%s: %s", path, strerror(errno));
	return fd;
}

static void call(int fd, unsigned int how)
{
	if (ioctl(fd, how) < 0 && errno == EILSEQ)
		failure("a call saw mixed versions");
}

static unsigned int any_how(unsigned int i)
{
	if (i % 64 == 0)
		return HOW(KPT_YIELD, 1);
	if (i % 16 == 0)
		return HOW(KPT_SPIN, 200);
	return HOW(KPT_ON, 0);
}

static void *calls(void *count)
{
	int fd = open_target(TARGET);

	for (unsigned int i = 0; i < (unsigned int)(unsigned long)count; i++)
		call(fd, any_how(i));
	close(fd);
	return NULL;
}

/* /proc/cmdline has one of two forms, whatever happens. */
static void read_cmdline(void)
{
	char text[256] = "";
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		failure("/proc/cmdline cannot be read");
	else if (strncmp(text, "console=", 8) != 0 && strcmp(text, "kpt version 1\n") != 0 &&
		 strcmp(text, "kpt version 2\n") != 0)
		failure("/proc/cmdline says '%.40s'", text);
	close(fd);
}

static void hammer(void)
{
	int fd = open_target(TARGET);

	for (unsigned int i = 0; !shared->stop; i++) {
		call(fd, any_how(i));
		if (i % 256 == 0)
			read_cmdline();
	}
}

static void sleeper(void)
{
	int fd = open_target(TARGET);

	while (!shared->stop)
		call(fd, random_below(8) ? HOW(KPT_SLEEP_US, 100 + random_below(8000)) :
					   HOW(KPT_WAIT_MS, 20 + random_below(150)));
}

/* No system call at all. */
static void spinner(void)
{
	while (!shared->stop)
		;
}

static void wait_for_children(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static void fork_storm(void)
{
	while (!shared->stop) {
		/* Reaped late: zombies, too. */
		for (int i = 0; i < 4; i++)
			if (fork() == 0) {
				calls((void *)20UL);
				_exit(0);
			}
		if (vfork() == 0)
			_exit(0);
		wait_for_children();
	}
}

static void *exit_all(void *unused)
{
	calls((void *)10UL);
	_exit(0);
	return unused;
}

static void *exec_me(void *unused)
{
	calls((void *)5UL);
	execl("/proc/self/exe", "torture", "--exec-child", (char *)NULL);
	return unused;
}

/* Threads that make calls, until one of them ends the process, or turns it into another one. */
static void thread_storm(void *(*last)(void *unused))
{
	while (!shared->stop) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t thread;

			for (int i = 0; i < 4; i++)
				pthread_create(&thread, NULL, calls, (void *)40UL);
			pthread_create(&thread, NULL, last, NULL);
			for (;;)
				calls((void *)10UL);
		}
		wait_for_children();
	}
}

static void exit_storm(void)
{
	thread_storm(exit_all);
}

static void exec_storm(void)
{
	thread_storm(exec_me);
}

/* Each read is made by a worker thread of io_uring. */
static void uring(void)
{
	struct io_uring_params params = { 0 };
	int ring = (int)syscall(__NR_io_uring_setup, 8, &params);
	int fd = open_target(TARGET);
	char *sq, *cq;
	struct io_uring_sqe *sqes;

	if (ring < 0) {
		failure("io_uring_setup: %s", strerror(errno));
		return;
	}
	sq = mmap(NULL, params.sq_off.array + params.sq_entries * sizeof(unsigned int),
		  PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqes = mmap(NULL, params.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		    IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || (void *)sqes == MAP_FAILED) {
		failure("the io_uring cannot be mapped");
		return;
	}
	while (!shared->stop) {
		unsigned int *tail = (unsigned int *)(void *)(sq + params.sq_off.tail);
		unsigned int *mask = (unsigned int *)(void *)(sq + params.sq_off.ring_mask);
		unsigned int *array = (unsigned int *)(void *)(sq + params.sq_off.array);
		unsigned int *head = (unsigned int *)(void *)(cq + params.cq_off.head);
		unsigned int *cq_mask = (unsigned int *)(void *)(cq + params.cq_off.ring_mask);
		struct io_uring_cqe *cqes = (struct io_uring_cqe *)(void *)(cq + params.cq_off.cqes);
		char buf[8];

		for (unsigned int i = 0; i < 4; i++) {
			unsigned int index = (*tail + i) & *mask;

			sqes[index] = (struct io_uring_sqe){
				.opcode = IORING_OP_READ, .flags = IOSQE_ASYNC, .fd = fd,
				.addr = (unsigned long)&buf[i], .len = 1,
			};
			array[index] = index;
		}
		__atomic_store_n(tail, *tail + 4, __ATOMIC_RELEASE);
		if (syscall(__NR_io_uring_enter, ring, 4, 4, IORING_ENTER_GETEVENTS, NULL, 0) < 0 &&
		    errno != EINTR) {
			failure("io_uring_enter: %s", strerror(errno));
			return;
		}
		while (*head != __atomic_load_n((unsigned int *)(void *)(cq + params.cq_off.tail),
						__ATOMIC_ACQUIRE)) {
			int result = cqes[*head & *cq_mask].res;

			if (result == -EILSEQ)
				failure("an io_uring worker saw mixed versions");
			else if (result != 1)
				failure("a read through io_uring: %s", strerror(-result));
			__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
		}
	}
}

/* ---- modules ---- */

static int load(const char *name, const char *parameters)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(__NR_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return ret;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static bool is_loaded(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return exists(path);
}

static int unload(const char *name)
{
	return syscall(__NR_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static int unload_patiently(const char *name, double seconds)
{
	double end = now() + seconds;
	int ret;

	while ((ret = unload(name)) != 0 && (ret == -EAGAIN || ret == -EBUSY) && now() < end)
		usleep(5000);
	return ret;
}

/* The second target comes and goes, and is used meanwhile. */
static void module_storm(void)
{
	while (!shared->stop) {
		int ret = load("kpt_coming", ""), fd;

		if (ret && ret != -EBUSY && ret != -EINTR) {
			failure("kpt_coming cannot be loaded: %s", strerror(-ret));
			return;
		}
		usleep(random_below(20000));
		fd = open_target(COMING);
		for (unsigned int i = 0; fd >= 0 && i < 200; i++)
			call(fd, any_how(i));
		if (fd >= 0)
			close(fd);
		ret = unload_patiently("kpt_coming", 30);
		if (ret) {
			failure("kpt_coming cannot be unloaded: %s", strerror(-ret));
			return;
		}
	}
}

static const struct {
	const char *name;
	void (*main)(void);
	int count;
} load_kinds[] = {
	{ "hammer", hammer, 3 },   { "sleeper", sleeper, 12 },	 { "spinner", spinner, 1 },
	{ "fork", fork_storm, 1 }, { "exit", exit_storm, 1 },	 { "exec", exec_storm, 1 },
	{ "io_uring", uring, 1 },  { "module", module_storm, 1 },
};
#define NKINDS (sizeof(load_kinds) / sizeof(load_kinds[0]))
static pid_t children[64];
static int nchildren;

static void control(const char *text)
{
	int fd = open(TARGET "_control", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		failure("'%s' was refused: %s", text, strerror(errno));
	close(fd);
}

static void start_load(void)
{
	shared->stop = false;
	for (size_t kind = 0; kind < NKINDS; kind++)
		for (int i = 0; i < load_kinds[kind].count; i++) {
			pid_t pid = fork();

			if (pid == 0) {
				prctl(PR_SET_NAME, load_kinds[kind].name);
				/* Whoever drives must get its turn. */
				if (nice(5) == -1)
					_exit(1);
				seed += (unsigned int)nchildren;
				load_kinds[kind].main();
				_exit(0);
			}
			children[nchildren++] = pid;
		}
	if (with_busy)
		control("busy 1");
}

static void stop_load(void)
{
	double end = now() + 60;

	shared->stop = true;
	if (with_busy)
		control("busy 0");
	while (nchildren > 0) {
		if (waitpid(children[nchildren - 1], NULL, WNOHANG) == 0) {
			if (now() > end) {
				failure("a process does not end");
				return;
			}
			usleep(10000);
			continue;
		}
		nchildren--;
	}
	unload_patiently("kpt_coming", 10);
}

/* ---- transitions ---- */

static const char *const patches[] = {
	"kpt_1_0", "kpt_1_1", "kpt_1_2", "kpt_1_3", "kpt_2_0", "kpt_2_1",
	"kpt_2_2", "kpt_2_3", "kpt_3_0", "kpt_3_1", "kpt_3_2", "kpt_3_3",
};
#define NPATCHES 12
static unsigned long transitions, enabled_count, disabled_count, reversed_count, replaced_count,
	refused_count;
static double longest;

static void attribute_path(char *path, size_t size, const char *patch, const char *name)
{
	snprintf(path, size, "/sys/kernel/%s/%s/%s", core, patch, name);
}

/* The attribute's first character; -1 if the patch is not there. */
static int attribute(const char *patch, const char *name)
{
	char path[96], value = 0;
	int fd;

	attribute_path(path, sizeof(path), patch, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (read(fd, &value, 1) != 1)
		value = 0;
	close(fd);
	return value ? value : -1;
}

static int set_enabled(const char *patch, bool enabled)
{
	char path[96];
	int fd, ret;

	attribute_path(path, sizeof(path), patch, "enabled");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, enabled ? "1" : "0", 1) == 1 ? 0 : -errno;
	close(fd);
	return ret;
}

static void show(const char *patch, const char *name)
{
	char path[96], line[256];
	FILE *file;

	attribute_path(path, sizeof(path), patch, name);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		printf("   %s: %s", name, line);
	if (file)
		fclose(file);
}

static bool arrive(const char *patch, double seconds)
{
	double began = now();

	while (attribute(patch, "transition") == '1') {
		if (now() - began > seconds)
			return false;
		usleep(1000);
	}
	if (now() - began > longest)
		longest = now() - began;
	return true;
}

static void must_arrive(const char *patch)
{
	if (arrive(patch, 60))
		return;
	failure("the transition of %s is stuck, enabled is %c", patch, attribute(patch, "enabled"));
	show(patch, "blockers");
}

/* Turn around, some times, at random moments, as long as the transition lasts. */
static void maybe_reverse(const char *patch)
{
	while (random_below(3) == 0 && !shared->failed) {
		int was = attribute(patch, "enabled");

		usleep(random_below(4) ? random_below(2000) : random_below(40000));
		/* Once it is over, the same write starts a disable, or is refused. */
		if (set_enabled(patch, was != '1') == 0) {
			reversed_count++;
			transitions++;
		}
	}
}

/*
 * Modules of patches that are not in force any more. They stay until no task can be in them, so some
 * may be refused now; @patience: seconds to wait for that.
 */
static void remove_idle(double patience)
{
	for (int i = 0; i < NPATCHES; i++) {
		int ret;

		if (!is_loaded(patches[i]) || attribute(patches[i], "enabled") == '1' ||
		    attribute(patches[i], "transition") == '1')
			continue;
		ret = unload_patiently(patches[i], patience);
		if (ret && ret != -ENOENT && (patience > 0 || (ret != -EAGAIN && ret != -EBUSY)))
			failure("%s cannot be unloaded: %s", patches[i], strerror(-ret));
	}
}

static int load_any(const char *patch)
{
	bool replace = strncmp(patch, "kpt_3", 5) == 0 || random_below(2);
	int ret = load(patch, replace ? "replace=1" : "replace=0");

	if (!ret) {
		enabled_count++;
		replaced_count += replace;
	} else if (ret != -EBUSY && ret != -EEXIST) {
		failure("%s cannot be loaded: %s", patch, strerror(-ret));
	}
	return ret;
}

static void step(void)
{
	const char *patch = patches[random_below(NPATCHES)];
	int ret;

	if (!is_loaded(patch)) {
		ret = load_any(patch);
	} else {
		/* Refused if it is replaced or disabled already, and waits to be unloaded. */
		ret = set_enabled(patch, false);
		disabled_count += !ret;
	}
	if (ret) {
		refused_count++;
		usleep(1000);
	} else {
		transitions++;
		maybe_reverse(patch);
		must_arrive(patch);
	}
	remove_idle(0);
}

static void remove_all(void)
{
	for (int i = 0; i < NPATCHES; i++) {
		if (attribute(patches[i], "enabled") == '1')
			set_enabled(patches[i], false);
		must_arrive(patches[i]);
	}
	remove_idle(60);
	for (int i = 0; i < NPATCHES; i++)
		if (is_loaded(patches[i]))
			failure("%s is still loaded", patches[i]);
}

/* ---- a thread that is in a leaf function of the outgoing code all the time ---- */

static bool unnamed;

/* However often its CPU is interrupted, it must not count as having left. */
static void must_wait_for_leaf(const char *patch)
{
	char path[96], text[4096] = "";
	double end = now() + 3;
	FILE *file;

	while (now() < end) {
		if (attribute(patch, "transition") != '1') {
			failure("%s: a thread in a leaf function of the outgoing code was switched", patch);
			return;
		}
		usleep(50000);
	}
	show(patch, "blockers");
	attribute_path(path, sizeof(path), patch, "blockers");
	file = fopen(path, "re");
	if (!file || fread(text, 1, sizeof(text) - 1, file) == 0 || !strstr(text, "kpt-leaf"))
		failure("%s: blockers does not name kpt-leaf", patch);
	unnamed |= !strstr(text, "leaf\n");
	if (file)
		fclose(file);
}

static void must_set(const char *patch, bool enabled)
{
	int ret = set_enabled(patch, enabled);

	if (ret)
		failure("%s: %d cannot be written to enabled: %s", patch, enabled, strerror(-ret));
	transitions++;
}

/* The thread is in new code: disable has to wait, and the way back has not. */
static void leaf_in_new_code(const char *patch)
{
	control("leaf 1");
	usleep(100000);
	must_set(patch, false);
	must_wait_for_leaf(patch);
	must_set(patch, true);
	if (!arrive(patch, 3))
		failure("%s: not enabled again while a thread is in the leaf function of the new code", patch);
	control("leaf 0");
}

/*
 * The thread is in old code, the patch is being enabled. Loading a module may wait for RCU, and with
 * it for the leaf; so it is loaded before: a sleeper holds a disable up, the thread starts in
 * old code, and the disable is turned around.
 */
static void leaf_in_old_code(const char *patch)
{
	pid_t pid = fork();

	if (pid == 0) {
		call(open_target(TARGET), HOW(KPT_WAIT_MS, 20000));
		_exit(0);
	}
	usleep(200000);
	must_set(patch, false);
	usleep(100000);
	if (attribute(patch, "transition") != '1')
		failure("%s: a task sleeps in its code and was switched", patch);
	control("leaf 1");
	usleep(100000);
	must_set(patch, true);
	must_wait_for_leaf(patch);
	control("leaf 0");
	must_arrive(patch);
	if (attribute(patch, "enabled") != '1')
		failure("%s is not enabled", patch);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void leaf_test(void)
{
	if (load("kpt_2_0", ""))
		failure("kpt_2 cannot be loaded");
	must_arrive("kpt_2_0");
	if (!shared->failed)
		leaf_in_new_code("kpt_2_0");
	if (!shared->failed)
		leaf_in_old_code("kpt_2_0");
	control("leaf 0");
	if (unnamed)
		failure("blockers does not name the function that kpt-leaf is in");
	remove_all();
}

/* ---- what is left ---- */

struct memory {
	long available, slab, vmalloc, stacks;
};

static long meminfo(const char *name)
{
	char line[128];
	long value = -1;
	FILE *file = fopen("/proc/meminfo", "re");

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtol(line + strlen(name) + 1, NULL, 10);
	if (file)
		fclose(file);
	return value;
}

static struct memory memory(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	/* What is freed by RCU and by workers needs a moment. */
	sleep(3);
	if (fd < 0 || write(fd, "3", 1) != 1)
		failure("drop_caches: %s", strerror(errno));
	close(fd);
	sleep(1);
	return (struct memory){ meminfo("MemAvailable"), meminfo("SUnreclaim"), meminfo("VmallocUsed"),
				meminfo("KernelStack") };
}

/* In KiB. Chosen by what a run without any patch leaves behind; a leak of a page a transition shows. */
static void compare_memory(struct memory before, struct memory after)
{
	printf("   memory before -> after, KiB: available %ld -> %ld, slab %ld -> %ld, vmalloc %ld -> %ld, "
	       "stacks %ld -> %ld\n", before.available, after.available, before.slab, after.slab,
	       before.vmalloc, after.vmalloc, before.stacks, after.stacks);
	if (before.available - after.available > 8192)
		failure("%ld KiB of memory are lost", before.available - after.available);
	if (after.slab - before.slab > 2048)
		failure("%ld KiB more in slabs", after.slab - before.slab);
	if (after.vmalloc - before.vmalloc > 1024)
		failure("%ld KiB more in vmalloc", after.vmalloc - before.vmalloc);
}

static void counters(unsigned long *count, unsigned long *mixed)
{
	char text[256] = "";
	int fd = open(TARGET "_control", O_RDONLY | O_CLOEXEC);

	*count = *mixed = 0;
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 ||
	    sscanf(text, "calls %lu mixed %lu", count, mixed) != 2)
		failure("no counters");
	close(fd);
}

static void run(unsigned long want_calls, unsigned long want_transitions, double deadline)
{
	unsigned long count, mixed, first_count;

	counters(&first_count, &mixed);
	transitions = 0;
	start_load();
	do {
		step();
		counters(&count, &mixed);
		if (mixed)
			failure("%lu calls saw mixed versions", mixed);
		if (now() > deadline)
			failure("out of time: %lu calls, %lu transitions", count - first_count, transitions);
	} while (!shared->failed &&
		 (count - first_count < want_calls || transitions < want_transitions));
	if (!shared->failed)
		remove_all();
	stop_load();
}

static void torture(unsigned long want_calls, unsigned long want_transitions, double deadline)
{
	struct memory before;

	/* A first round fills the caches that every kind of load leaves behind. */
	run(want_calls / 10, want_transitions / 10, deadline);
	before = memory();
	if (!shared->failed)
		run(want_calls, want_transitions, deadline);
	if (!shared->failed && with_memory)
		compare_memory(before, memory());
}

int main(int argc, char **argv)
{
	unsigned long want_calls = 2000000, want_transitions = 300, count, mixed;
	double limit = 200, began;
	bool leaf_only = false;

	if (argc == 2 && strcmp(argv[1], "--exec-child") == 0) {
		shared = calloc(1, sizeof(*shared));
		calls((void *)20UL);
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--no-busy") == 0) {
			with_busy = false;
			continue;
		}
		if (strcmp(argv[i], "--no-memory") == 0) {
			with_memory = false;
			continue;
		}
		if (strcmp(argv[i], "--leaf") == 0) {
			leaf_only = true;
			continue;
		}
		if (strcmp(argv[i], "--core") == 0)
			core = value;
		else if (strcmp(argv[i], "--calls") == 0)
			want_calls = strtoul(value, NULL, 10);
		else if (strcmp(argv[i], "--transitions") == 0)
			want_transitions = strtoul(value, NULL, 10);
		else if (strcmp(argv[i], "--seconds") == 0)
			limit = strtod(value, NULL);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = (unsigned int)strtoul(value, NULL, 10);
		else
			return 2;
		i++;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	began = now();
	printf("   seed %u\n", seed);

	if (leaf_only)
		leaf_test();
	else
		torture(want_calls, want_transitions, began + limit);
	counters(&count, &mixed);
	printf("   %lu calls, %lu mixed; %lu transitions: %lu loads (%lu replacing), %lu disables, %lu reversals; "
	       "%lu refused; the longest took %.2f s; %.0f s in all\n", count, mixed,
	       enabled_count + disabled_count + reversed_count, enabled_count, replaced_count,
	       disabled_count, reversed_count, refused_count, longest, now() - began);
	if (shared->failed)
		printf("torture: %s\n", shared->why);
	return shared->failed;
}
