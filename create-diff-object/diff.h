/* SPDX-License-Identifier: GPL-2.0 */
/* One run of create-diff-object: what the passes read and write, in their order. */
#ifndef DIFF_H
#define DIFF_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "diag.h"
#include "image.h"
#include "object.h"
#include "runpre.h"
#include "symvers.h"

/**
 * struct external - something outside the patch that included code refers to.
 *
 * A plain one is left to the module loader: exported by vmlinux or a module other than the patched
 * one, or defined by another object of the patch. Any other is named by an alias and a record in
 * .kpatch.undef.
 */
struct external {
	bool plain;
	char *alias;   /* name of the undefined symbol in the output */
	char *objname; /* "vmlinux" or a module; NULL: not in the target */
	char *name;    /* name in the target's symbol table */
	unsigned long sympos;
	uint64_t addr; /* link-time address, 0 if unknown */
	bool late;     /* in a module: known only once that is loaded */
	bool weak;
	int64_t shift;	 /* to add to an offset in the atom to get one from the symbol */
	bool unverified; /* a function whose code in the image is not what was compiled */
};

/** struct diff - all of it. Owned by main. */
struct diff {
	/* the command line */
	const char *orig_path, *patched_path, *plain_path, *vmlinux_path, *types_path;
	const char *object_name; /* in messages */
	const char *objname, *symtab_path, *symvers_path, *modname, *output_path;

	struct kp_diags *diags;
	struct object *orig, *patched;

	/* the target; image and rp are NULL when only a symbol table was given */
	struct kp_image *image, *vmlinux;
	struct kp_symtab *own_symtab; /* when there is no image */
	const struct kp_symtab *symtab;
	struct kp_symvers *symvers;
	struct runpre *rp;

	GPtrArray *functions;  /* functions to replace, patched side; not owned */
	GPtrArray *included;   /* atoms of the output, in file order; not owned */
	GHashTable *externals; /* struct atom * (patched side) or symbol name -> struct external */
};

/** diff_is_module() - whether the object belongs to a module. */
bool diff_is_module(const struct diff *diff);

/** diff_error() - record an error about @atom (may be NULL). */
void diff_error(struct diff *diff, const struct atom *atom, const char *remedy, const char *fmt,
		...) G_GNUC_PRINTF(4, 5);

/** diff_warning() - the same, not an error. */
void diff_warning(struct diff *diff, const struct atom *atom, const char *remedy, const char *fmt,
		  ...) G_GNUC_PRINTF(4, 5);

/* The passes, in the order in which main runs them. */

/** declare_ignored() - KPATCH_IGNORE_FUNCTION and _SECTION (declare.c). */
void declare_ignored(struct diff *diff);

/** promote_callers() - changed functions that cannot be traced: replace who calls them (promote.c).
 */
void promote_callers(struct diff *diff);

/** select_included() - the changed functions and all that has to come along (select.c). */
void select_included(struct diff *diff);

/** ref_is_internal() - whether an included atom's reference stays within the patch (select.c). */
bool ref_is_internal(struct atom *from, const struct ref *ref);

/** find_recorded_calls() - calls that the compiled source describes get their names
 * (shadow-types.c). */
void find_recorded_calls(struct diff *diff);

/** finish_declarations() - check what is declared for the core, number it (declared.c). */
void finish_declarations(struct diff *diff);

/** check_declarations() - what of that can only be seen with the target (declared.c). */
void check_declarations(struct diff *diff);

/** check_changes() - changes that cannot be patched, seen from the two objects alone (check.c). */
void check_changes(struct diff *diff);

/** check_places() - is it certain which variables an included atom refers to (check-place.c)? */
void check_places(struct diff *diff, const struct atom *atom);

/** open_target() - the target's symbols and image; run-pre matching (target.c). */
bool open_target(struct diff *diff, GError **err);

/** resolve_externals() - find what leaves the patch in the target (externals.c). */
void resolve_externals(struct diff *diff);

/** find_external() - the resolved target of a reference that is not internal. */
struct external *find_external(const struct diff *diff, const struct ref *ref);

/** check_target() - what can only be seen with the target: run-pre, late references
 * (check-target.c). */
void check_target(struct diff *diff);

/** check_ibt() - addresses of functions that must not be called indirectly (check-ibt.c). */
void check_ibt(struct diff *diff);

/** write_output() - the output object (write.c). */
bool write_output(struct diff *diff, GError **err);

/** write_report() - the JSON report (report.c). @status: "written", "unchanged" ... */
bool write_report(const struct diff *diff, const char *path, const char *status, GError **err);

/** print_summary() - changed and new functions to stdout, findings to stderr (report.c). */
void print_summary(const struct diff *diff, bool debug);

/** function_target() - the target's symbol of a function to replace; NULL if it was not found. */
const struct external *function_target(const struct diff *diff, const struct atom *atom);

#endif
