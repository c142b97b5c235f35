// SPDX-License-Identifier: GPL-2.0
/* kpatch-build: from source patches to a module that patches the running kernel. */
#include <stdio.h>

#include "build.h"
#include "error.h"
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
	return build_link(build, err);
}

static bool write_json(struct build *build, const GError *error)
{
	const struct report_facts facts = {
		.options = build->options,
		.target = build->target,
		.patches = build->patches,
		.results = build->results,
		.diags = build->diags,
		.module = build->module,
		.error = error,
	};
	g_autoptr(GError) failure = NULL;

	if (!build->options->json ||
	    report_write_json(build->report, build->options->json, &facts, &failure))
		return true;
	report_error(build->report, failure);
	return false;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct options options;

	if (!options_parse(&options, argc, argv, &error)) {
		fprintf(stderr, "kpatch-build: %s\n", error->message);
		options_clear(&options);
		return kp_exit_status(error);
	}
	run_catch_signals();
	struct build *build = build_new(&options);

	if (make_module(build, &error))
		report_summary(build->report, build->module, build->results, build->diags);
	build->shown = report_diags(build->report, build->diags, build->shown);
	if (error)
		report_error(build->report, error);
	int status = kp_exit_status(error);

	if (!write_json(build, error) && !status)
		status = KP_FAILED;
	build_free(build);
	options_clear(&options);
	return status;
}
