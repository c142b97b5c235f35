/* SPDX-License-Identifier: GPL-2.0 */
/* Patch modules, as files and in the kernel: what they are and whether they belong here. */
#ifndef KPATCH_MODULE_H
#define KPATCH_MODULE_H

#include <glib.h>
#include <stdbool.h>

#include "core.h"
#include "elf-read.h"
#include "host.h"

/** struct patch_module - a patch module file. Strings are owned by it; NULL where it says nothing.
 */
struct patch_module {
	char *path;	/* absolute */
	char *name;	/* as the kernel calls it */
	char *vermagic; /* release first, then options */
	/* As modinfo shows them. */
	char *version, *description, *author, *license;
	char *depends;	    /* modules that it needs, with commas between */
	char *livepatch;    /* "Y" in modules for the in-kernel core */
	char *compat;	    /* "Y" in hand-made ones that were built against kmod/include/compat */
	char *core;	    /* kpatch.core */
	char *kernel_id;    /* kpatch.build_id: build-id of the kernel it was made for, hex */
	char *patch_sha256; /* kpatch.patch_sha256 */
	char *replace;	    /* kpatch.replace: "Y" cumulative, "N" not */
	/* A line each. */
	char *titles, *authors;	 /* kpatch.title, kpatch.author */
	char *fixes;		 /* kpatch.fixes: CVE ids */
	char *diffs;		 /* kpatch.diff_sha256: made from these */
	char *patch_version;	 /* kpatch.version */
	char *source, *compiler; /* kpatch.source, kpatch.compiler: built against, and with */
	char *build_id;		 /* of the module itself, hex */
	struct kp_elf *elf;
	const struct core_ops *ops;
};

void patch_module_free(struct patch_module *module);

/**
 * patch_module_find() - the file that the user means.
 * @what: a path; or the name of a patch that is installed for the running kernel, or of its file.
 *	  "-" and "_" are the same there, unless that leaves a choice.
 *
 * Return: a path, freed by the caller; NULL with @err.
 */
char *patch_module_find(const struct host *host, const char *what, GError **err);

/**
 * patch_module_read() - read a file and its module information; it may be compressed.
 * Refuses what is not a patch module.
 */
struct patch_module *patch_module_read(const char *path, GError **err);

/** patch_module_knows_fixes() - whether whoever made it could say what it fixes. */
bool patch_module_knows_fixes(const struct patch_module *module);

/** patch_module_release() - the release of the kernel that it is for; freed by the caller. */
char *patch_module_release(const struct patch_module *module);

/** patch_module_core_known() - whether it is for a core that this knows. */
bool patch_module_core_known(const struct patch_module *module, GError **err);

/** patch_module_fits() - whether it was built for the running kernel and a core that this knows. */
bool patch_module_fits(const struct host *host, const struct patch_module *module, GError **err);

/** module_suffix() - the part of a file's name from its ".ko" on; NULL if it is not called like a
 * module. */
const char *module_suffix(const char *file);

/** module_stem() - a file's name without that suffix, as it is spelled; freed by the caller. */
char *module_stem(const char *file);

/** patch_name() - what the kernel calls "dir/my-patch.ko", "my-patch.ko.xz", "my-patch":
 * "my_patch".
 */
char *patch_name(const char *what);

/**
 * patch_name_given() - the same for what a user wrote where a patch is meant.
 * Return: a name, freed by the caller; NULL with @err for what can be none, like "" and "..", and
 * for paths that are not those of a module.
 */
char *patch_name_given(const char *what, GError **err);

/** module_is_loaded() - whether the kernel has a module of this name. */
bool module_is_loaded(const struct host *host, const char *name);

/** module_is_livepatch() - whether the loaded module is a livepatch (the kernel taints those with
 * K). */
bool module_is_livepatch(const struct host *host, const char *name);

/** module_loaded_build_id() - of the loaded module of this name, in hex; NULL: it does not say. */
char *module_loaded_build_id(const struct host *host, const char *name);

/** module_is_same() - whether the loaded module of this name came from this very file. */
bool module_is_same(const struct host *host, const struct patch_module *module);

/** module_refcount() - how often the loaded module is in use; -1 if not known. */
long module_refcount(const struct host *host, const char *name);

/**
 * module_leftovers() - the modules of patches that no core has any more, as a cumulative patch
 * replaced them: sorted names, owned by the array.
 */
GPtrArray *module_leftovers(const struct host *host);

#endif
