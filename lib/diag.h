/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Diagnostics: what a pass found out about the user's patch. Unlike a GError,
 * which ends the work, diagnostics are collected so that all are shown at once.
 */
#ifndef KP_DIAG_H
#define KP_DIAG_H

#include <glib.h>
#include <stdbool.h>

enum kp_severity { KP_NOTE, KP_WARNING, KP_ERROR_DIAG };

/** struct kp_diag - one finding. All strings are owned by it. */
struct kp_diag {
	enum kp_severity severity;
	char *object;  /* object file or "vmlinux"; may be NULL */
	char *symbol;  /* function, variable or section; may be NULL */
	char *message; /* what is the matter */
	char *remedy;  /* what the patch author can do; may be NULL */
};

/** struct kp_diags - the findings in order, and how many are errors. */
struct kp_diags {
	GPtrArray *list; /* of struct kp_diag * */
	unsigned int errors;
};

struct kp_diags *kp_diags_new(void);
void kp_diags_free(struct kp_diags *diags);

/**
 * kp_diag_add() - record a finding.
 * @object, @symbol, @remedy: may be NULL; copied
 * @fmt: the message, one line, no full stop
 */
void kp_diag_add(struct kp_diags *diags, enum kp_severity severity, const char *object,
		 const char *symbol, const char *remedy, const char *fmt, ...) G_GNUC_PRINTF(6, 7);

/** kp_diag_format() - "object: symbol: message; remedy", to be freed by the caller. */
char *kp_diag_format(const struct kp_diag *diag);

#endif
