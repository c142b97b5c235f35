// SPDX-License-Identifier: GPL-2.0
#include "narrow.h"

#include "identifiers.h"
#include "line.h"

/* Original and patched source of one object, preprocessed. */
struct pair {
	struct affected_object *object;
	struct compile_job *job[2]; /* original, patched; they own the text */
	unsigned int ready;
	bool unaffected;
};

struct narrowing {
	const struct narrow_setup *setup;
	struct kp_diags *diags;
	GHashTable *reported; /* files whose lines moved, once each */
};

static void verify_lines(struct narrowing *n, const struct pair *pair)
{
	g_autoptr(GPtrArray) paths = overlay_paths(n->setup->overlay);

	for (guint i = 0; i < paths->len; i++) {
		const struct src_file *file = overlay_find(n->setup->overlay, paths->pdata[i]);
		unsigned int line;

		if (!file->exists || !file->existed || !line_applies_to(file->path) ||
		    g_hash_table_contains(n->reported, file->path))
			continue;
		line = line_verify(file, pair->job[0]->text, pair->job[1]->text);
		if (!line)
			continue;
		g_hash_table_add(n->reported, file->path);
		kp_diag_add(n->diags, KP_WARNING, file->path, NULL,
			    "keep the number of lines there as it is",
			    "the patch moves line %u and #line cannot hold it; functions that "
			    "use __LINE__ may count as changed",
			    line);
	}
}

static void look_at(struct narrowing *n, struct pair *pair)
{
	verify_lines(n, pair);
	if (!pair->object->direct)
		pair->unaffected = !identifiers_unit_affected(
			pair->job[0]->text, pair->job[1]->text, &pair->object->why);
	/* Some megabytes each: let go as soon as possible. */
	for (gsize i = 0; i < 2; i++) {
		g_string_free(pair->job[i]->text, TRUE);
		pair->job[i]->text = NULL;
	}
}

static void preprocessed(unsigned int done, unsigned int total, const struct compile_job *job,
			 void *user)
{
	struct narrowing *n = user;
	struct pair *pair = job->data;

	if (++pair->ready == 2)
		look_at(n, pair);
	if (n->setup->done)
		n->setup->done(done, total, job, n->setup->user);
}

static void add_jobs(const struct narrow_setup *setup, GPtrArray *jobs, struct pair *pair)
{
	const struct command *command = commands_get(setup->commands, pair->object->object->path);

	for (gsize i = 0; i < 2; i++) {
		struct compile_job *job = compile_job_new(command, COMPILE_PREPROCESS,
							  i ? setup->work->copy : NULL, NULL);

		job->extra = i ? setup->extra : NULL;
		job->text = g_string_new(NULL);
		job->data = pair;
		pair->job[i] = job;
		g_ptr_array_add(jobs, job);
	}
}

bool narrow_affected(const struct narrow_setup *setup, struct affected *affected,
		     struct kp_diags *diags, GError **err)
{
	g_autoptr(GHashTable) reported = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) jobs =
		g_ptr_array_new_with_free_func((GDestroyNotify)compile_job_free);
	g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);
	struct narrowing n = { .setup = setup, .diags = diags, .reported = reported };

	for (guint i = 0; i < affected->objects->len; i++) {
		struct affected_object *object = affected->objects->pdata[i];

		if (object->is_new)
			continue;
		struct pair *pair = g_new0(struct pair, 1);

		pair->object = object;
		g_ptr_array_add(pairs, pair);
		add_jobs(setup, jobs, pair);
	}
	if (!compile_run(setup->tree, jobs, setup->parallel, preprocessed, &n, err))
		return false;
	for (guint i = 0; i < pairs->len; i++) {
		const struct pair *pair = pairs->pdata[i];

		if (pair->unaffected)
			affected_drop(affected, pair->object);
	}
	return true;
}
