/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Patch packages: a finished module, what it was made from and what is known of it, for exactly
 * one kernel, as the package manager wants it.
 *
 * The module is a file of the package in /var/lib/kpatch/RELEASE, where kpatch load --all finds it
 * at boot; there is nothing to copy at installation. A newer version has another module name, so
 * that both can be in the kernel while one replaces the other.
 */
#ifndef KPB_PACKAGE_H
#define KPB_PACKAGE_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "fixes.h"
#include "patch-core.h"
#include "target.h"

/** struct package - everything that goes into one. */
struct package {
	const struct package_format *format;
	char *name;	  /* kpatch-patch-RELEASE, or with -NAME */
	char *title;	  /* "live patch 1.2 of kernel 6.1.0-56-amd64" */
	char *maintainer; /* "Name <mail address>" */
	char *module;	  /* as the kernel calls it */
	gint64 date;	  /* seconds since 1970: of all files in it */
	const char *version;
	const struct target *target;
	const struct patch_core *core;
	const struct fixes *fixes;
	bool cumulative;
	char *tree;	  /* folder with the files in their places; without dpkg's own */
	GPtrArray *files; /* of char *: paths of these files, relative to @tree, sorted */
};

/** struct package_format - a row for each kind of package. */
struct package_format {
	const char *name;	  /* --package=NAME */
	const char *const *tools; /* programs that it takes */
	const char *install;	  /* the command that installs them */
	const char *file_fmt;	  /* of name and version: what the file is called */
	/* Make the package file @path of what is in @package->tree; @dir is for its own files. */
	bool (*make)(const struct package *package, const char *dir, const char *path,
		     GError **err);
};

extern const struct package_format package_deb, package_rpm;

/** package_format_find() - the format called @name; NULL with @err if there is none. */
const struct package_format *package_format_find(const char *name, GError **err);

/**
 * package_check_version() - whether both package managers take it as a version.
 * @version: NULL is an error: a newer package is told from an older one by it
 */
bool package_check_version(const char *version, GError **err);

/** package_module_name() - of the module file in it, without ".ko"; freed by the caller. */
char *package_module_name(const char *name, const char *version, GError **err);

/** struct package_request - what to make a package of. */
struct package_request {
	const struct package_format *format;
	const char *name;   /* -n; NULL: there is one such package a kernel */
	const char *module; /* from package_module_name() */
	const char *version;
	const struct target *target;
	const struct patch_core *core;
	const struct fixes *fixes;
	const GPtrArray *patches; /* of struct source_patch * */
	bool cumulative;
};

/**
 * package_new() - find out what can be wrong before anything is built: missing programs, nobody
 * who is responsible. The request's parts must outlive it.
 */
struct package *package_new(const struct package_request *request, GError **err);
void package_free(struct package *package);

/**
 * package_write() - make it.
 * @module: the finished .ko
 * @patches: of struct source_patch *
 * @facts: becomes patch.json
 * @dir: for temporary files; not there yet
 * @output_dir: where the package goes; it appears whole or not at all
 *
 * Return: its path, freed by the caller; NULL with @err.
 */
char *package_write(struct package *package, const char *module, const GPtrArray *patches,
		    const json_t *facts, const char *dir, const char *output_dir, GError **err);

/** package_description() - titles and CVEs, a line each, with @indent before each line. */
char *package_description(const struct package *package, const char *indent);

/** package_env() - the environment for the tools: with the package's date; freed by the caller. */
char **package_env(const struct package *package);

/** package_put() - make a file below @dir, and the folders it is in. */
bool package_put(const char *dir, const char *path, const char *data, gsize len, guint mode,
		 GError **err);

#endif
