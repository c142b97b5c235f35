/* SPDX-License-Identifier: GPL-2.0 */
/*
 * References to vmlinux as ordinary relocations: exported symbol + distance.
 *
 * KASLR moves the kernel's image as a whole, so the distance between two symbols of it is a
 * constant. An undefined symbol that modules cannot import is replaced by an exported one, the
 * anchor, with the distance in the addend; the module loader does the rest, before it looks at
 * alternatives, jump labels or static calls. Per-CPU symbols are not moved and become absolute.
 *
 * The loader does not check the range of PC-relative fields, so that is done here.
 */
#ifndef KP_ANCHOR_H
#define KP_ANCHOR_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "diag.h"
#include "image.h"
#include "klp.h"
#include "ko.h"
#include "symvers.h"

/** ANCHOR_SYMBOL - exported by every kernel that has printk. */
#define ANCHOR_SYMBOL "_printk"

/** struct anchor_setup - all borrowed. */
struct anchor_setup {
	const struct kp_image *image;	  /* vmlinux */
	const struct kp_symvers *symvers; /* its exports */
	/*
	 * What undefined symbols stand for; addresses there come before names. NULL: names only.
	 * Records of modules are none of this file's business and must be gone.
	 */
	const struct klp_refs *refs;
	/*
	 * Nobody checks, before the loader writes through references of kpatch.ko itself, that
	 * the kernel is the right one: there are to be none.
	 */
	bool unguarded;
	struct kp_diags *diags; /* gets what cannot be referred to */
};

/**
 * anchor_references() - rewrite all references to what vmlinux does not export to every module.
 *
 * Undefined symbols that are not in the image are left alone. Return: false with @err when the
 * image is of no use; findings about single symbols are in @diags.
 */
bool anchor_references(struct ko *ko, const struct anchor_setup *setup, GError **err);

/**
 * anchor_field() - let the 8 bytes at @offset of @sec hold the run-time address of @address.
 *
 * The field must be zero, and without relocation.
 */
bool anchor_field(struct ko *ko, struct ko_section *sec, uint64_t offset, uint64_t address,
		  const struct anchor_setup *setup, GError **err);

#endif
