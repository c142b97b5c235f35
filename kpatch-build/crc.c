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

/*
 * How deep a CRC goes depends on the headers that are included before the export. Those that make a
 * patch of a source are not seen with their guards defined, as if the kernel's own source were
 * looked at.
 */
static const char *const hide_headers[] = {
	"-D_LINUX_LIVEPATCH_H_",
	"-DKPATCH_MACROS_H",
	"-DKPATCH_SHADOW_H",
	"-DKPATCH_SYSCALL_H",
};

/* The CRCs of the exports of a preprocessed source, by name: the kernel's own tool computes them.
 */
static GHashTable *source_crcs(const struct crc_setup *setup, const struct compile_job *job,
			       GError **err)
{
	g_autofree char *tool =
		g_build_filename(setup->tree->master, "scripts", "genksyms", "genksyms", NULL);
	const char *const argv[] = { tool, "-r", "/dev/null", NULL };
	const struct run_opts opts = { .stdin_path = job->output, .what = "genksyms" };
	g_autoptr(GHashTable) crcs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GString *out = g_string_new(NULL);
	bool ok = run_command(&opts, argv, out, err);
	g_auto(GStrv) lines = g_strsplit(out->str, "\n", -1);
	char name[256];
	unsigned int crc;

	g_string_free(out, TRUE);
	if (!ok)
		return NULL;
	for (unsigned int i = 0; lines[i]; i++)
		if (parse_line(lines[i], name, &crc))
			g_hash_table_insert(crcs, g_strdup(name), GUINT_TO_POINTER(crc));
	return g_steal_pointer(&crcs);
}

/* Whether @crcs has the running kernel's CRC of @ex. */
static bool is_same(const struct kp_export *ex, GHashTable *crcs, const char *name)
{
	void *crc;

	return g_hash_table_lookup_extended(crcs, name, NULL, &crc) &&
	       GPOINTER_TO_UINT(crc) == ex->crc;
}

static void report(const char *object, const char *name, unsigned int old_crc, unsigned int new_crc,
		   struct kp_diags *diags)
{
	kp_diag_add(
		diags, KP_ERROR_DIAG, object, name,
		"keep the types as they are; a new field can be a shadow variable, and what the "
		"kernel's own code need not see can be hidden with #ifndef __GENKSYMS__",
		"the patch changes the types of this exported symbol (CRC 0x%08x in the running "
		"kernel, 0x%08x in the patch): modules would use it wrongly",
		old_crc, new_crc);
}

/* Preprocess once more, without the headers that patches have. */
static GHashTable *hidden_crcs(const struct crc_setup *setup, struct compile_job *job,
			       const char *const *extra, GError **err)
{
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();

	job->extra = extra;
	g_ptr_array_add(jobs, job);
	if (!compile_run(setup->tree, jobs, 1, NULL, NULL, err))
		return NULL;
	return source_crcs(setup, job, err);
}

/* @hidden: as the job's own arguments, with hide_headers */
static bool check_source(const struct crc_setup *setup, struct compile_job *job,
			 const char *const *hidden, const struct kp_symvers *symvers,
			 struct kp_diags *diags, GError **err)
{
	g_autoptr(GHashTable) crcs = source_crcs(setup, job, err);
	g_autoptr(GHashTable) again = NULL;
	GHashTableIter iter;
	void *name, *crc;

	if (!crcs)
		return false;
	g_hash_table_iter_init(&iter, crcs);
	while (g_hash_table_iter_next(&iter, &name, &crc)) {
		const struct kp_export *ex = kp_symvers_find(symvers, name);

		if (!ex || !ex->crc || ex->crc == GPOINTER_TO_UINT(crc))
			continue;
		if (!again)
			again = hidden_crcs(setup, job, hidden, err);
		if (!again)
			return false;
		if (!is_same(ex, again, name))
			report(job->command->object, name, ex->crc, GPOINTER_TO_UINT(crc), diags);
	}
	return true;
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

/* What the preprocessor is told, with a NULL at the end. Nothing is copied. */
static GPtrArray *arguments(const struct crc_setup *setup, const char *const *more, size_t count)
{
	GPtrArray *args = g_ptr_array_new();

	for (const char *const *arg = setup->extra; arg && *arg; arg++)
		g_ptr_array_add(args, (char *)*arg);
	g_ptr_array_add(args, (char *)"-D__GENKSYMS__");
	for (size_t i = 0; i < count; i++)
		g_ptr_array_add(args, (char *)more[i]);
	g_ptr_array_add(args, NULL);
	return args;
}

bool crc_check(const struct crc_setup *setup, const GPtrArray *inputs, struct kp_diags *diags,
	       GError **err)
{
	g_autoptr(GPtrArray) extra = NULL, hidden = NULL;
	g_autoptr(kp_symvers) symvers = NULL;

	if (!target_config_on(setup->tree->target, "CONFIG_MODVERSIONS"))
		return true;
	extra = arguments(setup, NULL, 0);
	hidden = arguments(setup, hide_headers, G_N_ELEMENTS(hide_headers));

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
		if (!check_source(setup, jobs->pdata[i], (const char *const *)hidden->pdata,
				  symvers, diags, err))
			return false;
	return true;
}
