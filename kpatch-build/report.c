// SPDX-License-Identifier: GPL-2.0
#include "report.h"

#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "error.h"

/** struct phase - for the timing table. */
struct phase {
	char *name;
	gint64 start; /* microseconds, monotonic */
	gint64 end;
};

struct report {
	bool quiet, verbose;
	bool terminal; /* standard output is one: progress may overwrite itself */
	bool colour;
	bool open_line; /* a progress line without newline is shown */
	GArray *phases; /* of struct phase */
	gint64 start;
};

static void phase_clear(void *data)
{
	g_free(((struct phase *)data)->name);
}

struct report *report_new(bool quiet, bool verbose)
{
	struct report *report = g_new0(struct report, 1);

	report->quiet = quiet;
	report->verbose = verbose;
	report->terminal = isatty(STDOUT_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb");
	report->colour = report->terminal && !g_getenv("NO_COLOR");
	report->phases = g_array_new(FALSE, FALSE, sizeof(struct phase));
	g_array_set_clear_func(report->phases, phase_clear);
	report->start = g_get_monotonic_time();
	return report;
}

void report_free(struct report *report)
{
	if (!report)
		return;
	g_array_unref(report->phases);
	g_free(report);
}

/* Remove the progress line, so that something else can be printed in its place. */
static void close_line(struct report *report)
{
	if (report->open_line)
		fputs("\r\033[K", stdout);
	report->open_line = false;
}

static void end_phase(struct report *report)
{
	if (!report->phases->len)
		return;
	struct phase *last = &g_array_index(report->phases, struct phase, report->phases->len - 1);

	if (!last->end)
		last->end = g_get_monotonic_time();
}

void report_phase(struct report *report, const char *fmt, ...)
{
	va_list ap;

	end_phase(report);
	va_start(ap, fmt);
	struct phase phase = { .name = g_strdup_vprintf(fmt, ap), .start = g_get_monotonic_time() };

	va_end(ap);
	g_array_append_val(report->phases, phase);
	if (report->quiet)
		return;
	close_line(report);
	printf("%s%s%s\n", report->colour ? "\033[1m" : "", phase.name,
	       report->colour ? "\033[0m" : "");
	fflush(stdout);
}

static unsigned int columns(void)
{
	struct winsize size;

	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col > 20 ? size.ws_col : 80;
}

void report_step(struct report *report, unsigned int done, unsigned int total, const char *verb,
		 const char *what)
{
	if (report->quiet)
		return;
	g_autofree char *line = g_strdup_printf("  [%u/%u] %s %s", done, total, verb, what);

	if (!report->terminal) {
		/* A log wants each compiled file, but not thousands of quick steps. */
		if (report->verbose || total <= 20)
			printf("%s\n", line);
		fflush(stdout);
		return;
	}
	printf("\r\033[K%.*s", (int)columns() - 1, line);
	fflush(stdout);
	report->open_line = true;
}

void report_note(struct report *report, const char *fmt, ...)
{
	va_list ap;

	if (report->quiet)
		return;
	close_line(report);
	fputs("  ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static void print_diag(struct report *report, const struct kp_diag *diag)
{
	static const struct {
		const char *word, *colour;
	} looks[] = {
		[KP_NOTE] = { "note", "" },
		[KP_WARNING] = { "warning", "\033[33m" },
		[KP_ERROR_DIAG] = { "error", "\033[31m" },
	};
	FILE *to = diag->severity == KP_NOTE ? stdout : stderr;
	bool colour = report->colour && isatty(fileno(to));
	g_autofree char *text = kp_diag_format(diag);

	if (diag->severity == KP_NOTE && report->quiet)
		return;
	fprintf(to, "%s%s:%s %s\n", colour ? looks[diag->severity].colour : "",
		looks[diag->severity].word, colour ? "\033[0m" : "", text);
}

guint report_diags(struct report *report, const struct kp_diags *diags, guint from)
{
	close_line(report);
	fflush(stdout);
	for (; from < diags->list->len; from++)
		print_diag(report, diags->list->pdata[from]);
	fflush(stdout);
	return from;
}

void report_error(struct report *report, const GError *error)
{
	close_line(report);
	fflush(stdout);
	fprintf(stderr, "kpatch-build: %s%s\n", error->message, kp_error_remedy(error));
}

static void print_names(const char *what, const GPtrArray *names)
{
	for (guint i = 0; i < names->len; i++)
		printf("    %s: %s\n", what, (const char *)names->pdata[i]);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}

/* "name of function (4 bytes", for a variable */
static void print_variable(const char *what, const json_t *var)
{
	const json_t *users = json_object_get(var, "function");

	printf("    %s: %s%s%s (%" JSON_INTEGER_FORMAT " byte%s", what, text_of(var, "name"),
	       json_is_string(users) ? " of " : "",
	       json_is_string(users) ? json_string_value(users) : "",
	       json_integer_value(json_object_get(var, "size")),
	       json_integer_value(json_object_get(var, "size")) == 1 ? "" : "s");
}

static void print_new_data(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *var = json_array_get(list, i);

		if (json_is_true(json_object_get(var, "kept"))) {
			print_variable("kept data", var);
			printf(", %s)\n", text_of(var, "where"));
			continue;
		}
		print_variable("new data", var);
		printf("): starts afresh when a cumulative patch replaces this one");
		if (json_is_true(json_object_get(var, "keepable")))
			printf("; KPATCH_KEEP(%s) keeps it", text_of(var, "name"));
		putchar('\n');
	}
}

/* kpatch's own macros do not say where a callback is declared. */
static void print_callbacks(const json_t *callbacks)
{
	for (size_t i = 0; i < json_array_size(callbacks); i++) {
		const json_t *callback = json_array_get(callbacks, i);
		const char *where = json_string_value(json_object_get(callback, "where"));

		printf("    callback: %s, %s%s%s%s\n", text_of(callback, "kind"),
		       text_of(callback, "function"), where ? " (" : "", where ? where : "",
		       where ? ")" : "");
	}
}

static void print_states(const json_t *states)
{
	for (size_t i = 0; i < json_array_size(states); i++) {
		const json_t *state = json_array_get(states, i);
		const json_t *callbacks = json_object_get(state, "callbacks");
		json_int_t version = json_integer_value(json_object_get(state, "version"));

		printf("    state: %s (%s)", text_of(state, "name"), text_of(state, "where"));
		if (version)
			printf(", version %" JSON_INTEGER_FORMAT, version);
		for (size_t n = 0; n < json_array_size(callbacks); n++)
			printf(", %s", json_string_value(json_array_get(callbacks, n)));
		printf("%s\n", json_is_true(json_object_get(state, "block_disable"))
				       ? ", cannot be disabled"
				       : "");
	}
}

/* "file:1, file:2" */
static void print_places(const json_t *places)
{
	for (size_t i = 0; i < json_array_size(places); i++)
		printf("%s%s", i ? ", " : "", json_string_value(json_array_get(places, i)));
}

static void print_shadow_details(const json_t *type)
{
	json_int_t size = json_integer_value(json_object_get(type, "size"));
	const char *state = json_string_value(json_object_get(type, "state"));

	putchar(')');
	if (size)
		printf(", %" JSON_INTEGER_FORMAT " bytes", size);
	printf("%s%s\n", state ? ", of state " : "", state ? state : "");
}

static void print_shadow_types(const json_t *types)
{
	for (size_t i = 0; i < json_array_size(types); i++) {
		const json_t *type = json_array_get(types, i);
		const char *ctor = json_string_value(json_object_get(type, "ctor"));
		const char *dtor = json_string_value(json_object_get(type, "dtor"));

		printf("    shadow type: %s, id %s, %s%s%s%s (", text_of(type, "name"),
		       text_of(type, "id"), ctor ? "ctor " : "no ctor", ctor ? ctor : "",
		       dtor ? ", dtor " : ", no dtor", dtor ? dtor : "");
		print_places(json_object_get(type, "where"));
		print_shadow_details(type);
	}
}

void report_results(struct report *report, const GPtrArray *results)
{
	if (report->quiet)
		return;
	close_line(report);
	for (guint i = 0; i < results->len; i++) {
		const struct diff_result *result = results->pdata[i];

		if (result->status == DIFF_UNCHANGED && !report->verbose)
			continue;
		printf("  %s (%s)%s\n", result->object, result->objname,
		       result->status == DIFF_UNCHANGED ? ": unchanged" : "");
		print_names("changed function", result->changed);
		print_names("new function", result->added);
		print_new_data(result->data);
		print_callbacks(result->callbacks);
		print_states(result->states);
		print_shadow_types(result->shadow_types);
	}
	fflush(stdout);
}

static unsigned int count_warnings(const struct kp_diags *diags)
{
	unsigned int count = 0;

	for (guint i = 0; i < diags->list->len; i++) {
		const struct kp_diag *diag = diags->list->pdata[i];

		count += diag->severity == KP_WARNING;
	}
	return count;
}

static double seconds(gint64 from, gint64 to)
{
	return (double)(to - from) / G_USEC_PER_SEC;
}

void report_summary(struct report *report, const char *module, const GPtrArray *results,
		    const struct kp_diags *diags)
{
	guint objects = 0, changed = 0, added = 0;
	unsigned int warnings = count_warnings(diags);
	GStatBuf st = { 0 };

	end_phase(report);
	if (report->quiet)
		return;
	close_line(report);
	for (guint i = 0; i < results->len; i++) {
		const struct diff_result *result = results->pdata[i];

		objects += result->status == DIFF_WRITTEN;
		changed += result->changed->len;
		added += result->added->len;
	}
	g_stat(module, &st);
	printf("%sBuilt %s%s (%ld KiB): %u changed and %u new function%s in %u object%s",
	       report->colour ? "\033[1;32m" : "", module, report->colour ? "\033[0m" : "",
	       (long)(st.st_size + 1023) / 1024, changed, added, added == 1 ? "" : "s", objects,
	       objects == 1 ? "" : "s");
	if (warnings)
		printf(", %u warning%s", warnings, warnings == 1 ? "" : "s");
	printf(", %.1f s\n", seconds(report->start, g_get_monotonic_time()));
	for (guint i = 0; report->verbose && i < report->phases->len; i++) {
		struct phase *phase = &g_array_index(report->phases, struct phase, i);

		printf("  %6.1f s  %s\n", seconds(phase->start, phase->end), phase->name);
	}
	fflush(stdout);
}

void report_kernel(struct report *report, const char *release, const char *text)
{
	/* What a quiet build says is what is wrong. */
	FILE *to = report->quiet ? stderr : stdout;

	if (!*text)
		return;
	close_line(report);
	fprintf(to, "%s%s:%s\n%s", report->colour ? "\033[1m" : "", release,
		report->colour ? "\033[0m" : "", text);
	fflush(to);
}

/* One word for what a build ended with. */
static const char *result_word(int status)
{
	static const struct {
		int status;
		const char *word;
	} words[] = {
		{ KP_OK, "built" },
		{ KP_UNPATCHABLE, "refused" },
		{ KP_NO_CHANGE, "no change" },
		{ KP_INTERRUPTED, "interrupted" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (words[i].status == status)
			return words[i].word;
	return "failed";
}

/* With the second one, where the first only announces a list; to be freed. */
static char *first_line(const char *text)
{
	gsize len = strcspn(text, "\n");

	if (!len || text[len - 1] != ':' || !text[len])
		return g_strndup(text, len);
	const char *next = text + len + strspn(text + len, "\n ");

	return g_strdup_printf("%.*s %.*s", (int)len, text, (int)strcspn(next, "\n"), next);
}

/* What came out of a build, or the first line of what was in its way; to be freed. */
static char *outcome(const json_t *kernel)
{
	const char *module =
		json_string_value(json_object_get(json_object_get(kernel, "module"), "path"));
	const json_t *diags = json_object_get(kernel, "diagnostics");
	const char *error = json_string_value(json_object_get(kernel, "error"));

	if (module)
		return g_strdup(module);
	for (size_t i = 0; i < json_array_size(diags); i++) {
		const json_t *diag = json_array_get(diags, i);
		const char *object = json_string_value(json_object_get(diag, "object"));
		const char *symbol = json_string_value(json_object_get(diag, "symbol"));

		if (!g_str_equal(text_of(diag, "severity"), "error"))
			continue;
		const char *message = text_of(diag, "message");

		return g_strdup_printf("%s%s%s%s%.*s", object ?: "", object ? ": " : "",
				       symbol ?: "", symbol ? ": " : "",
				       (int)strcspn(message, "\n"), message);
	}
	return first_line(error ?: "");
}

void report_fleet(struct report *report, const json_t *kernels)
{
	int width = (int)strlen("Kernel");

	end_phase(report);
	if (report->quiet)
		return;
	close_line(report);
	for (size_t i = 0; i < json_array_size(kernels); i++)
		width = MAX(width, (int)strlen(text_of(json_array_get(kernels, i), "release")));
	printf("%-*s  %-11s  %7s  %s\n", width, "Kernel", "Result", "Seconds",
	       "Module, or why not");
	for (size_t i = 0; i < json_array_size(kernels); i++) {
		const json_t *kernel = json_array_get(kernels, i);
		const json_t *status = json_object_get(kernel, "exit_status");
		g_autofree char *what = outcome(kernel);

		printf("%-*s  %-11s  %7.1f  %s\n", width, text_of(kernel, "release"),
		       result_word((int)json_integer_value(status)),
		       json_number_value(json_object_get(kernel, "seconds")), what);
	}
	fflush(stdout);
}

static json_t *names_json(const GPtrArray *names)
{
	json_t *list = json_array();

	for (guint i = 0; i < names->len; i++)
		json_array_append_new(list, json_string(names->pdata[i]));
	return list;
}

static json_t *target_json(const struct target *target)
{
	if (!target)
		return json_null();
	return json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?}", "release", target->release,
			 "version", target->version, "distro", target->distro, "source",
			 target->source, "config", target->config, "compiler", target->cc_version,
			 "image", target->image);
}

static json_t *patches_json(const GPtrArray *patches)
{
	json_t *list = json_array();

	for (guint i = 0; patches && i < patches->len; i++) {
		const struct source_patch *patch = patches->pdata[i];
		json_t *files = json_array();

		for (guint n = 0; n < patch->files->len; n++)
			json_array_append_new(files,
					      json_string(sp_file_path(patch->files->pdata[n])));
		json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "file", patch->name,
						      "sha256", patch->sha256, "files", files));
	}
	return list;
}

static json_t *results_json(const GPtrArray *results)
{
	static const char *const status[] = {
		[DIFF_WRITTEN] = "written",
		[DIFF_UNCHANGED] = "unchanged",
		[DIFF_UNPATCHABLE] = "unpatchable",
		[DIFF_ERROR] = "error",
	};
	json_t *list = json_array();

	for (guint i = 0; results && i < results->len; i++) {
		const struct diff_result *result = results->pdata[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:o, s:o, s:O, s:O, s:O, s:O}", "object",
				  result->object, "objname", result->objname, "status",
				  status[result->status], "changed", names_json(result->changed),
				  "new", names_json(result->added), "new_data", result->data,
				  "callbacks", result->callbacks, "states", result->states,
				  "shadow_types", result->shadow_types));
	}
	return list;
}

static json_t *diags_json(const struct kp_diags *diags)
{
	static const char *const severity[] = {
		[KP_NOTE] = "note",
		[KP_WARNING] = "warning",
		[KP_ERROR_DIAG] = "error",
	};
	json_t *list = json_array();

	for (guint i = 0; diags && i < diags->list->len; i++) {
		const struct kp_diag *diag = diags->list->pdata[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:s?, s:s?, s:s, s:s?}", "severity",
						severity[diag->severity], "object", diag->object,
						"symbol", diag->symbol, "message", diag->message,
						"remedy", diag->remedy));
	}
	return list;
}

static json_t *timings_json(struct report *report)
{
	json_t *list = json_array();

	end_phase(report);
	for (guint i = 0; i < report->phases->len; i++) {
		struct phase *phase = &g_array_index(report->phases, struct phase, i);

		json_array_append_new(list, json_pack("{s:s, s:f}", "phase", phase->name, "seconds",
						      seconds(phase->start, phase->end)));
	}
	return list;
}

static json_t *file_json(const char *path)
{
	g_autofree char *data = NULL;
	gsize len;

	if (!path || !g_file_get_contents(path, &data, &len, NULL))
		return json_null();
	g_autofree char *sum =
		g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, len);

	return json_pack("{s:s, s:s, s:I}", "path", path, "sha256", sum, "size", (json_int_t)len);
}

/* Called as in kpatch info --json. */
static void add_fixes(json_t *root, const struct fixes *fixes)
{
	const struct {
		const char *key;
		const GPtrArray *list;
	} lists[] = {
		{ "fixes", fixes->cves },
		{ "titles", fixes->titles },
		{ "authors", fixes->authors },
		{ "diffs_sha256", fixes->diffs },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		json_object_set_new(root, lists[i].key, names_json(lists[i].list));
	json_object_set_new(root, "patch_version",
			    fixes->version ? json_string(fixes->version) : json_null());
}

json_t *report_patch_json(const struct report_facts *facts)
{
	const struct target *target = facts->target;
	g_autofree char *file = g_path_get_basename(facts->module);
	json_t *root =
		json_pack("{s:s, s:s, s:s, s:b, s:{s:s, s:s, s:s, s:s}, s:o, s:o}", "program",
			  "kpatch-build " KP_VERSION, "name", facts->options->name, "core",
			  facts->options->core->name, "replace", facts->options->replace, "target",
			  "release", target->release, "version", target->version, "distro",
			  target->distro, "compiler", target->cc_version, "objects",
			  results_json(facts->results), "module", file_json(facts->module));

	if (!root)
		return NULL;
	json_object_set_new(json_object_get(root, "module"), "path", json_string(file));
	add_fixes(root, facts->fixes);
	return root;
}

json_t *report_json(struct report *report, const struct report_facts *facts)
{
	json_t *root = json_pack(
		"{s:s, s:s, s:i, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f}",
		"program", "kpatch-build " KP_VERSION, "status", facts->error ? "failed" : "built",
		"exit_status", kp_exit_status(facts->error), "error",
		facts->error ? facts->error->message : NULL, "name",
		facts->options ? facts->options->name : NULL, "core",
		facts->options && facts->options->core ? facts->options->core->name : NULL,
		"target", target_json(facts->target), "patches", patches_json(facts->patches),
		"objects", results_json(facts->results), "diagnostics", diags_json(facts->diags),
		"timings", timings_json(report), "module", file_json(facts->module), "package",
		file_json(facts->package), "seconds",
		seconds(report->start, g_get_monotonic_time()));

	if (root && facts->fixes)
		add_fixes(root, facts->fixes);
	return root;
}

bool report_save(const json_t *document, const char *path, GError **err)
{
	g_autofree char *text = NULL;
	char *dump = document ? json_dumps(document, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;

	if (!dump)
		return kp_fail(err, KP_FAILED, "cannot make the report: a name in it is not UTF-8");
	text = g_strconcat(dump, "\n", NULL);
	free(dump);
	return g_file_set_contents(path, text, -1, err);
}
