// SPDX-License-Identifier: GPL-2.0
/*
 * create-diff-object - what of an object does a source patch change?
 *
 * Reads the object compiled from the original and from the patched source, and writes an object
 * with the changed functions and all they need, its references resolved against the target.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "correlate.h"
#include "diff.h"
#include "error.h"

static const char doc[] =
	"Compare two builds of an object file and write the difference as an object to link into a "
	"patch module.\v"
	"OBJNAME is \"vmlinux\" or the name of a module. SYMTAB is the target's image (vmlinuz, "
	"vmlinux "
	"or .ko), a System.map, or the output of `readelf -s --wide`.\n\n"
	"Exit status: 0 written, 1 error, 2 differences that cannot be patched, 3 nothing changed, "
	"64 wrong usage.";
static const char args_doc[] =
	"ORIGINAL.o PATCHED.o OBJNAME SYMTAB Module.symvers MODNAME OUTPUT.o";

enum { OPT_PLAIN = 256, OPT_VMLINUX, OPT_REPORT, OPT_OBJECT, OPT_TYPES };

static const struct argp_option options[] = {
	{ "debug", 'd', NULL, 0, "Show all that goes into the output", 0 },
	{ "klp-arch", 'a', NULL, 0, "Accepted for old scripts, without effect", 0 },
	{ "plain", OPT_PLAIN, "FILE", 0,
	  "The original compiled without -ffunction-sections, to match with the image", 0 },
	{ "vmlinux", OPT_VMLINUX, "FILE", 0, "The kernel image, when SYMTAB is a module", 0 },
	{ "types", OPT_TYPES, "FILE", 0,
	  "The patched object compiled with -g, for the types of kept variables", 0 },
	{ "object", OPT_OBJECT, "NAME", 0, "What to call the object in messages", 0 },
	{ "report", OPT_REPORT, "FILE", 0, "Write a report as JSON", 0 },
	{ 0 },
};

/** struct arguments - the command line. */
struct arguments {
	struct diff *diff;
	const char *report;
	bool debug;
};

static error_t parse_opt(int key, char *arg, struct argp_state *state)
{
	struct arguments *args = state->input;
	const char **positional[] = {
		&args->diff->orig_path,	  &args->diff->patched_path, &args->diff->objname,
		&args->diff->symtab_path, &args->diff->symvers_path, &args->diff->modname,
		&args->diff->output_path,
	};

	switch (key) {
	case 'd':
		args->debug = true;
		return 0;
	case 'a':
		return 0;
	case OPT_PLAIN:
		args->diff->plain_path = arg;
		return 0;
	case OPT_VMLINUX:
		args->diff->vmlinux_path = arg;
		return 0;
	case OPT_TYPES:
		args->diff->types_path = arg;
		return 0;
	case OPT_OBJECT:
		args->diff->object_name = arg;
		return 0;
	case OPT_REPORT:
		args->report = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num >= G_N_ELEMENTS(positional))
			argp_usage(state);
		*positional[state->arg_num] = arg;
		return 0;
	case ARGP_KEY_END:
		if (state->arg_num < G_N_ELEMENTS(positional))
			argp_usage(state);
		if (!args->diff->object_name)
			args->diff->object_name = args->diff->orig_path;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool read_objects(struct diff *diff, GError **err)
{
	diff->orig = object_read(diff->orig_path, err);
	if (!diff->orig)
		return false;
	diff->patched = object_read(diff->patched_path, err);
	return diff->patched && object_cut(diff->orig, err) && object_cut(diff->patched, err);
}

/* Which of the statuses of enum kp_status the run ends with; sets @err for KP_FAILED. */
static enum kp_status run(struct diff *diff, GError **err)
{
	/* cut both objects into functions, variables, strings and table entries */
	if (!read_objects(diff, err))
		return KP_FAILED;

	/* what is the same thing in both, and which of it changed */
	declare_ignored(diff);
	find_recorded_calls(diff);
	correlate(diff->orig, diff->patched);
	compare_objects(diff->orig);

	/* what goes into the patch */
	promote_callers(diff);
	select_included(diff);
	finish_declarations(diff);
	check_changes(diff);
	if (diff->diags->errors)
		return KP_UNPATCHABLE;
	if (!diff->included->len)
		return KP_NO_CHANGE;

	/* where in the target is what it refers to */
	if (!open_target(diff, err))
		return KP_FAILED;
	resolve_externals(diff);
	if (diff->diags->errors)
		return KP_UNPATCHABLE;
	check_target(diff);
	check_declarations(diff);
	check_ibt(diff);
	if (diff->diags->errors)
		return KP_UNPATCHABLE;

	return write_output(diff, err) ? KP_OK : KP_FAILED;
}

static const char *status_name(enum kp_status status)
{
	return status == KP_OK		  ? "written"
	       : status == KP_NO_CHANGE	  ? "unchanged"
	       : status == KP_UNPATCHABLE ? "unpatchable"
					  : "error";
}

static void diff_clear(struct diff *diff)
{
	g_ptr_array_unref(diff->functions);
	g_ptr_array_unref(diff->included);
	g_clear_pointer(&diff->externals, g_hash_table_unref);
	runpre_free(diff->rp);
	kp_symvers_free(diff->symvers);
	kp_symtab_free(diff->own_symtab);
	kp_image_free(diff->image);
	kp_image_free(diff->vmlinux);
	object_free(diff->orig);
	object_free(diff->patched);
	kp_diags_free(diff->diags);
}

int main(int argc, char **argv)
{
	static const struct argp argp = { options, parse_opt, args_doc, doc, NULL, NULL, NULL };
	struct diff diff = { .diags = kp_diags_new(),
			     .functions = g_ptr_array_new(),
			     .included = g_ptr_array_new() };
	struct arguments args = { .diff = &diff };
	g_autoptr(GError) err = NULL;
	g_autoptr(GError) report_err = NULL;

	argp_err_exit_status = KP_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &args);

	enum kp_status status = run(&diff, &err);

	if (err)
		kp_diag_add(diff.diags, KP_ERROR_DIAG, NULL, NULL, NULL, "%s%s", err->message,
			    kp_error_remedy(err));
	print_summary(&diff, args.debug);
	if (args.report && !write_report(&diff, args.report, status_name(status), &report_err)) {
		fprintf(stderr, "create-diff-object: %s\n", report_err->message);
		status = KP_FAILED;
	}
	diff_clear(&diff);
	return (int)status;
}
