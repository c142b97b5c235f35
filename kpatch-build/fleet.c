// SPDX-License-Identifier: GPL-2.0
/* Builds for several kernels, see fleet.h. */
#include "fleet.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "report.h"
#include "run.h"

/* An interrupted build ends its own commands before it removes its files. */
#define GRACE_MS 10000

/* One kernel of several. */
struct member {
	struct options options; /* the user's, for this kernel alone */
	char *dir;		/* for its module */
	fleet_build_fn build;
	struct run_job *job;
	json_t *document; /* how the build ended; NULL: it has not */
};

struct fleet {
	struct report *report;
	GPtrArray *members; /* of struct member *, in the user's order */
};

static void member_free(void *data)
{
	struct member *member = data;

	json_decref(member->document);
	run_job_free(member->job);
	g_free(member->dir);
	g_free(member);
}

/* In the child. Text for people is one stream, in its order; the other pipe is for the report. */
static int member_build(void *data)
{
	const struct member *member = data;
	int pipe = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	json_auto_t *document = NULL;

	if (pipe < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return KP_FAILED;
	int status = member->build(&member->options, &document);

	/* Only an empty folder goes. */
	if (status)
		g_rmdir(member->dir);
	if (document)
		json_dumpfd(document, pipe, JSON_COMPACT);
	return status;
}

/*
 * The user's jobs are shared out, so that all compilers together are no more than for one
 * kernel. Several builds at once, since much of a build is not compiling: it leaves processors
 * idle, the more the more there are.
 */
static unsigned int at_once(const struct options *options)
{
	return MIN(options->jobs, options->releases->len);
}

static struct member *member_new(const struct options *options, guint index, fleet_build_fn build)
{
	struct member *member = g_new0(struct member, 1);
	const char *release = options->releases->pdata[index];
	unsigned int parallel = at_once(options);

	member->dir = g_build_filename(options->output_dir, release, NULL);
	member->build = build;
	member->options = *options;
	member->options.target.release = release;
	member->options.output_dir = member->dir;
	member->options.jobs = options->jobs / parallel + (index < options->jobs % parallel);
	member->job = run_job_new(NULL);
	member->job->call = member_build;
	member->job->data = member;
	member->job->out = g_string_new(NULL);
	member->job->opts = (struct run_opts){ .what = release, .grace_ms = GRACE_MS };
	return member;
}

/* For a build that could not say itself how it ended. */
static json_t *missing_document(const struct run_job *job)
{
	bool killed = job->status > 128;
	bool untried = job->status < 0 || job->status == KP_INTERRUPTED;
	int status = untried ? KP_INTERRUPTED : killed ? KP_FAILED : job->status;
	g_autofree char *error = NULL;

	if (untried)
		error = g_strdup("interrupted");
	else if (killed)
		error = g_strdup_printf("the build was killed by signal %d (%s)", job->status - 128,
					strsignal(job->status - 128));
	else
		error = g_strdup("there is no report: a name in it is not UTF-8");
	return json_pack("{s:s, s:i, s:s}", "status", status ? "failed" : "built", "exit_status",
			 status, "error", error);
}

static void take_document(struct member *member)
{
	const struct run_job *job = member->job;

	member->document = json_loadb(job->out->str, job->out->len, 0, NULL);
	if (!member->document)
		member->document = missing_document(job);
	json_object_set_new(member->document, "release",
			    json_string(member->options.target.release));
	/* It was killed, perhaps, before it could. */
	if (job->status)
		g_rmdir(member->dir);
}

static bool member_done(struct run_job *job, void *user, GError **err)
{
	struct fleet *fleet = user;
	struct member *member = job->data;

	(void)err;
	take_document(member);
	report_kernel(fleet->report, member->options.target.release, job->output->str);
	return true;
}

static int status_of(const struct member *member)
{
	return (int)json_integer_value(json_object_get(member->document, "exit_status"));
}

/* One status for all, and @err for any but KP_OK. */
static void conclude(const struct fleet *fleet, GError **err)
{
	guint built = 0, all = fleet->members->len;
	int status = status_of(fleet->members->pdata[0]);

	for (guint i = 0; i < all; i++) {
		int other = status_of(fleet->members->pdata[i]);

		built += other == KP_OK;
		if (other != status)
			status = KP_FAILED;
	}
	if (built < all)
		kp_fail(err, built ? KP_PARTLY : (enum kp_status)status,
			"there is a module for %u of %u kernels", built, all);
}

static const char *status_word(int status)
{
	if (!status)
		return "built";
	return status == KP_PARTLY ? "partly" : "failed";
}

static json_t *fleet_document(json_t *kernels, const GError *error, double seconds)
{
	int status = kp_exit_status(error);

	return json_pack("{s:s, s:s, s:i, s:s?, s:O, s:f}", "program", "kpatch-build " KP_VERSION,
			 "status", status_word(status), "exit_status", status, "error",
			 error ? error->message : NULL, "kernels", kernels, "seconds", seconds);
}

static json_t *collect(struct fleet *fleet)
{
	json_t *kernels = json_array();

	for (guint i = 0; i < fleet->members->len; i++) {
		struct member *member = fleet->members->pdata[i];

		if (!member->document)
			take_document(member);
		json_array_append(kernels, member->document);
	}
	return kernels;
}

int fleet_run(const struct options *options, fleet_build_fn build, json_t **document)
{
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	gint64 start = g_get_monotonic_time();
	struct fleet fleet = {
		.report = report_new(options->quiet, options->debug > 0),
		.members = g_ptr_array_new_with_free_func(member_free),
	};

	for (guint i = 0; i < options->releases->len; i++) {
		struct member *member = member_new(options, i, build);

		g_ptr_array_add(fleet.members, member);
		g_ptr_array_add(jobs, member->job);
	}
	report_phase(fleet.report, "Building for %u kernels, %u at once", jobs->len,
		     at_once(options));
	bool ok = run_pool(jobs, at_once(options), member_done, &fleet, &error);
	json_auto_t *kernels = collect(&fleet);

	if (ok)
		conclude(&fleet, &error);
	report_fleet(fleet.report, kernels);
	if (error)
		report_error(fleet.report, error);
	*document = fleet_document(kernels, error,
				   (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC);
	report_free(fleet.report);
	g_ptr_array_unref(fleet.members);
	return kp_exit_status(error);
}
