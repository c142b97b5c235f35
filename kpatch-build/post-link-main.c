// SPDX-License-Identifier: GPL-2.0
/* kpatch-post-link: let a linked module refer to what the kernel does not export. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "ident.h"
#include "post-link.h"

enum { OPT_CORE = 256 };

struct arguments {
	const char *vmlinux, *symvers, *input, *output;
	bool core;
};

static const struct argp_option option_table[] = {
	{ "core", OPT_CORE, 0, 0, "the module is kpatch.ko itself, not a patch", 0 },
	{ "vmlinux", 'v', "FILE", 0, "vmlinuz or vmlinux of the kernel", 0 },
	{ "symvers", 's', "FILE", 0,
	  "Module.symvers of the kernel (default: in the headers of the module's kernel)", 0 },
	{ "output", 'o', "FILE", 0, "where to write (default: over the module)", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *args = state->input;

	switch (key) {
	case OPT_CORE:
		args->core = true;
		return 0;
	case 'v':
		args->vmlinux = arg;
		return 0;
	case 's':
		args->symvers = arg;
		return 0;
	case 'o':
		args->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (args->input)
			argp_error(state, "only one module at a time");
		args->input = arg;
		return 0;
	case ARGP_KEY_END:
		if (!args->input)
			argp_error(state, "no module given");
		if (!args->vmlinux)
			argp_error(state, "no kernel image given: use -v");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The kernel's headers are where kbuild looked for them. */
static char *default_symvers(const char *module, GError **err)
{
	g_autoptr(ko) ko = ko_read(module, err);
	g_autofree char *release = ko ? ident_release(ko) : NULL;

	if (ko && !release)
		kp_fail(err, KP_FAILED,
			"%s: no kernel release in it (vermagic): this is not a module", module);
	if (!release)
		return NULL;
	return g_build_filename("/lib/modules", release, "build", "Module.symvers", NULL);
}

static bool run(const struct arguments *args, struct kp_diags *diags, GError **err)
{
	g_autofree char *path =
		args->symvers ? g_strdup(args->symvers) : default_symvers(args->input, err);
	g_autoptr(kp_symvers) symvers = path ? kp_symvers_open(path, err) : NULL;
	g_autoptr(kp_image) image = symvers ? kp_image_open(args->vmlinux, NULL, err) : NULL;

	if (!image)
		return false;
	if (kp_image_is_module(image))
		return kp_fail(err, KP_FAILED, "%s is a module, not a kernel image", args->vmlinux);

	/* Module.symvers lies at the top of the headers. */
	g_autofree char *headers = g_path_get_dirname(path);

	if (!ident_check_headers(headers, image, err))
		return false;

	const struct post_link_request request = {
		.input = args->input,
		.core = patch_core_find("kpatch"),
		.output = args->output ? args->output : args->input,
		.symvers = symvers,
		.image = image,
		.diags = diags,
	};

	return args->core ? post_link_core(&request, err) : post_link(&request, err);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.args_doc = "MODULE.ko",
		.doc = "Finish a module of kpatch after its link: references to what the kernel "
		       "does not "
		       "export become distances from an exported symbol.\v"
		       "Exit status: 0 done, 1 failed, 2 the module refers to what cannot be "
		       "reached, "
		       "64 wrong usage. Without success nothing is written.",
	};
	struct arguments args = { 0 };
	g_autoptr(GError) error = NULL;
	struct kp_diags *diags = kp_diags_new();

	argp_program_version = "kpatch-post-link " KP_VERSION;
	argp_err_exit_status = KP_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &args);
	run(&args, diags, &error);
	for (guint i = 0; i < diags->list->len; i++) {
		const struct kp_diag *diag = diags->list->pdata[i];
		g_autofree char *text = kp_diag_format(diag);

		fprintf(stderr, "%s: %s\n", diag->severity == KP_ERROR_DIAG ? "error" : "warning",
			text);
	}
	if (error)
		fprintf(stderr, "kpatch-post-link: %s%s\n", error->message, kp_error_remedy(error));
	kp_diags_free(diags);
	return kp_exit_status(error);
}
