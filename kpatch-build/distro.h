/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What depends on the distribution: where a kernel's parts are, and how to get
 * what is missing.
 */
#ifndef KPB_DISTRO_H
#define KPB_DISTRO_H

#include <glib.h>
#include <stdbool.h>

#include "target.h"

/** struct distro_tool - something that building needs, and the package that has it. */
struct distro_tool {
	const char *name; /* program, or absolute path of a file */
	const char *package;
};

/** struct distro_ops - one distribution. */
struct distro_ops {
	const char *name;
	const char *install;		 /* command that installs the packages named after it */
	const struct distro_tool *tools; /* up to one with name NULL */
	bool (*present)(void);
	/*
	 * Fills in what is still NULL in @target: version, source, config, headers, symvers, image,
	 * modules. Adds a line to @missing (char *) for each thing that is not there. Source and
	 * version are not looked for when target->source is set.
	 */
	bool (*find)(struct target *target, GPtrArray *missing, GError **err);
};

extern const struct distro_ops distro_debian;

/** distro_detect() - the running system's distribution; NULL when it is none of those known. */
const struct distro_ops *distro_detect(void);

#endif
