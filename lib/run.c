// SPDX-License-Identifier: GPL-2.0
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"

#define OUTPUT_KEPT   65536
#define OUTPUT_SHOWN  3000 /* bytes of output in an error message */
#define TERM_GRACE_MS 2000 /* between SIGTERM and SIGKILL, by default */

/* The process's interrupt: signals are global by nature, so is what they set. */
static volatile sig_atomic_t interrupted;
static int interrupt_pipe[2] = { -1, -1 };

void run_interrupt(void)
{
	int saved = errno;

	interrupted = 1;
	/* Never read: from now on every poll() sees it. */
	if (interrupt_pipe[1] >= 0 && write(interrupt_pipe[1], "", 1) < 0)
		errno = saved;
	errno = saved;
}

static void on_signal(int sig)
{
	(void)sig;
	run_interrupt();
}

void run_catch_signals(void)
{
	if (interrupt_pipe[0] >= 0 || pipe2(interrupt_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	/* The second one kills: whoever insists shall not wait for the cleaning up. */
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool run_interrupted(void)
{
	return interrupted;
}

bool run_check(GError **err)
{
	if (interrupted)
		return kp_fail(err, KP_INTERRUPTED, "interrupted");
	return true;
}

struct run_job *run_job_new(char **argv)
{
	struct run_job *job = g_new0(struct run_job, 1);

	job->argv = argv;
	job->status = -1;
	return job;
}

void run_job_free(struct run_job *job)
{
	if (!job)
		return;
	g_strfreev(job->argv);
	if (job->out)
		g_string_free(job->out, TRUE);
	if (job->output)
		g_string_free(job->output, TRUE);
	g_free(job);
}

/* A running command; fds are -1 when closed. */
struct child {
	struct run_job *job;
	pid_t pid;
	int pidfd;
	int out, err; /* our ends of the pipes */
	int log;
	bool exited;
};

struct child_fds {
	int in, out, err, report;
};

G_NORETURN static void child_call(const struct run_job *job, const struct child_fds *fds)
{
	/* What a program that is started would not have: the parent's ends, and its interrupts. */
	close(fds->report);
	close(interrupt_pipe[0]);
	close(interrupt_pipe[1]);
	interrupt_pipe[0] = interrupt_pipe[1] = -1;
	interrupted = 0;
	run_catch_signals();
	int status = job->call(job->data);

	fflush(NULL);
	_exit(status);
}

static void child_exec(const struct run_job *job, const struct child_fds *fds, pid_t parent)
{
	static const int restored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD };
	sigset_t none;

	sigemptyset(&none);
	for (size_t i = 0; i < G_N_ELEMENTS(restored); i++)
		signal(restored[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	if (dup2(fds->in, 0) >= 0 && dup2(fds->out, 1) >= 0 && dup2(fds->err, 2) >= 0 &&
	    (!job->opts.cwd || chdir(job->opts.cwd) == 0)) {
		if (job->call)
			child_call(job, fds);
		if (job->opts.env)
			execvpe(job->argv[0], job->argv, (char *const *)job->opts.env);
		else
			execvp(job->argv[0], job->argv);
	}
	int saved = errno;

	if (write(fds->report, &saved, sizeof(saved)) < 0)
		_exit(126);
	_exit(127);
}

static const char *job_name(const struct run_job *job)
{
	return job->opts.what ? job->opts.what : job->argv[0];
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void child_close(struct child *child)
{
	close_fd(&child->out);
	close_fd(&child->err);
	close_fd(&child->log);
	close_fd(&child->pidfd);
}

static void log_command(const struct child *child)
{
	g_autofree char *line = g_strjoinv(" ", child->job->argv);
	g_autofree char *text = g_strdup_printf("+ %s\n", line);

	/* The log is a help for people; a full disk shows elsewhere. */
	if (write(child->log, text, strlen(text)) < 0)
		return;
}

static bool open_log(struct child *child, GError **err)
{
	const char *log = child->job->opts.log;

	if (!log)
		return true;
	child->log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (child->log < 0)
		return kp_fail_errno(err, "cannot open log file '%s'", log);
	log_command(child);
	return true;
}

/* Forks; @fds are what the child gets as 0, 1, 2. @report: reads the errno of a failed exec. */
static bool fork_child(struct child *child, struct child_fds *fds, GError **err)
{
	struct run_job *job = child->job;
	int report[2];
	int failure = 0;

	if (pipe2(report, O_CLOEXEC) < 0)
		return kp_fail_errno(err, "cannot run %s: no pipe", job_name(job));
	fds->report = report[1];
	pid_t parent = getpid();

	/* What is not written yet would be written twice. */
	if (job->call)
		fflush(NULL);
	child->pid = fork();
	if (child->pid == 0)
		child_exec(job, fds, parent);
	close(report[1]);
	if (child->pid < 0) {
		close(report[0]);
		return kp_fail_errno(err, "cannot run %s: no process", job_name(job));
	}
	ssize_t got;

	do
		got = read(report[0], &failure, sizeof(failure));
	while (got < 0 && errno == EINTR);
	close(report[0]);
	if (got == (ssize_t)sizeof(failure)) {
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
		errno = failure;
		return kp_fail_errno(err, "cannot run '%s'%s%s", job->argv[0],
				     job->opts.cwd ? " in " : "", job->opts.cwd ?: "");
	}
	child->pidfd = pidfd_open(child->pid, 0);
	if (child->pidfd < 0) {
		kp_fail_errno(err, "cannot watch %s", job_name(job));
		kill(child->pid, SIGKILL);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
		return false;
	}
	return true;
}

/*
 * Starts @job. @in, @out: file descriptors for a pipeline, closed here; -1: /dev/null or
 * opts.stdin_path, and capture.
 */
static struct child *child_start(struct run_job *job, int in, int out, GError **err)
{
	struct child *child = g_new0(struct child, 1);
	int out_pipe[2] = { -1, -1 }, err_pipe[2] = { -1, -1 };
	bool ok = false;

	*child = (struct child){
		.job = job, .pid = -1, .pidfd = -1, .out = -1, .err = -1, .log = -1
	};
	if (!job->output)
		job->output = g_string_new(NULL);
	g_string_truncate(job->output, 0);
	if (in < 0)
		in = open(job->opts.stdin_path ?: "/dev/null", O_RDONLY | O_CLOEXEC);
	if (in < 0) {
		kp_fail_errno(err, "cannot open '%s'", job->opts.stdin_path ?: "/dev/null");
	} else if (pipe2(err_pipe, O_CLOEXEC) < 0 ||
		   (job->out && out < 0 && pipe2(out_pipe, O_CLOEXEC) < 0)) {
		kp_fail_errno(err, "cannot run %s: no pipe", job_name(job));
	} else if (open_log(child, err)) {
		struct child_fds fds = { .in = in, .err = err_pipe[1] };

		fds.out = out >= 0 ? out : (job->out ? out_pipe[1] : err_pipe[1]);
		child->err = err_pipe[0];
		child->out = out_pipe[0];
		fcntl(child->err, F_SETFL, O_NONBLOCK);
		if (child->out >= 0)
			fcntl(child->out, F_SETFL, O_NONBLOCK);
		ok = fork_child(child, &fds, err);
	} else {
		close_fd(&err_pipe[0]);
		close_fd(&out_pipe[0]);
	}
	close_fd(&in);
	close_fd(&out);
	close_fd(&err_pipe[1]);
	close_fd(&out_pipe[1]);
	if (!ok) {
		child_close(child);
		g_clear_pointer(&child, g_free);
	}
	return child;
}

static void keep_output(struct child *child, const char *data, size_t len)
{
	GString *kept = child->job->output;

	if (child->log >= 0 && write(child->log, data, len) < 0)
		close_fd(&child->log);
	g_string_append_len(kept, data, (gssize)len);
	if (kept->len > 2 * OUTPUT_KEPT)
		g_string_erase(kept, 0, (gssize)(kept->len - OUTPUT_KEPT));
}

/* Reads what is there; closes at the end of the stream. */
static void drain(struct child *child, int *fd)
{
	char buf[65536];

	while (*fd >= 0) {
		ssize_t got = read(*fd, buf, sizeof(buf));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0)
			close_fd(fd);
		else if (fd == &child->out)
			g_string_append_len(child->job->out, buf, got);
		else
			keep_output(child, buf, (size_t)got);
	}
}

static void child_reap(struct child *child)
{
	int status = 0;

	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	child->job->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	child->exited = true;
	/* Something in the background may hold the pipes open: what is there now is all we want. */
	drain(child, &child->out);
	drain(child, &child->err);
	child_close(child);
}

/* Ends all that run: the whole group of each, first politely. */
static void children_kill(GPtrArray *children)
{
	for (guint i = 0; i < children->len; i++) {
		const struct child *child = children->pdata[i];

		if (!child->exited)
			kill(-child->pid, SIGTERM);
	}
	gint64 start = g_get_monotonic_time();

	for (guint i = 0; i < children->len; i++) {
		struct child *child = children->pdata[i];

		if (child->exited)
			continue;
		struct pollfd fd = { .fd = child->pidfd, .events = POLLIN };
		int grace = (int)(child->job->opts.grace_ms ?: TERM_GRACE_MS);
		int passed = (int)((g_get_monotonic_time() - start) / 1000);

		while (poll(&fd, 1, MAX(grace - passed, 0)) < 0 && errno == EINTR)
			;
		/* Before reaping, so that the number still belongs to this group. */
		kill(-child->pid, SIGKILL);
		child_reap(child);
	}
}

/* Waits until something happens, and takes output and ends in. */
static bool children_step(GPtrArray *children, GError **err)
{
	g_autofree struct pollfd *fds = g_new0(struct pollfd, 3 * children->len + 1);

	for (guint i = 0; i < children->len; i++) {
		const struct child *child = children->pdata[i];

		fds[3 * i] = (struct pollfd){ .fd = child->out, .events = POLLIN };
		fds[3 * i + 1] = (struct pollfd){ .fd = child->err, .events = POLLIN };
		fds[3 * i + 2] = (struct pollfd){ .fd = child->pidfd, .events = POLLIN };
	}
	fds[3 * children->len] = (struct pollfd){ .fd = interrupt_pipe[0], .events = POLLIN };
	if (poll(fds, 3 * children->len + 1, -1) < 0 && errno != EINTR)
		return kp_fail_errno(err, "cannot wait for commands");
	if (!run_check(err))
		return false;
	for (guint i = 0; i < children->len; i++) {
		struct child *child = children->pdata[i];

		if (fds[3 * i].revents)
			drain(child, &child->out);
		if (fds[3 * i + 1].revents)
			drain(child, &child->err);
		if (fds[3 * i + 2].revents)
			child_reap(child);
	}
	return true;
}

/* The end of the output, from the start of a line. */
static const char *output_tail(const GString *output)
{
	if (output->len <= OUTPUT_SHOWN)
		return output->str;
	const char *from = output->str + output->len - OUTPUT_SHOWN;
	const char *line = strchr(from, '\n');

	return line && line[1] ? line + 1 : from;
}

static bool check_status(const struct run_job *job, GError **err)
{
	if (job->status == 0 || job->call || (job->opts.any_status && job->status < 128))
		return true;
	g_autofree char *command = job->opts.show_command ? g_strjoinv(" ", job->argv) : NULL;
	g_autofree char *tail = g_strdup(output_tail(job->output));
	g_autofree char *how =
		job->status > 128 ? g_strdup_printf("was killed by signal %d (%s)",
						    job->status - 128, strsignal(job->status - 128))
				  : g_strdup_printf("failed with exit status %d", job->status);

	g_strchomp(tail);
	return kp_fail(err, KP_FAILED, "%s %s%s%s%s%s", job_name(job), how,
		       command ? "\ncommand: " : "", command ?: "", tail[0] ? "\n" : "", tail);
}

/* Takes the ended ones out of @children. */
static bool children_finish(GPtrArray *children, run_done_fn done, void *user, GError **err)
{
	for (guint i = 0; i < children->len;) {
		struct child *child = children->pdata[i];
		struct run_job *job = child->job;

		if (!child->exited) {
			i++;
			continue;
		}
		g_ptr_array_remove_index(children, i);
		if (!check_status(job, err) || (done && !done(job, user, err)))
			return false;
	}
	return true;
}

bool run_pool(GPtrArray *jobs, unsigned int parallel, run_done_fn done, void *user, GError **err)
{
	g_autoptr(GPtrArray) children = g_ptr_array_new_with_free_func(g_free);
	guint next = 0;
	bool ok = run_check(err);

	while (ok && (next < jobs->len || children->len)) {
		while (ok && next < jobs->len && children->len < MAX(parallel, 1)) {
			struct child *child = child_start(jobs->pdata[next++], -1, -1, err);

			ok = child != NULL;
			if (child)
				g_ptr_array_add(children, child);
		}
		ok = ok && children_step(children, err) &&
		     children_finish(children, done, user, err);
	}
	if (!ok)
		children_kill(children);
	return ok;
}

bool run_status(const struct run_opts *o, const char *const argv[], GString *out, int *status,
		GError **err)
{
	struct run_job job = { .argv = (char **)argv, .out = out, .status = -1 };
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();

	if (o)
		job.opts = *o;
	if (status)
		job.opts.any_status = true;
	g_ptr_array_add(jobs, &job);
	bool ok = run_pool(jobs, 1, NULL, NULL, err);

	if (status)
		*status = job.status;
	if (job.output)
		g_string_free(job.output, TRUE);
	return ok;
}

bool run_command(const struct run_opts *o, const char *const argv[], GString *out, GError **err)
{
	return run_status(o, argv, out, NULL, err);
}

bool run_pipe(const struct run_opts *o, const char *const from[], const char *const to[],
	      GError **err)
{
	struct run_job jobs[2] = { { .argv = (char **)from }, { .argv = (char **)to } };
	g_autoptr(GPtrArray) children = g_ptr_array_new_with_free_func(g_free);
	int fds[2];

	if (!run_check(err))
		return false;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return kp_fail_errno(err, "cannot run %s: no pipe", from[0]);
	for (int i = 0; i < 2 && o; i++)
		jobs[i].opts = *o;
	struct child *reader = child_start(&jobs[1], fds[0], -1, err);
	struct child *writer = reader ? child_start(&jobs[0], -1, fds[1], err) : NULL;
	bool ok = reader && writer;

	if (!reader)
		close(fds[1]);
	if (reader)
		g_ptr_array_add(children, reader);
	if (writer)
		g_ptr_array_add(children, writer);
	while (ok && !(reader->exited && writer->exited))
		ok = children_step(children, err);
	if (!ok)
		children_kill(children);
	/* A writer that died of SIGPIPE is only the consequence of what happened to the reader. */
	bool consequence = jobs[0].status == 128 + SIGPIPE && jobs[1].status != 0;

	ok = ok && (consequence || check_status(&jobs[0], err)) && check_status(&jobs[1], err);
	for (int i = 0; i < 2; i++)
		if (jobs[i].output)
			g_string_free(jobs[i].output, TRUE);
	return ok;
}
