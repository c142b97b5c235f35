/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Errors are values: a function that can fail takes a GError ** as its last
 * parameter and returns false (or NULL). Nothing below main prints or exits.
 * The one exception is running out of memory, where GLib aborts.
 */
#ifndef KP_ERROR_H
#define KP_ERROR_H

#include <glib.h>
#include <stdbool.h>

#define KP_ERROR (kp_error_quark())

/** enum kp_status - error codes; the values are the exit statuses of our programs. */
enum kp_status {
	KP_OK = 0,
	KP_FAILED = 1,	    /* could not do it: bad input, environment, I/O */
	KP_UNPATCHABLE = 2, /* differences that cannot be patched */
	KP_NO_CHANGE = 3,   /* nothing changed */
	KP_PARTLY = 4,	    /* of several things, some could be done */
	KP_USAGE = 64,	    /* wrong command line */
	KP_INTERRUPTED = 130,
};

GQuark kp_error_quark(void);

/**
 * kp_fail() - set an error and return false, for "return kp_fail(...)".
 * @err: where to put it, may be NULL
 * @fmt: what happened, to which object and symbol, and what to do about it
 */
bool kp_fail(GError **err, enum kp_status status, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

/** kp_fail_errno() - like kp_fail(), with ": strerror(errno)" appended; a full disk adds its
 * remedy. */
bool kp_fail_errno(GError **err, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/**
 * kp_error_remedy() - what to add to the message of an error that GLib made, which knows no
 * remedies. Return: "; do this", or "".
 */
const char *kp_error_remedy(const GError *err);

/** kp_exit_status() - the exit status that @err stands for (KP_FAILED for foreign domains). */
int kp_exit_status(const GError *err);

#endif
