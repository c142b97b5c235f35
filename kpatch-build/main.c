// SPDX-License-Identifier: GPL-2.0
/* kpatch-build: from source patches to a module that patches the running kernel. */
#include <stdio.h>

#include "build.h"
#include "error.h"
#include "fleet.h"
#include "run.h"

/* The story of a build. */
static bool make_module(struct build *build, GError **err)
{
	/* What is wrong with the patch as a text shows before anything takes time. */
	if (!build_read_patches(build, err))
		return false;
	/* Where source, configuration, compiler and image of the kernel are. */
	if (!build_find_target(build, err))
		return false;
	/* Once a kernel: unpack and prepare its source, learn what it builds. */
	if (!build_prepare(build, err))
		return false;
	/* A working copy with the patches in it, and #line where they shift lines. */
	if (!build_apply(build, err))
		return false;
	/* Only what the patch can change is compiled. */
	if (!build_find_affected(build, err))
		return false;
	/* With the kernel's own commands: as it runs now, and as it should be. */
	if (!build_compile(build, err))
		return false;
	/* The changed functions, and what they need, go into one object each. */
	if (!build_diff(build, err))
		return false;
	/* These become a module that the core takes. */
	if (!build_link(build, err))
		return false;
	/* And that a package manager takes, with what it was made from. */
	return build_package(build, err);
}

/* Builds for one kernel. @document: what programs want to know. Return: the exit status. */
static int build_module(const struct options *options, json_t **document)
{
	struct build *build = build_new(options);
	g_autoptr(GError) error = NULL;

	if (make_module(build, &error))
		report_summary(build->report, build->module, build->results, build->diags);
	build->shown = report_diags(build->report, build->diags, build->shown);
	if (error)
		report_error(build->report, error);

	const struct report_facts facts = {
		.options = options,
		.target = build->target,
		.patches = build->patches,
		.results = build->results,
		.diags = build->diags,
		.fixes = build->fixes,
		.module = build->module,
		.package = build->package,
		.error = error,
	};

	*document = report_json(build->report, &facts);
	build_free(build);
	return kp_exit_status(error);
}

/* What went wrong where no report is open. */
static int complain(const GError *error)
{
	fprintf(stderr, "kpatch-build: %s%s\n", error->message, kp_error_remedy(error));
	return kp_exit_status(error);
}

static int build_all(const struct options *options)
{
	g_autoptr(GError) error = NULL;
	json_auto_t *document = NULL;
	int status = options->releases->len > 1 ? fleet_run(options, build_module, &document)
						: build_module(options, &document);

	if (!options->json || report_save(document, options->json, &error))
		return status;
	int failure = complain(error);

	return status ?: failure;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct options options;
	int status;

	run_catch_signals();
	if (options_parse(&options, argc, argv, &error))
		status = build_all(&options);
	else
		status = complain(error);
	options_clear(&options);
	return status;
}
