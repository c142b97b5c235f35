// SPDX-License-Identifier: GPL-2.0
/* The stages of a build that make and compare objects and link the module. */
#include "build.h"

#include <string.h>

#include "apply.h"
#include "compile.h"
#include "crc.h"
#include "elf-read.h"
#include "error.h"
#include "image.h"
#include "keep.h"
#include "link.h"
#include "vmlinux.h"

/* The object files of one affected object. */
struct made {
	const struct affected_object *object;
	char *plain, *original, *patched;
	char *types; /* the patched one with debug information, where it keeps variables */
};

static void made_free(void *data)
{
	struct made *made = data;

	g_free(made->plain);
	g_free(made->original);
	g_free(made->patched);
	g_free(made->types);
	g_free(made);
}

static char *output_path(const struct build *build, const char *kind, const char *object)
{
	g_autofree char *flat = g_strdelimit(g_strdup(object), "/", '_');

	return g_strdup_printf("%s/%s_%s", build->work->dir, kind, flat);
}

static struct compile_job *add_job(const struct build *build, GPtrArray *jobs,
				   const struct affected_object *object,
				   enum compile_variant variant, const char *dir,
				   const char *output)
{
	const struct command *command = commands_get(build->commands, object->object->path);
	struct compile_job *job = compile_job_new(command, variant, dir, output);

	job->launcher = (const char *const *)build->options->cc_launcher;
	/* The core's own sources define what the macros are called. */
	if ((variant == COMPILE_SPLIT || variant == COMPILE_TYPES) &&
	    !g_str_has_prefix(command->source, "kernel/livepatch/"))
		job->first = (const char *const *)build->record;

	g_ptr_array_add(jobs, job);
	return job;
}

static void compile_step(unsigned int done, unsigned int total, const struct compile_job *job,
			 void *user)
{
	struct build *build = user;

	report_step(build->report, done, total, job->cached ? "cached" : "CC",
		    job->command->object);
}

/*
 * The original of an object that only the patch builds is an empty source,
 * compiled in the same way: everything in the patched object is then new.
 */
static bool compile_empty(struct build *build, GPtrArray *all, GError **err)
{
	g_autoptr(GPtrArray) jobs =
		g_ptr_array_new_with_free_func((GDestroyNotify)compile_job_free);

	for (guint i = 0; i < all->len; i++) {
		struct made *made = all->pdata[i];

		if (!made->object->is_new)
			continue;
		made->original = output_path(build, "empty", made->object->object->path);
		if (!work_write_file(build->work, made->object->object->source, "", 0, err))
			return false;
		add_job(build, jobs, made->object, COMPILE_SPLIT, build->work->copy,
			made->original);
	}
	if (!jobs->len)
		return true;
	return compile_run(build->tree, jobs, build->options->jobs, NULL, NULL, err) &&
	       overlay_write(build->overlay, build->work->copy, err);
}

/* Warnings of the patched source concern the author; the original's do not. */
static void pass_on_warnings(struct build *build, const GPtrArray *jobs)
{
	for (guint i = 0; i < jobs->len; i++) {
		const struct compile_job *job = jobs->pdata[i];

		if (job->dir && job->warnings)
			kp_diag_add(build->diags, KP_WARNING, job->command->object, NULL, NULL,
				    "the compiler says: %s", job->warnings);
	}
}

static bool compile_all(struct build *build, GPtrArray *all, GError **err)
{
	g_autoptr(GPtrArray) jobs =
		g_ptr_array_new_with_free_func((GDestroyNotify)compile_job_free);
	g_autoptr(GPtrArray) plain = g_ptr_array_new(), original = g_ptr_array_new();

	/* Patched sources first: that is where errors are. */
	for (guint i = 0; i < all->len; i++) {
		struct made *made = all->pdata[i];

		made->patched = output_path(build, "patched", made->object->object->path);
		add_job(build, jobs, made->object, COMPILE_SPLIT, build->work->copy, made->patched)
			->extra = (const char *const *)build->extra;
	}
	for (guint i = 0; i < all->len; i++) {
		const struct affected_object *object = ((struct made *)all->pdata[i])->object;

		g_ptr_array_add(plain, object->is_new ? NULL
						      : add_job(build, jobs, object, COMPILE_PLAIN,
								NULL, NULL));
		g_ptr_array_add(original, object->is_new ? NULL
							 : add_job(build, jobs, object,
								   COMPILE_SPLIT, NULL, NULL));
	}
	if (!compile_run(build->tree, jobs, build->options->jobs, compile_step, build, err))
		return false;
	for (guint i = 0; i < all->len; i++) {
		struct made *made = all->pdata[i];

		if (made->object->is_new)
			continue;
		made->plain = g_strdup(((struct compile_job *)plain->pdata[i])->output);
		made->original = g_strdup(((struct compile_job *)original->pdata[i])->output);
	}
	pass_on_warnings(build, jobs);
	return true;
}

static bool keeps_variables(const char *object, bool *keeps, GError **err)
{
	g_autoptr(kp_elf) elf = kp_elf_open(object, err);

	*keeps = elf && kp_elf_find_section(elf, KEEP_SECTION);
	return elf;
}

/* Once more, for the types of kept variables. */
static bool compile_types(struct build *build, GPtrArray *all, GError **err)
{
	g_autoptr(GPtrArray) jobs =
		g_ptr_array_new_with_free_func((GDestroyNotify)compile_job_free);

	for (guint i = 0; i < all->len; i++) {
		struct made *made = all->pdata[i];
		bool keeps;

		if (!keeps_variables(made->patched, &keeps, err))
			return false;
		if (!keeps)
			continue;
		made->types = output_path(build, "types", made->object->object->path);
		add_job(build, jobs, made->object, COMPILE_TYPES, build->work->copy, made->types)
			->extra = (const char *const *)build->extra;
	}
	return !jobs->len ||
	       compile_run(build->tree, jobs, build->options->jobs, compile_step, build, err);
}

static void add_input(struct build *build, const struct made *made, const char *objname,
		      char *symtab)
{
	struct diff_input *input = g_new0(struct diff_input, 1);

	input->object = g_strdup(made->object->object->path);
	input->objname = g_strdup(objname);
	input->plain = g_strdup(made->plain);
	input->original = g_strdup(made->original);
	input->patched = g_strdup(made->patched);
	input->types = g_strdup(made->types);
	input->symtab = symtab;
	g_ptr_array_add(build->inputs, input);
}

/* vmlinux counts as a module; an object may be in several. */
static bool add_inputs(struct build *build, const struct made *made, GError **err)
{
	const struct kbuild_object *object = made->object->object;

	const GPtrArray *only = build->options->only;

	if (object->builtin && affected_wants(only, object, "vmlinux"))
		add_input(build, made, "vmlinux", g_strdup(build->vmlinux));
	for (guint i = 0; i < object->modules->len; i++) {
		const char *name = object->modules->pdata[i];

		if (!affected_wants(only, object, name))
			continue;
		char *symtab = target_module(build->target, name, build->work->dir, err);

		if (!symtab)
			return false;
		add_input(build, made, name, symtab);
	}
	return true;
}

/* Modules of the running kernel rely on the types of what is exported. */
static bool check_exports(struct build *build, const GPtrArray *all, GError **err)
{
	const struct crc_setup setup = {
		.tree = build->tree,
		.work = build->work,
		.extra = (const char *const *)build->extra,
		.parallel = build->options->jobs,
	};
	g_autoptr(GPtrArray) inputs = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < all->len; i++) {
		const struct made *made = all->pdata[i];
		struct crc_input *input = g_new0(struct crc_input, 1);

		input->command = commands_get(build->commands, made->object->object->path);
		input->patched = made->patched;
		g_ptr_array_add(inputs, input);
	}
	return crc_check(&setup, inputs, build->diags, err);
}

bool build_compile(struct build *build, GError **err)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(made_free);
	guint count = build->affected->objects->len;

	g_autofree char *estimate = build_compile_estimate(build);

	report_phase(build->report, "Compiling %u object%s%s", count, count == 1 ? "" : "s",
		     estimate);
	for (guint i = 0; i < count; i++) {
		struct made *made = g_new0(struct made, 1);

		made->object = build->affected->objects->pdata[i];
		g_ptr_array_add(all, made);
	}
	if (!compile_empty(build, all, err) || !compile_all(build, all, err) ||
	    !compile_types(build, all, err) || !check_exports(build, all, err))
		return false;
	build->vmlinux = vmlinux_open(build->tree, err);
	if (!build->vmlinux)
		return false;
	build->inputs = g_ptr_array_new_with_free_func((GDestroyNotify)diff_input_free);
	for (guint i = 0; i < all->len; i++)
		if (!add_inputs(build, all->pdata[i], err))
			return false;
	return build_check_diags(build, err);
}

static void diff_step(unsigned int done, unsigned int total, const struct diff_input *input,
		      void *user)
{
	struct build *build = user;
	g_autofree char *what = g_strdup_printf("%s (%s)", input->object, input->objname);

	report_step(build->report, done, total, "DIFF", what);
}

/* The name that the kernel gives to the module of this file. */
static char *module_name(const struct build *build)
{
	return g_strdelimit(g_strdup(build->options->name), "-", '_');
}

bool build_diff(struct build *build, GError **err)
{
	g_autofree char *dir = g_build_filename(build->work->dir, "diff", NULL);
	g_autofree char *name = module_name(build);
	const struct diff_setup setup = {
		.target = build->target,
		.vmlinux = build->vmlinux,
		.module_name = name,
		.dir = dir,
		.parallel = build->options->jobs,
		.debug = build->options->debug > 0,
	};
	bool changed = false, broken = false;

	report_phase(build->report, "Comparing");
	if (!cache_mkdir(dir, err))
		return false;
	build->results = diff_run(&setup, build->inputs, diff_step, build, build->diags, err);
	if (!build->results)
		return false;
	report_results(build->report, build->results);
	for (guint i = 0; i < build->results->len; i++) {
		const struct diff_result *result = build->results->pdata[i];

		if (result->said && *result->said)
			report_note(build->report, "%s", result->said);
		/* New code alone does nothing: the module would be refused when it is loaded. */
		changed |= result->status == DIFF_WRITTEN &&
			   (result->changed->len || json_array_size(result->callbacks) ||
			    json_array_size(result->states));
		broken |= result->status == DIFF_ERROR;
	}
	if (!build_check_diags(build, err)) {
		if (broken && err && *err)
			(*err)->code = KP_FAILED;
		return false;
	}
	if (!changed)
		return kp_fail(err, KP_NO_CHANGE, "no functional changes found");
	return true;
}

static bool has_module(const GPtrArray *ids, const char *name)
{
	for (guint i = 0; i < ids->len; i++)
		if (!strcmp(((const struct link_module_id *)ids->pdata[i])->name, name))
			return true;
	return false;
}

/* Which files the patched modules must come from. */
static GPtrArray *module_ids(const struct build *build, GError **err)
{
	g_autoptr(GPtrArray) ids =
		g_ptr_array_new_with_free_func((GDestroyNotify)link_module_id_free);

	/* Results come in the order of inputs, whose symbols are read from the module's file. */
	for (guint i = 0; i < build->results->len; i++) {
		const struct diff_result *result = build->results->pdata[i];
		const struct diff_input *input = build->inputs->pdata[i];

		if (result->status != DIFF_WRITTEN || !strcmp(result->objname, "vmlinux") ||
		    has_module(ids, result->objname))
			continue;

		g_autoptr(kp_image) image = kp_image_open(input->symtab, NULL, err);

		if (!image)
			return NULL;

		struct link_module_id *id = g_new0(struct link_module_id, 1);

		id->name = g_strdup(result->objname);
		id->build_id = g_strdup(kp_image_build_id(image));
		g_ptr_array_add(ids, id);
	}
	return g_steal_pointer(&ids);
}

bool build_link(struct build *build, GError **err)
{
	const struct options *options = build->options;
	g_autofree char *file = g_strconcat(options->name, ".ko", NULL);
	g_autofree char *output = g_build_filename(options->output_dir, file, NULL);
	g_autofree char *build_id = vmlinux_build_id(build->vmlinux, err);
	g_autoptr(GPtrArray) objects = g_ptr_array_new();
	g_autoptr(GPtrArray) modules = build_id ? module_ids(build, err) : NULL;

	if (!modules)
		return false;
	for (guint i = 0; i < build->results->len; i++) {
		const struct diff_result *result = build->results->pdata[i];

		if (result->status == DIFF_WRITTEN)
			g_ptr_array_add(objects, result->output);
	}
	const struct link_request request = {
		.target = build->target,
		.tree = build->tree,
		.work_dir = build->work->dir,
		.objects = objects,
		.core = options->core,
		.vmlinux = build->vmlinux,
		.modules = modules,
		.name = options->name,
		.replace = options->replace,
		.output = output,
		.build_id = build_id,
		.patch_sha256 = build->patch_sha256,
		.fixes = build->fixes,
		.sign_key = options->sign_key,
		.sign_cert = options->sign_cert,
		.diags = build->diags,
	};
	GString *log = g_string_new(NULL);

	report_phase(build->report, "Linking");
	bool ok = cache_mkdir(options->output_dir, err) && link_module(&request, log, err);

	if (options->debug > 0 && log->len)
		report_note(build->report, "%s", log->str);
	g_string_free(log, TRUE);
	build->shown = report_diags(build->report, build->diags, build->shown);
	if (!ok || !build_check_diags(build, err))
		return false;
	build->module = g_steal_pointer(&output);
	return true;
}
