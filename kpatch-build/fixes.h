/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a patch says of itself: titles, authors, the CVEs that it fixes. From the text around the
 * diffs, which may be mails, or from the command line.
 */
#ifndef KPB_FIXES_H
#define KPB_FIXES_H

#include <glib.h>
#include <stdbool.h>

#include "diag.h"

/** struct fixes_given - what the command line says; NULL where it says nothing. */
struct fixes_given {
	const char *title, *author, *version;
	GPtrArray *cves; /* of char *; empty: none, whatever the patches say */
};

/** struct fixes - what goes into the module. Owns its strings; lists have nothing twice. */
struct fixes {
	GPtrArray *titles;  /* of char *: of each change, in order */
	GPtrArray *authors; /* of char *: "Name <mail address>", in order */
	GPtrArray *cves;    /* of char *: "CVE-2024-1086", sorted */
	GPtrArray *diffs;   /* of char *: SHA-256 of each patch file, in order; hex */
	char *version;	    /* NULL: none */
};

/**
 * fixes_add_given() - take a value of --fixes, ids with commas between, or "none".
 * Return: false with @err for what is no CVE id.
 */
bool fixes_add_given(struct fixes_given *given, const char *ids, GError **err);

/** fixes_check_given() - whether title, author and version can be recorded; else @err. */
bool fixes_check_given(const struct fixes_given *given, GError **err);
void fixes_clear_given(struct fixes_given *given);

/**
 * fixes_collect() - what @given and @patches say together; the former counts more.
 * @patches: of struct source_patch *
 * @diags: gets a warning for what is there but cannot be recorded
 */
struct fixes *fixes_collect(const struct fixes_given *given, const GPtrArray *patches,
			    struct kp_diags *diags);
void fixes_free(struct fixes *fixes);

/** fixes_quote() - @text as the inside of a C string, in plain ASCII; freed by the caller. */
char *fixes_quote(const char *text);

#endif
