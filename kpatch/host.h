/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine that patches are loaded into: where its sysfs and procfs are, and
 * how modules get in and out. Tests put a made-up machine in its place.
 */
#ifndef KPATCH_HOST_H
#define KPATCH_HOST_H

#include <glib.h>
#include <stdbool.h>

/** struct host - all strings are owned by it. */
struct host {
	char *sys;     /* mount point of sysfs, "/sys" */
	char *proc;    /* mount point of procfs, "/proc" */
	char *run;     /* folder of the lock file, "/run" */
	char *store;   /* installed patches, a folder for each kernel release */
	char *release; /* of the running kernel, as uname -r */
	int signal_fd; /* signalfd with SIGINT and SIGTERM, -1 for none */
	int kmsg_fd;   /* /dev/kmsg, non-blocking; -1 for none */

	/* Both return 0 or a negative errno, as the kernel gave it. */
	int (*insert)(const struct host *host, const char *path);
	int (*remove)(const struct host *host, const char *module);
	/*
	 * The modules that the file depends on and that are not there, from those installed for the
	 * running kernel. Likewise; -ENOENT: not installed. @name: which failed, freed by the
	 * caller; left alone when it is none of them.
	 */
	int (*insert_needed)(const struct host *host, const char *path, char **name);
	/* The file of an installed module of the running kernel, freed by the caller; or NULL. */
	char *(*find)(const struct host *host, const char *module);
	void *data; /* for the four above */
};

/** host_new() - the machine this runs on. SIGINT and SIGTERM are blocked from here on. */
struct host *host_new(GError **err);
void host_free(struct host *host);

/** host_pause() - sleep; return false when SIGINT or SIGTERM came meanwhile. */
bool host_pause(const struct host *host, unsigned int milliseconds);

/** host_log_mark() - forget what the kernel logged until now. */
void host_log_mark(const struct host *host);

/** host_log_since() - kernel messages since host_log_mark() with one of @words; one a line, maybe
 * "". */
char *host_log_since(const struct host *host, const char *const *words, size_t count);

/** host_log_age() - seconds since the last kernel message with @word; negative if there is none. */
double host_log_age(const struct host *host, const char *word);

/**
 * host_read() - a file's text without white space at its end, NULL if it cannot be read.
 * The path is put together from the following strings; the last is NULL.
 */
char *host_read(const char *first, ...) G_GNUC_NULL_TERMINATED;

#endif
