/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel that a patch is for: where its source, configuration, compiler,
 * symbol versions, image and modules are. What depends on the distribution is
 * behind struct distro_ops (target-debian.c).
 */
#ifndef KPB_TARGET_H
#define KPB_TARGET_H

#include <glib.h>
#include <stdbool.h>

/** struct target_request - what the user asked for; NULL where nothing was said. */
struct target_request {
	const char *release;	/* -a: as uname -r shows it; NULL: of @source_dir, else running */
	const char *source_dir; /* -s: a source tree; it is read, never written */
	const char *config;	/* -c */
	const char *vmlinux;	/* -v: a vmlinux or vmlinuz; its symbols are used */
	bool skip_compiler_check;
};

/** struct target - a kernel to make patches for; all paths are absolute. */
struct target {
	char *release;	     /* as uname -r shows it, e.g. "6.1.0-56-amd64" */
	char *version;	     /* of the distribution's package, e.g. "6.1.192-2"; "" for -s */
	const char *distro;  /* "debian"; "tree" for -s */
	char *arch;	     /* kbuild's ARCH and SRCARCH: "x86" */
	char *source;	     /* a tarball (.tar, .xz, .gz, .zst) or a source tree */
	bool source_is_tree; /* @source is a folder */
	char *config;	     /* the .config */
	char *headers;	     /* headers package: its build folder; NULL for -s without one */
	char *symvers;	     /* Module.symvers */
	char *image;	     /* vmlinuz or vmlinux */
	char *modules;	  /* folder of the .ko files, /lib/modules/RELEASE; NULL: there is none */
	char *cc;	  /* compiler as kbuild calls it, e.g. "gcc-12" */
	char *cc_version; /* first line of "CC --version" */
	char *key;	  /* identifies the target: release, version, config, compiler; hex */
	unsigned int kernel_version; /* KERNEL_VERSION(): 0x060100 for 6.1 */
	GHashTable *config_values;   /* "CONFIG_FOO" -> "y", "m", or the text without quotes */
	GHashTable *module_files;    /* name with _ -> path below @modules; made on demand */
};

/**
 * target_find() - find everything about the target.
 *
 * All that is missing is listed in one error, each with the command that installs it.
 */
struct target *target_find(const struct target_request *request, GError **err);
void target_free(struct target *target);
typedef struct target target_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(target_t, target_free)

/** target_config() - value of a configuration option ("CONFIG_LIVEPATCH"), NULL when not set. */
const char *target_config(const struct target *target, const char *option);

/** target_config_on() - whether a configuration option is y (or m). */
bool target_config_on(const struct target *target, const char *option);

/**
 * target_module() - the file of a module.
 * @name: as in KBUILD_MODNAME, with _
 * @unpack_dir: where a compressed module is unpacked to
 *
 * Return: path of an uncompressed .ko, freed by the caller; NULL with @err.
 */
char *target_module(struct target *target, const char *name, const char *unpack_dir, GError **err);

#endif
