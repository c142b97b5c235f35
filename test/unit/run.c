// SPDX-License-Identifier: GPL-2.0
/* Running commands: output, errors, pools, pipes, interrupts, and that nothing is left running. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "lock.h"
#include "run.h"
#include "target-util.h"

#define SHELL(script) ((const char *const[]){ "sh", "-c", script, NULL })

static void captures(struct test *t)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(GError) err = NULL;
	g_autofree char *log = in_dir(t, "log");
	g_autofree char *text = NULL;
	const struct run_opts opts = { .cwd = t->dir, .log = log };
	int status = 0;

	check(t,
	      run_command(&opts, SHELL("pwd; echo problem >&2"), out, &err) &&
		      g_str_has_prefix(out->str, t->dir),
	      "stdout", "%s", err ? err->message : out->str);
	check(t,
	      g_file_get_contents(log, &text, NULL, NULL) && strstr(text, "problem\n") &&
		      !strstr(text, "\n/"),
	      "log", "%s", text);
	check(t, run_status(NULL, SHELL("exit 7"), NULL, &status, &err) && status == 7, "status",
	      "%d", status);
	g_string_truncate(out, 0);
	check(t,
	      run_command(NULL, SHELL("head -c 3000000 /dev/zero"), out, &err) &&
		      out->len == 3000000,
	      "much-output", "%zu", out->len);
	const char *const env[] = { "A=b", "PATH=/usr/bin:/bin", NULL };
	const struct run_opts with_env = { .env = env };

	g_string_truncate(out, 0);
	check(t,
	      run_command(&with_env, SHELL("echo $A$HOME"), out, &err) && !strcmp(out->str, "b\n"),
	      "environment", "%s", out->str);
}

static void fails(struct test *t)
{
	GError *err = NULL;
	const struct run_opts named = { .what = "the thing", .show_command = true };
	const struct run_opts nowhere = { .cwd = "/nonexistent/folder" };
	const char *const none[] = { "kpatch-no-such-program", NULL };

	run_command(NULL, SHELL("echo first; echo last >&2; exit 3"), NULL, &err);
	check_error(t, "exit-status", &err, "sh failed with exit status 3\nfirst\nlast");
	run_command(&named, SHELL("false"), NULL, &err);
	check_error(t, "command-line", &err, "the thing failed with exit status 1\ncommand: sh -c");
	run_command(NULL, SHELL("kill -9 $$"), NULL, &err);
	check_error(t, "killed", &err, "sh was killed by signal 9");
	run_command(NULL, none, NULL, &err);
	check_error(t, "no-program", &err, "cannot run 'kpatch-no-such-program': No such file");
	run_command(&nowhere, SHELL(":"), NULL, &err);
	check_error(t, "no-folder", &err, "cannot run 'sh' in /nonexistent/folder");
	run_command(NULL,
		    SHELL("i=0; while [ $i -lt 9999 ]; do i=$((i+1)); echo line $i; done; false"),
		    NULL, &err);
	check(t, err && strlen(err->message) < 4000 && strstr(err->message, "line 9999"),
	      "long-output-shortened", "%zu bytes", err ? strlen(err->message) : 0);
	g_clear_error(&err);
}

static bool collect(struct run_job *job, void *user, GError **err)
{
	GString *order = user;

	g_string_append(order, job->data);
	if (!strcmp(job->data, "X"))
		return kp_fail(err, KP_FAILED, "enough");
	return true;
}

static void add_job(GPtrArray *jobs, const char *script, const char *name)
{
	struct run_job *job = run_job_new(g_strdupv((char **)SHELL(script)));

	job->data = (void *)name;
	g_ptr_array_add(jobs, job);
}

static void pools(struct test *t)
{
	g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func((GDestroyNotify)run_job_free);
	g_autoptr(GString) order = g_string_new(NULL);
	GError *err = NULL;
	gint64 start = g_get_monotonic_time();

	add_job(jobs, "sleep 0.6", "a");
	add_job(jobs, "sleep 0.1", "b");
	add_job(jobs, "sleep 0.1", "c");
	check(t, run_pool(jobs, 2, collect, order, &err) && !strcmp(order->str, "bca"), "order",
	      "%s", order->str);
	/* One after the other it would be 0.8 s and more. */
	check(t, g_get_monotonic_time() - start < 5 * G_USEC_PER_SEC, "parallel", "slow");
	g_ptr_array_set_size(jobs, 0);
	g_string_truncate(order, 0);
	add_job(jobs, ":", "a");
	add_job(jobs, "exit 5", "b");
	add_job(jobs, ":", "c");
	check(t, !run_pool(jobs, 1, collect, order, &err) && !strcmp(order->str, "a"),
	      "stops-at-failure", "%s", order->str);
	check_error(t, "failure", &err, "exit status 5");
	g_ptr_array_set_size(jobs, 0);
	add_job(jobs, ":", "X");
	add_job(jobs, "sleep 60", "c");
	start = g_get_monotonic_time();
	check(t, !run_pool(jobs, 2, collect, order, &err), "callback-stops", "went on");
	check_error(t, "callback-error", &err, "enough");
	check(t, g_get_monotonic_time() - start < 30 * G_USEC_PER_SEC, "ends-the-rest", "waited");
}

static int call_shell(void *data)
{
	GError *err = NULL;
	bool ok = run_command(NULL, SHELL(data), NULL, &err);

	printf("%s", ok ? "done" : err->message);
	g_clear_error(&err);
	return ok ? 0 : 5;
}

static int call_kill(void *data)
{
	(void)data;
	fprintf(stderr, "bye");
	return raise(SIGKILL);
}

static struct run_job *add_call(GPtrArray *jobs, int (*call)(void *), const char *script)
{
	struct run_job *job = run_job_new(NULL);

	job->call = call;
	job->data = (void *)script;
	job->out = g_string_new(NULL);
	job->opts.what = "a call";
	g_ptr_array_add(jobs, job);
	return job;
}

static void calls(struct test *t)
{
	g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func((GDestroyNotify)run_job_free);
	GError *err = NULL;

	/* What is buffered here must not come out of the children, too. */
	printf("\n");
	struct run_job *good = add_call(jobs, call_shell, "exit 0");
	struct run_job *killed = add_call(jobs, call_kill, NULL);
	struct run_job *bad = add_call(jobs, call_shell, "exit 3");
	/* Its interrupt is its own: it cleans up, and nobody else notices. */
	struct run_job *stopped = add_call(jobs, call_shell, "kill -TERM $PPID; sleep 60");

	check(t, run_pool(jobs, 2, NULL, NULL, &err), "calls", "%s", err ? err->message : "");
	g_clear_error(&err);
	check(t, good->status == 0 && !strcmp(good->out->str, "done"), "call", "%d %s",
	      good->status, good->out->str);
	check(t, killed->status == 128 + SIGKILL && !strcmp(killed->output->str, "bye"),
	      "call-killed", "%d %s", killed->status, killed->output->str);
	check(t, bad->status == 5 && strstr(bad->out->str, "exit status 3"), "call-fails", "%d %s",
	      bad->status, bad->out->str);
	check(t, stopped->status == 5 && !strcmp(stopped->out->str, "interrupted"),
	      "call-interrupted", "%d %s", stopped->status, stopped->out->str);
	check(t, !run_interrupted(), "call-interrupts-itself", "the caller is interrupted");
}

static void pipes(struct test *t)
{
	GError *err = NULL;
	g_autofree char *text = NULL;
	g_autofree char *file = in_dir(t, "piped");
	const struct run_opts opts = { .cwd = t->dir };

	check(t,
	      run_pipe(&opts, SHELL("echo through"), SHELL("cat > piped"), &err) &&
		      g_file_get_contents(file, &text, NULL, NULL) && !strcmp(text, "through\n"),
	      "pipe", "%s", err ? err->message : text);
	run_pipe(&opts, SHELL("echo bad >&2; exit 4"), SHELL("cat > piped"), &err);
	check_error(t, "pipe-first-fails", &err, "sh failed with exit status 4\nbad");
	run_pipe(&opts, SHELL("yes"), SHELL("echo full >&2; exit 6"), &err);
	check_error(t, "pipe-second-fails", &err, "sh failed with exit status 6\nfull");
}

static void locks(struct test *t)
{
	g_autofree char *path = in_dir(t, "lock");
	GError *err = NULL;
	bool busy;
	struct kp_lock *first = kp_lock_take(path, KP_LOCK_SHARED, &err);
	struct kp_lock *second = kp_lock_try(path, KP_LOCK_SHARED, &busy, &err);
	struct kp_lock *third = kp_lock_try(path, KP_LOCK_EXCLUSIVE, &busy, &err);

	check(t, first && second && !third && busy && !err, "shared-excludes-exclusive", "wrong");
	kp_lock_drop(first);
	kp_lock_drop(second);
	third = kp_lock_try(path, KP_LOCK_EXCLUSIVE, &busy, &err);
	check(t, third != NULL, "free-again", "busy");
	kp_lock_drop(third);
	kp_lock_take("/nonexistent/lock", KP_LOCK_SHARED, &err);
	check_error(t, "no-folder-for-lock", &err, "cannot open lock file");
}

/* Whether the process whose number is in @name still runs. */
static bool runs(const struct test *t, const char *name)
{
	g_autofree char *path = in_dir(t, name);
	g_autofree char *text = NULL;

	for (int i = 0; i < 100 && !g_file_get_contents(path, &text, NULL, NULL); i++)
		g_usleep(50000);
	for (int i = 0; text && i < 100; i++) {
		if (kill(atoi(text), 0) < 0)
			return false;
		g_usleep(50000);
	}
	return true;
}

/* In a child, since an interrupt is for good. */
static void interrupted_by(struct test *t, const char *name, int how)
{
	g_autofree char *pid_name = g_strconcat(name, "-pid", NULL);
	g_autofree char *script = g_strdup_printf(
		"sleep 1000 & echo $! > %s.tmp; mv %s.tmp %s; wait", pid_name, pid_name, pid_name);
	g_autofree char *pid_path = in_dir(t, pid_name);
	pid_t pid = fork();

	if (pid == 0) {
		const struct run_opts opts = { .cwd = t->dir };
		GError *err = NULL;

		run_catch_signals();
		run_command(&opts, SHELL(script), NULL, &err);
		_exit(kp_exit_status(err));
	}
	for (int i = 0; i < 200 && access(pid_path, F_OK) < 0; i++)
		g_usleep(50000);
	kill(pid, how);
	int status = 0;

	waitpid(pid, &status, 0);
	check(t, WIFEXITED(status) && WEXITSTATUS(status) == KP_INTERRUPTED, name, "status %x",
	      (unsigned int)status);
	check(t, !runs(t, pid_name), pid_name, "a grandchild still runs");
}

static void child_dies_with_parent(struct test *t)
{
	pid_t pid = fork();
	g_autofree char *pid_path = in_dir(t, "child-pid");

	if (pid == 0) {
		const struct run_opts opts = { .cwd = t->dir };

		run_command(&opts, SHELL("echo $$ > c.tmp; mv c.tmp child-pid; exec sleep 1000"),
			    NULL, NULL);
		_exit(0);
	}
	for (int i = 0; i < 200 && access(pid_path, F_OK) < 0; i++)
		g_usleep(50000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	check(t, !runs(t, "child-pid"), "child-dies-with-parent", "it still runs");
}

int main(void)
{
	struct test t;

	test_start(&t);
	captures(&t);
	fails(&t);
	pools(&t);
	calls(&t);
	pipes(&t);
	locks(&t);
	interrupted_by(&t, "interrupt", SIGINT);
	interrupted_by(&t, "terminate", SIGTERM);
	child_dies_with_parent(&t);
	return test_end(&t);
}
