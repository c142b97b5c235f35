/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One fix for several kernels: a build for each, in a process of its own, so that whatever
 * happens to one does not concern the others.
 */
#ifndef KPB_FLEET_H
#define KPB_FLEET_H

#include <jansson.h>

#include "options.h"

/**
 * fleet_build_fn - builds for one kernel.
 * @document: set to the report, to be freed; NULL: there is none
 *
 * Return: the exit status, as kpatch-build would end with.
 */
typedef int (*fleet_build_fn)(const struct options *options, json_t **document);

/**
 * fleet_run() - build for all of @options->releases, and show a table of what came out.
 * @build: called in child processes, with @options for one release and the output folder
 *	DIR/RELEASE, which it makes when it has something to put there
 * @document: set to the reports of all, to be freed
 *
 * Return: KP_OK: a module for each; KP_PARTLY: for some; else for none: the status that all
 * builds share, or KP_FAILED. KP_INTERRUPTED: not all were tried.
 */
int fleet_run(const struct options *options, fleet_build_fn build, json_t **document);

#endif
