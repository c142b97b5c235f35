/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the configuration builds: every object of the kernel, from a walk over
 * all Kbuild files. "make some/file.o" does not tell: it compiles what the
 * configuration leaves out, and takes objects that are reached through "../"
 * for built-in ones.
 */
#ifndef KPB_KBUILD_H
#define KPB_KBUILD_H

#include <glib.h>
#include <stdbool.h>

#include "tree.h"

/** struct kbuild_object - an object file that the configuration builds. */
struct kbuild_object {
	char *path;   /* target for make, e.g. "arch/x86/kvm/../../../virt/kvm/kvm_main.o" */
	char *source; /* normalised, e.g. "virt/kvm/kvm_main.c"; NULL: no source found (generated)
		       */
	bool builtin; /* part of vmlinux */
	GPtrArray *modules;	 /* of char *: modules it is part of, names with _; may be empty */
	const char *unpatchable; /* why it cannot be patched ("assembly"), NULL: it can */
};

struct kbuild;

/** kbuild_open() - the walk's result for the tree; the walk runs when it is not cached (9 s). */
struct kbuild *kbuild_open(const struct tree *tree, unsigned int jobs, GError **err);
void kbuild_free(struct kbuild *kbuild);

/**
 * kbuild_find_objects_for_source() - the objects that are compiled from @source.
 * @source: path relative to the tree, e.g. "fs/namei.c"
 *
 * Return: array of const struct kbuild_object *, empty when the configuration does not build
 * it; owned by @kbuild.
 */
const GPtrArray *kbuild_find_objects_for_source(const struct kbuild *kbuild, const char *source);

/** kbuild_find_object() - by path as in struct kbuild_object, NULL when there is none. */
const struct kbuild_object *kbuild_find_object(const struct kbuild *kbuild, const char *path);

/** kbuild_objects() - all objects (const struct kbuild_object *), sorted by path. */
const GPtrArray *kbuild_objects(const struct kbuild *kbuild);

/**
 * kbuild_unpatchable_source() - why a source file cannot be patched, whatever it contains:
 * assembly, vdso, boot code, a host program ...; NULL when nothing speaks against it.
 */
const char *kbuild_unpatchable_source(const char *source);

/**
 * kbuild_rewalk() - after Kbuild files changed in the working copy: what it builds.
 * @work: with the patched working copy
 * @dirs: folders whose Makefile or Kbuild changed, or (for new sources) that contain them
 *
 * Return: a new struct kbuild for the whole patched tree.
 */
struct kbuild *kbuild_rewalk(const struct kbuild *kbuild, const struct work *work,
			     const GPtrArray *dirs, GError **err);

#endif
