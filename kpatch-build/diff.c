// SPDX-License-Identifier: GPL-2.0
#include "diff.h"

#include <glib/gstdio.h>
#include <jansson.h>
#include <string.h>

#include "error.h"
#include "paths.h"
#include "run.h"

void diff_input_free(struct diff_input *input)
{
	if (!input)
		return;
	g_free(input->object);
	g_free(input->objname);
	g_free(input->plain);
	g_free(input->original);
	g_free(input->patched);
	g_free(input->types);
	g_free(input->symtab);
	g_free(input);
}

static void result_free(void *data)
{
	struct diff_result *result = data;

	g_free(result->object);
	g_free(result->objname);
	g_ptr_array_unref(result->changed);
	g_ptr_array_unref(result->added);
	json_decref(result->data);
	json_decref(result->callbacks);
	json_decref(result->states);
	json_decref(result->shadow_types);
	g_free(result->output);
	g_free(result->said);
	g_free(result);
}

static struct diff_result *result_new(const struct diff_input *input)
{
	struct diff_result *result = g_new0(struct diff_result, 1);

	result->object = g_strdup(input->object);
	result->objname = g_strdup(input->objname);
	result->changed = g_ptr_array_new_with_free_func(g_free);
	result->added = g_ptr_array_new_with_free_func(g_free);
	result->data = json_array();
	result->callbacks = json_array();
	result->states = json_array();
	result->shadow_types = json_array();
	return result;
}

/* A file of this object in the output folder; one object may be in several modules. */
static char *file_name(const struct diff_setup *setup, const struct diff_input *input,
		       const char *suffix)
{
	g_autofree char *flat = g_strdelimit(g_strdup(input->object), "/", '_');

	return g_strdup_printf("%s/%s@%s%s", setup->dir, flat, input->objname, suffix);
}

static char **command_line(const struct diff_setup *setup, const struct diff_input *input,
			   const char *program)
{
	GPtrArray *argv = g_ptr_array_new();

	g_ptr_array_add(argv, g_strdup(program));
	if (setup->debug)
		g_ptr_array_add(argv, g_strdup("-d"));
	if (input->plain) {
		g_ptr_array_add(argv, g_strdup("--plain"));
		g_ptr_array_add(argv, g_strdup(input->plain));
	}
	if (input->types) {
		g_ptr_array_add(argv, g_strdup("--types"));
		g_ptr_array_add(argv, g_strdup(input->types));
	}
	g_ptr_array_add(argv, g_strdup("--object"));
	g_ptr_array_add(argv, g_strdup(input->object));
	g_ptr_array_add(argv, g_strdup("--vmlinux"));
	g_ptr_array_add(argv, g_strdup(setup->vmlinux));
	g_ptr_array_add(argv, g_strdup("--report"));
	g_ptr_array_add(argv, file_name(setup, input, ".json"));
	g_ptr_array_add(argv, g_strdup(input->original));
	g_ptr_array_add(argv, g_strdup(input->patched));
	g_ptr_array_add(argv, g_strdup(input->objname));
	g_ptr_array_add(argv, g_strdup(input->symtab));
	g_ptr_array_add(argv, g_strdup(setup->target->symvers));
	g_ptr_array_add(argv, g_strdup(setup->module_name));
	g_ptr_array_add(argv, file_name(setup, input, ".o"));
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}

static void copy_names(const json_t *report, const char *key, GPtrArray *names)
{
	const json_t *list = json_object_get(report, key);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (name)
			g_ptr_array_add(names, g_strdup(name));
	}
}

static void copy_list(const json_t *report, const char *key, json_t *list)
{
	json_t *from = json_object_get(report, key);

	if (json_is_array(from))
		json_array_extend(list, from);
}

static enum kp_severity severity(const char *text)
{
	if (text && !strcmp(text, "error"))
		return KP_ERROR_DIAG;
	return text && !strcmp(text, "warning") ? KP_WARNING : KP_NOTE;
}

static const char *member(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void copy_diags(const json_t *report, const struct diff_input *input, struct kp_diags *diags)
{
	const json_t *list = json_object_get(report, "diagnostics");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *message = member(item, "message");
		const char *object = member(item, "object");

		kp_diag_add(diags, severity(member(item, "severity")),
			    object ? object : input->object, member(item, "symbol"),
			    member(item, "remedy"), "%s", message ? message : "(no message)");
	}
}

/* The exit status decides; the report says more. A report may be missing after a crash. */
static void read_result(const struct diff_setup *setup, const struct diff_input *input,
			const struct run_job *job, struct diff_result *result,
			struct kp_diags *diags)
{
	g_autofree char *path = file_name(setup, input, ".json");
	json_t *report = json_load_file(path, 0, NULL);
	unsigned int errors = diags->errors;

	copy_names(report, "changed", result->changed);
	copy_names(report, "new", result->added);
	copy_list(report, "new_data", result->data);
	copy_list(report, "callbacks", result->callbacks);
	copy_list(report, "states", result->states);
	copy_list(report, "shadow_types", result->shadow_types);
	copy_diags(report, input, diags);
	json_decref(report);
	if (setup->debug)
		result->said = g_strdup(job->output->str);
	switch (job->status) {
	case KP_OK:
		result->status = DIFF_WRITTEN;
		result->output = file_name(setup, input, ".o");
		return;
	case KP_NO_CHANGE:
		result->status = DIFF_UNCHANGED;
		return;
	case KP_UNPATCHABLE:
		result->status = DIFF_UNPATCHABLE;
		break;
	default:
		result->status = DIFF_ERROR;
	}
	if (diags->errors > errors)
		return;
	g_autofree char *said = g_strdup(job->output ? job->output->str : "");
	const char *text = g_strstrip(said);

	kp_diag_add(diags, KP_ERROR_DIAG, input->object, NULL,
		    job->status >= 128 ? "this is a bug of create-diff-object; report it" : NULL,
		    "create-diff-object ended with status %d%s%s", job->status, *text ? ": " : "",
		    text);
}

struct progress {
	unsigned int done, total;
	diff_done_fn fn;
	void *user;
};

static bool one_done(struct run_job *job, void *user, GError **err)
{
	struct progress *progress = user;

	(void)err;
	progress->done++;
	if (progress->fn)
		progress->fn(progress->done, progress->total, job->data, progress->user);
	return true;
}

GPtrArray *diff_run(const struct diff_setup *setup, const GPtrArray *inputs, diff_done_fn done,
		    void *user, struct kp_diags *diags, GError **err)
{
	g_autofree char *program = kp_libexec("create-diff-object", err);
	struct progress progress = { .total = inputs->len, .fn = done, .user = user };

	if (!program)
		return NULL;
	g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func((GDestroyNotify)run_job_free);

	for (guint i = 0; i < inputs->len; i++) {
		struct run_job *job = run_job_new(command_line(setup, inputs->pdata[i], program));

		job->opts.any_status = true;
		job->opts.what = "create-diff-object";
		job->data = inputs->pdata[i];
		g_ptr_array_add(jobs, job);
	}
	if (!run_pool(jobs, setup->parallel, one_done, &progress, err))
		return NULL;
	GPtrArray *results = g_ptr_array_new_with_free_func(result_free);

	for (guint i = 0; i < jobs->len; i++) {
		struct diff_result *result = result_new(inputs->pdata[i]);

		g_ptr_array_add(results, result);
		read_result(setup, inputs->pdata[i], jobs->pdata[i], result, diags);
	}
	return results;
}
