// SPDX-License-Identifier: GPL-2.0
#include "build.h"

#include <string.h>

#include "apply.h"
#include "error.h"
#include "narrow.h"
#include "package.h"
#include "patch-policy.h"
#include "paths.h"
#include "prefilter.h"
#include "sign.h"

/*
 * What preprocessing and compiling one source takes, in seconds, for estimates (measured on
 * Debian's 6.1 with gcc 12; an object is compiled three times).
 */
#define PREPROCESS_COST 0.5
#define COMPILE_COST	7.5

/* Preprocessing is so much cheaper than compiling that more objects are fine. */
#define PREPROCESS_FACTOR 10

struct build *build_new(const struct options *options)
{
	struct build *build = g_new0(struct build, 1);

	build->options = options;
	build->report = report_new(options->quiet, options->debug > 0);
	build->diags = kp_diags_new();
	build->patches = g_ptr_array_new_with_free_func((GDestroyNotify)source_patch_free);
	return build;
}

void build_free(struct build *build)
{
	if (!build)
		return;
	g_clear_pointer(&build->results, g_ptr_array_unref);
	g_clear_pointer(&build->inputs, g_ptr_array_unref);
	affected_free(build->affected);
	commands_free(build->commands);
	if (build->work)
		work_free(build->work);
	overlay_free(build->overlay);
	include_graph_free(build->graph);
	kbuild_free(build->kbuild_new);
	kbuild_free(build->kbuild);
	tree_free(build->tree);
	target_free(build->target);
	g_ptr_array_unref(build->patches);
	kp_diags_free(build->diags);
	report_free(build->report);
	g_strfreev(build->extra);
	g_strfreev(build->record);
	g_free(build->patch_sha256);
	fixes_free(build->fixes);
	g_free(build->vmlinux);
	g_free(build->module);
	package_free(build->packing);
	g_free(build->package);
	g_free(build);
}

bool build_check_diags(struct build *build, GError **err)
{
	build->shown = report_diags(build->report, build->diags, build->shown);
	if (!build->diags->errors)
		return true;
	return kp_fail(err, KP_UNPATCHABLE, "the patch cannot be made into a module: %u error%s",
		       build->diags->errors, build->diags->errors == 1 ? "" : "s");
}

/* Not silently: a message may mention what the patch does not fix. */
static void note_cves(const struct build *build)
{
	const GPtrArray *cves = build->fixes->cves;
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < cves->len; i++)
		g_string_append_printf(names, "%s%s", i ? ", " : "", (char *)cves->pdata[i]);
	if (!cves->len)
		return;
	report_note(build->report, "fixes %s%s", names->str,
		    build->options->fixes.cves
			    ? ""
			    : " (mentioned in the patch; --fixes says otherwise)");
}

bool build_read_patches(struct build *build, GError **err)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	for (guint i = 0; i < build->options->patches->len; i++) {
		struct source_patch *patch =
			source_patch_read(build->options->patches->pdata[i], err);

		if (!patch)
			return false;
		g_ptr_array_add(build->patches, patch);
		g_checksum_update(sum, (const guchar *)patch->text, (gssize)patch->len);
	}
	build->patch_sha256 = g_strdup(g_checksum_get_string(sum));
	build->fixes = fixes_collect(&build->options->fixes, build->patches, build->diags);
	note_cves(build);
	return true;
}

/* Patched sources may include the author's headers; their place must not show in the object. */
static bool find_author_headers(struct build *build, GError **err)
{
	g_autofree char *data = kp_data_dir(err);

	if (!data)
		return false;
	g_autofree char *dir = g_build_filename(data, "include", "kpatch", NULL);
	GPtrArray *extra = g_ptr_array_new();

	/* After all of the kernel's own folders. */
	g_ptr_array_add(extra, g_strdup("-idirafter"));
	g_ptr_array_add(extra, g_strdup(dir));
	g_ptr_array_add(extra, g_strdup_printf("-fmacro-prefix-map=%s/=kpatch/", dir));
	g_ptr_array_add(extra, NULL);
	build->extra = (char **)g_ptr_array_free(extra, FALSE);

	/* Original objects are cached by their commands: the version is for them. */
	g_autofree char *record = g_build_filename(data, "include", "record", NULL);
	const char *const first[] = { "-I", record, "-DKPATCH_RECORD_VERSION=1", NULL };

	build->record = g_strdupv((char **)first);
	return true;
}

static bool check_core_options(const struct build *build, GError **err)
{
	const struct patch_core *core = build->options->core;

	for (const char *const *option = core->options; *option; option++) {
		const bool wanted = **option != '!';
		const char *name = *option + !wanted;
		const char *is = wanted ? "off" : "on";

		if (target_config_on(build->target, name) != wanted)
			return kp_fail(err, KP_FAILED,
				       "%s: the kernel cannot have the core %s: %s is %s",
				       build->target->release, core->name, name, is);
	}
	return true;
}

bool build_find_target(struct build *build, GError **err)
{
	build->target = target_find(&build->options->target, err);
	if (!build->target)
		return false;
	report_phase(build->report, "Target: %s%s%s%s, %s", build->target->release,
		     *build->target->version ? " (" : "", build->target->version,
		     *build->target->version ? ")" : "", build->target->cc);
	return check_core_options(build, err) && find_author_headers(build, err) &&
	       build_check_package(build, err) &&
	       (!build->options->sign_key ||
		sign_check(build->target, NULL, build->options->sign_key, build->options->sign_cert,
			   err));
}

static void tree_phase(const char *what, void *user)
{
	struct build *build = user;

	report_phase(build->report, "First build for this kernel: %s", what);
}

bool build_prepare(struct build *build, GError **err)
{
	g_autofree char *cache = cache_root(build->options->cache, err);

	if (!cache)
		return false;
	build->tree = tree_open(build->target, cache, build->options->jobs, tree_phase, build, err);
	if (!build->tree)
		return false;
	report_phase(build->report, "Reading what the configuration builds");
	build->kbuild = kbuild_open(build->tree, build->options->jobs, err);
	if (!build->kbuild)
		return false;
	g_autofree char *graph = g_build_filename(build->tree->dir, "include-graph", NULL);

	build->graph = include_graph_open(build->tree->master, graph, build->options->jobs, err);
	build->commands = commands_open(build->tree, build->options->jobs, err);
	return build->graph && build->commands;
}

static bool apply_patch(struct build *build, const struct source_patch *patch, GError **err)
{
	for (guint i = 0; i < patch->files->len; i++) {
		const struct sp_file *file = patch->files->pdata[i];

		/* What is refused is not applied, so that all such files are found. */
		if (policy_check(build->tree, patch, file, build->diags) == POLICY_APPLY &&
		    !overlay_apply(build->overlay, patch, file, build->diags, err))
			return false;
	}
	return true;
}

/* Folders in which what is built may differ: a Kbuild file changed, or a source came or went. */
static GPtrArray *kbuild_folders(struct build *build)
{
	g_autoptr(GPtrArray) paths = overlay_paths(build->overlay);
	GPtrArray *dirs = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < paths->len; i++) {
		const char *path = paths->pdata[i];

		if (g_str_has_suffix(path, "Makefile") || g_str_has_suffix(path, "Kbuild"))
			g_ptr_array_add(dirs, g_path_get_dirname(path));
	}
	return dirs;
}

bool build_apply(struct build *build, GError **err)
{
	report_phase(build->report, "Applying %u patch%s", build->patches->len,
		     build->patches->len == 1 ? "" : "es");
	build->overlay = overlay_new(build->tree->master);
	for (guint i = 0; i < build->patches->len; i++)
		if (!apply_patch(build, build->patches->pdata[i], err))
			return false;
	if (!build_check_diags(build, err))
		return false;
	overlay_finish(build->overlay);
	if (!g_hash_table_size(build->overlay->files))
		return kp_fail(err, KP_NO_CHANGE, "the patch changes nothing in the kernel's code");
	build->work = work_new(build->tree, err);
	if (!build->work)
		return false;
	build->work->keep = build->options->keep;
	if (build->options->keep)
		report_note(build->report, "temporary files: %s", build->work->dir);
	if (!work_copy(build->work, err) || !overlay_write(build->overlay, build->work->copy, err))
		return false;
	g_autoptr(GPtrArray) dirs = kbuild_folders(build);

	if (!dirs->len)
		return true;
	build->kbuild_new = kbuild_rewalk(build->kbuild, build->work, dirs, err);
	return build->kbuild_new;
}

static double minutes(const struct build *build, unsigned int objects, double seconds)
{
	return objects * seconds / build->options->jobs / 60;
}

static char *build_estimate(const struct build *build, unsigned int objects, double seconds)
{
	double value = minutes(build, objects, seconds);

	return value < 0.5 ? g_strdup("") : g_strdup_printf(" (about %.0f min)", MAX(value, 1));
}

char *build_compile_estimate(const struct build *build)
{
	return build_estimate(build, build->affected->objects->len, COMPILE_COST);
}

static bool too_many(const struct build *build, unsigned int objects, const char *what, double cost,
		     GError **err)
{
	return kp_fail(err, KP_FAILED,
		       "the patch affects %u objects: about %.0f minutes to %s them; make the "
		       "change in fewer headers, or use --max-objects %u",
		       objects, MAX(minutes(build, objects, cost), 1), what, objects);
}

static bool learn_commands(struct build *build, GError **err)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();

	for (guint i = 0; i < build->affected->objects->len; i++) {
		const struct affected_object *object = build->affected->objects->pdata[i];

		if (!object->is_new)
			g_ptr_array_add(known, (void *)object->object);
		else if (!commands_learn_new(build->commands, object->object, build->work, err))
			return false;
	}
	return commands_learn(build->commands, known, build->work, err);
}

static void narrow_step(unsigned int done, unsigned int total, const struct compile_job *job,
			void *user)
{
	struct build *build = user;

	report_step(build->report, done, total, "CPP", job->command->object);
}

/* Preprocess, which also shows that #line holds, and drop what the change does not reach. */
static bool narrow(struct build *build, GError **err)
{
	struct narrow_setup setup = {
		.tree = build->tree,
		.work = build->work,
		.commands = build->commands,
		.overlay = build->overlay,
		.extra = (const char *const *)build->extra,
		.parallel = build->options->jobs,
		.done = narrow_step,
		.user = build,
	};
	unsigned int before = build->affected->objects->len;

	if (!narrow_affected(&setup, build->affected, build->diags, err))
		return false;
	if (build->affected->objects->len < before)
		report_note(build->report, "%u of %u objects use what the patch changes",
			    build->affected->objects->len, before);
	return true;
}

bool build_find_affected(struct build *build, GError **err)
{
	const struct affected_input input = {
		.overlay = build->overlay,
		.graph = build->graph,
		.kbuild = build->kbuild,
		.kbuild_new = build->kbuild_new,
		.only = build->options->only,
	};
	unsigned int limit = build->options->max_objects;

	build->affected = affected_find(&input, build->diags);
	if (!build_check_diags(build, err))
		return false;
	unsigned int count = build->affected->objects->len;

	if (affected_count_indirect(build->affected)) {
		report_phase(build->report, "Searching %u objects for what the patch changes",
			     count);
		if (!prefilter_affected(build->tree->master, &input, build->affected,
					build->options->jobs, build->diags, err) ||
		    !build_check_diags(build, err))
			return false;
	}
	count = build->affected->objects->len;
	unsigned int indirect = affected_count_indirect(build->affected);

	if (!count)
		return kp_fail(
			err, KP_NO_CHANGE,
			"nothing that this kernel's configuration builds uses what the patch "
			"changes");
	g_autofree char *estimate =
		indirect ? build_estimate(build, count, PREPROCESS_COST) : g_strdup("");

	report_phase(build->report, "Preprocessing %u object%s%s", count, count == 1 ? "" : "s",
		     estimate);
	if (count / PREPROCESS_FACTOR > limit)
		return too_many(build, count, "look at and compile", PREPROCESS_COST + COMPILE_COST,
				err);
	if (!learn_commands(build, err) || !narrow(build, err) || !build_check_diags(build, err))
		return false;
	count = build->affected->objects->len;
	if (!count)
		return kp_fail(err, KP_NO_CHANGE, "no object uses what the patch changes");
	if (count > limit)
		return too_many(build, count, "compile", COMPILE_COST, err);
	return true;
}
