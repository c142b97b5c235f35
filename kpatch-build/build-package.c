// SPDX-License-Identifier: GPL-2.0
/* The stages of a build that have to do with its package. */
#include "build.h"

#include <glib/gstdio.h>

#include "package.h"

bool build_check_package(struct build *build, GError **err)
{
	const struct options *options = build->options;
	const struct package_request request = {
		.format = options->package,
		.name = options->given_name,
		.module = options->name,
		.version = options->fixes.version,
		.target = build->target,
		.core = options->core,
		.fixes = build->fixes,
		.patches = build->patches,
		.cumulative = options->replace,
	};

	if (!options->package)
		return true;
	build->packing = package_new(&request, err);
	return build->packing;
}

bool build_package(struct build *build, GError **err)
{
	if (!build->packing)
		return true;

	const struct report_facts facts = {
		.options = build->options,
		.target = build->target,
		.results = build->results,
		.fixes = build->fixes,
		.module = build->module,
	};
	g_autofree char *dir = g_build_filename(build->work->dir, "package", NULL);
	json_t *json = report_patch_json(&facts);

	report_phase(build->report, "Making the package");
	build->package = package_write(build->packing, build->module, build->patches, json, dir,
				       build->options->output_dir, err);
	json_decref(json);
	if (build->package) {
		report_note(build->report, "made %s", build->package);
		return true;
	}
	g_unlink(build->module);
	g_clear_pointer(&build->module, g_free);
	return false;
}
