/* SPDX-License-Identifier: GPL-2.0 */
/* Building symbol tables: shared by symtab.c and the readers of the text formats. */
#ifndef KP_SYMTAB_PRIV_H
#define KP_SYMTAB_PRIV_H

#include "elf-read.h"
#include "symtab.h"

/** struct symtab_builder - symbols in the source's order; names are interned in @names. */
struct symtab_builder {
	enum kp_symtab_kind kind;
	bool module;
	GArray *syms; /* of struct kp_sym */
	GStringChunk *names;
};

struct symtab_builder *symtab_builder_new(enum kp_symtab_kind kind);
void symtab_builder_free(struct symtab_builder *b);
typedef struct symtab_builder symtab_builder;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(symtab_builder, symtab_builder_free)

/** symtab_builder_add() - append; @sym->name is copied, @sym->seq set. */
void symtab_builder_add(struct symtab_builder *b, const struct kp_sym *sym, const char *name);

/** symtab_builder_finish() - sort and index; an error when there are no symbols. Consumes @b. */
struct kp_symtab *symtab_builder_finish(struct symtab_builder *b, const char *path, GError **err);

/** symtab_read_text() - System.map or the text of `readelf -s --wide`. */
struct kp_symtab *symtab_read_text(const char *text, size_t len, const char *path, GError **err);

/**
 * symtab_rebase() - add the base addresses of @elf's sections to a module's symbols.
 *
 * For texts of `readelf -s`, which give offsets in sections.
 */
void symtab_rebase(struct kp_symtab *tab, const struct kp_elf *elf);

#endif
