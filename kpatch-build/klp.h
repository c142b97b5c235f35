/* SPDX-License-Identifier: GPL-2.0 */
/*
 * References of a patch to symbols of its targets: the records that
 * create-diff-object leaves in .kpatch.undef, and the klp symbols and relocations
 * that the kernel's livepatch loader resolves.
 *
 * A record is the text "ALIAS OBJNAME NAME SYMPOS ADDRESS". ALIAS is an ordinary undefined symbol,
 * so that ld, objtool and modpost see nothing special.
 */
#ifndef KP_KLP_H
#define KP_KLP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "diag.h"
#include "ko.h"

#define KLP_UNDEF_SECTION ".kpatch.undef"

/** struct klp_ref - one record: what an undefined symbol stands for. */
struct klp_ref {
	char *alias;
	char *objname; /* "vmlinux" or a module */
	char *name;
	unsigned long sympos; /* as the kernel counts; 0: unique */
	uint64_t address;     /* link-time, 0: not known */
};

/**
 * struct klp_refs - the records of a file.
 *
 * Identical records are one; two that give one alias different meanings are an error.
 */
struct klp_refs {
	GHashTable *by_alias; /* alias -> struct klp_ref *, owns them */
	GPtrArray *list;      /* of struct klp_ref *, in file order */
};

/** klp_refs_read() - the records of @ko; a malformed one, or one over the kernel's limits, is an
 * error. */
struct klp_refs *klp_refs_read(const struct ko *ko, GError **err);
void klp_refs_free(struct klp_refs *refs);
typedef struct klp_refs klp_refs;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(klp_refs, klp_refs_free)

/** klp_ref_find() - what @alias stands for, NULL if there is no record. */
const struct klp_ref *klp_ref_find(const struct klp_refs *refs, const char *alias);

/** klp_ref_of() - what @rela refers to, NULL when it is not of another object. */
const struct klp_ref *klp_ref_of(const struct klp_refs *refs, const struct ko_rela *rela);

/** klp_ref_is_vmlinux() - whether the loader resolves it before anything else looks at the module.
 */
bool klp_ref_is_vmlinux(const struct klp_ref *ref);

/** klp_ref_same() - whether both stand for the same symbol. */
bool klp_ref_same(const struct klp_ref *a, const struct klp_ref *b);

/** klp_refs_rename() - call the alias @from, and its undefined symbol in @ko, @to. */
void klp_refs_rename(struct klp_refs *refs, struct ko *ko, const char *from, const char *to);

/** klp_refs_store() - write the records back into @ko's section. */
void klp_refs_store(const struct klp_refs *refs, struct ko *ko);

/**
 * klp_convert() - make klp symbols and klp relocations of all references.
 *
 * References that the kernel could not resolve in time go to @diags: to a symbol of a module from a
 * section that the loader consumes, or from init code.
 */
bool klp_convert(struct ko *ko, const struct klp_refs *refs, struct kp_diags *diags, GError **err);

#endif
