/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a build tells people (progress, findings, summary) and machines (--json).
 * On a terminal, progress overwrites itself; elsewhere there is one line a phase.
 */
#ifndef KPB_REPORT_H
#define KPB_REPORT_H

#include <glib.h>
#include <stdbool.h>

#include <jansson.h>

#include "diag.h"
#include "diff.h"
#include "options.h"
#include "source-patch.h"
#include "target.h"

struct report;

/** report_new() - @quiet: only errors and warnings; @verbose: notes and details as well. */
struct report *report_new(bool quiet, bool verbose);
void report_free(struct report *report);

/** report_phase() - a phase of the build begins: "Compiling 3 objects". */
void report_phase(struct report *report, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/** report_step() - progress within a phase: "[2/3] CC fs/namei.o". */
void report_step(struct report *report, unsigned int done, unsigned int total, const char *verb,
		 const char *what);

/** report_note() - a line for whoever reads along. */
void report_note(struct report *report, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/** report_diags() - show the findings from index @from on; returns the index for the next call. */
guint report_diags(struct report *report, const struct kp_diags *diags, guint from);

/** report_error() - the build ended with @error. */
void report_error(struct report *report, const GError *error);

/** report_results() - per object the changed and new functions. */
void report_results(struct report *report, const GPtrArray *results);

/** report_summary() - the module that was built. */
void report_summary(struct report *report, const char *module, const GPtrArray *results,
		    const struct kp_diags *diags);

/** struct report_facts - everything that the machine-readable report has; NULL: not known. */
struct report_facts {
	const struct options *options;
	const struct target *target;
	const GPtrArray *patches; /* of struct source_patch * */
	const GPtrArray *results; /* of struct diff_result * */
	const struct kp_diags *diags;
	const struct fixes *fixes;
	const char *module;  /* path of what was built */
	const char *package; /* path of its package */
	const GError *error; /* why nothing was built */
};

/** report_json() - the report of a build, successful or not; NULL: a name is not UTF-8. */
json_t *report_json(struct report *report, const struct report_facts *facts);

/** report_patch_json() - what the patch is, without paths and times: what its package has. */
json_t *report_patch_json(const struct report_facts *facts);

/** report_save() - write a report, of which NULL is an error, to the file @path. */
bool report_save(const json_t *document, const char *path, GError **err);

/** report_kernel() - @text is what the build for one of several kernels said. */
void report_kernel(struct report *report, const char *release, const char *text);

/** report_fleet() - a table of reports, each with its "release". */
void report_fleet(struct report *report, const json_t *kernels);

#endif
