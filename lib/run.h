/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Running commands. Each child is the leader of its own process group and gets
 * SIGTERM when the thread that started it dies, so that a killed program leaves
 * nothing running; an interrupt (run_catch_signals()) ends what runs and makes
 * the call return KP_INTERRUPTED. May be used from several threads at once.
 */
#ifndef KP_RUN_H
#define KP_RUN_H

#include <glib.h>
#include <stdbool.h>

/** struct run_opts - how to run a command; all zero is fine. */
struct run_opts {
	const char *cwd;	/* NULL: the current directory */
	const char *const *env; /* the whole environment, NULL: inherited */
	const char *log; /* output that is not captured is appended to this file; NULL: none */
	const char *stdin_path; /* NULL: /dev/null */
	const char *what;	/* the command's name in messages; NULL: argv[0] */
	bool any_status;	/* an exit status other than 0 is not an error */
	bool show_command;	/* an error shows the whole command line, too */
	unsigned int grace_ms;	/* from SIGTERM to SIGKILL, when it is to end; 0: 2000 */
};

/** struct run_job - one command of a pool. */
struct run_job {
	struct run_opts opts;
	char **argv; /* NULL-terminated, first is looked up in PATH */
	/*
	 * Not NULL: a process of its own calls this with @data instead of running @argv, with
	 * interrupts that are its own, and ends with the status that it returns. However it ends is
	 * no error of the pool: @status says. Only in a program that has no threads yet.
	 */
	int (*call)(void *data);
	GString *out;	 /* gets stdout; NULL: stdout is treated as stderr is */
	GString *output; /* set by run_pool(): the last 64 KiB of what was not captured in @out */
	int status;	 /* set by run_pool(): exit status, 128 + signal when killed, -1 not run */
	void *data;	 /* the caller's */
};

/** run_job_new() - a job that owns @argv; run_job_free() frees it, its strings and buffers. */
struct run_job *run_job_new(char **argv);
void run_job_free(struct run_job *job);

/**
 * run_done_fn - called in the caller's thread when a job of a pool has ended well, in the order
 * of ending; (with opts.any_status also when its status is not 0).
 * Return: false with @err to end the pool.
 */
typedef bool (*run_done_fn)(struct run_job *job, void *user, GError **err);

/**
 * run_command() - run a command and wait for it.
 * @o: options, NULL for none
 * @out: gets stdout; NULL: stdout is treated like stderr
 *
 * Return: false with @err, which ends with the last lines of output, when it could not be
 * started, was interrupted or its exit status is not 0.
 */
bool run_command(const struct run_opts *o, const char *const argv[], GString *out, GError **err);

/** run_status() - like run_command(); any exit status is fine and stored in *@status. */
bool run_status(const struct run_opts *o, const char *const argv[], GString *out, int *status,
		GError **err);

/**
 * run_pool() - run jobs (struct run_job *), at most @parallel at a time, started in order.
 * @done: NULL: nothing to do
 *
 * At the first error nothing more is started, what runs is ended, and @err is set.
 */
bool run_pool(GPtrArray *jobs, unsigned int parallel, run_done_fn done, void *user, GError **err);

/**
 * run_pipe() - run "@from | @to" and wait for both.
 * @o: cwd, env, log and what apply to both
 */
bool run_pipe(const struct run_opts *o, const char *const from[], const char *const to[],
	      GError **err);

/** run_catch_signals() - make SIGINT, SIGTERM and SIGHUP an interrupt; called once, by main. */
void run_catch_signals(void);

/** run_interrupt() - what these signals do; async-signal-safe. */
void run_interrupt(void);

/** run_interrupted() - whether an interrupt came. */
bool run_interrupted(void);

/** run_check() - false with KP_INTERRUPTED when an interrupt came: for long loops. */
bool run_check(GError **err);

#endif
