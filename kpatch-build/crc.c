// SPDX-License-Identifier: GPL-2.0
#include "crc.h"

#include <stdio.h>
#include <string.h>

#include "compile.h"
#include "error.h"
#include "run.h"
#include "symvers.h"

/* What scripts/genksyms prints for each export: "#SYMVER name 0x12345678", or a linker script's
 * "__crc_name = 0x12345678;" in older kernels. */
static bool parse_line(const char *line, char name[static 256], unsigned int *crc)
{
	return sscanf(line, "#SYMVER %255s 0x%x", name, crc) == 2 ||
	       sscanf(line, "__crc_%255[^ =] = 0x%x", name, crc) == 2;
}

/* The names of export sections are strings in the object; an object without any has none. */
static bool has_exports(const char *object, bool *exports, GError **err)
{
	g_autoptr(GMappedFile) map = g_mapped_file_new(object, FALSE, err);

	if (!map)
		return false;
	static const char *const marks[] = { "___ksymtab", ".export_symbol" };

	*exports = false;
	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
		*exports |= memmem(g_mapped_file_get_contents(map), g_mapped_file_get_length(map),
				   marks[i], strlen(marks[i])) != NULL;
	return true;
}

static void compare_line(const char *object, const char *line, const struct kp_symvers *symvers,
			 struct kp_diags *diags)
{
	char name[256];
	unsigned int crc;
	const struct kp_export *ex;

	if (!parse_line(line, name, &crc))
		return;
	ex = kp_symvers_find(symvers, name);
	if (!ex || !ex->crc || ex->crc == crc)
		return;
	kp_diag_add(
		diags, KP_ERROR_DIAG, object, name,
		"keep the types as they are; a new field can be a shadow variable, and what the "
		"kernel's own code need not see can be hidden with #ifndef __GENKSYMS__",
		"the patch changes the types of this exported symbol (CRC 0x%08x in the running "
		"kernel, 0x%08x in the patch): modules would use it wrongly",
		ex->crc, crc);
}

/* Let the kernel's own tool compute the CRCs from the preprocessed source. */
static bool check_source(const struct crc_setup *setup, const struct compile_job *job,
			 const struct kp_symvers *symvers, struct kp_diags *diags, GError **err)
{
	g_autofree char *tool =
		g_build_filename(setup->tree->master, "scripts", "genksyms", "genksyms", NULL);
	const char *const argv[] = { tool, "-r", "/dev/null", NULL };
	const struct run_opts opts = { .stdin_path = job->output, .what = "genksyms" };
	GString *out = g_string_new(NULL);
	bool ok = run_command(&opts, argv, out, err);
	g_auto(GStrv) lines = ok ? g_strsplit(out->str, "\n", -1) : NULL;

	for (unsigned int i = 0; lines && lines[i]; i++)
		compare_line(job->command->object, lines[i], symvers, diags);
	g_string_free(out, TRUE);
	return ok;
}

static GPtrArray *preprocess_jobs(const struct crc_setup *setup, const GPtrArray *inputs,
				  const char *const *extra, GError **err)
{
	g_autoptr(GPtrArray) jobs =
		g_ptr_array_new_with_free_func((GDestroyNotify)compile_job_free);

	for (guint i = 0; i < inputs->len; i++) {
		const struct crc_input *input = inputs->pdata[i];
		g_autofree char *output = g_strconcat(input->patched, ".i", NULL);
		struct compile_job *job;
		bool exports;

		if (!has_exports(input->patched, &exports, err))
			return NULL;
		if (!exports)
			continue;
		job = compile_job_new(input->command, COMPILE_PREPROCESS, setup->work->copy,
				      output);
		job->extra = extra;
		g_ptr_array_add(jobs, job);
	}
	return g_steal_pointer(&jobs);
}

bool crc_check(const struct crc_setup *setup, const GPtrArray *inputs, struct kp_diags *diags,
	       GError **err)
{
	g_autoptr(GPtrArray) extra = g_ptr_array_new();
	g_autoptr(kp_symvers) symvers = NULL;

	if (!target_config_on(setup->tree->target, "CONFIG_MODVERSIONS"))
		return true;
	for (const char *const *arg = setup->extra; arg && *arg; arg++)
		g_ptr_array_add(extra, (char *)*arg);
	g_ptr_array_add(extra, (char *)"-D__GENKSYMS__");
	g_ptr_array_add(extra, NULL);

	g_autoptr(GPtrArray) jobs =
		preprocess_jobs(setup, inputs, (const char *const *)extra->pdata, err);

	if (!jobs)
		return false;
	if (!jobs->len)
		return true;
	symvers = kp_symvers_open(setup->tree->target->symvers, err);
	if (!symvers || !compile_run(setup->tree, jobs, setup->parallel, NULL, NULL, err))
		return false;
	for (guint i = 0; i < jobs->len; i++)
		if (!check_source(setup, jobs->pdata[i], symvers, diags, err))
			return false;
	return true;
}
