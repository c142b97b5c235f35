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
	const char *module;  /* path of what was built */
	const GError *error; /* why nothing was built */
};

/** report_write_json() - write the report of a build, successful or not. */
bool report_write_json(struct report *report, const char *path, const struct report_facts *facts,
		       GError **err);

#endif
