/* SPDX-License-Identifier: GPL-2.0 */
/* What the author declares for the core in .kpatch.*: callbacks, states, types of shadow variables.
 */
#ifndef DECLARED_H
#define DECLARED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "diff.h"

/** struct declaration_rule - a section of declarations, and what one looks like. */
struct declaration_rule {
	const char *section;
	bool prefix;	/* section is a prefix */
	size_t size;	/* of a declaration; kmod/patch/kpatch-patch.h has its fields */
	size_t objname; /* where the name of the object goes; 0: nowhere */
};

/** declaration_rule() - the rule of @atom; NULL when it declares nothing for the core. */
const struct declaration_rule *declaration_rule(const struct atom *atom);

/** declaration_is_complete() - whether @atom is a declaration of the right size, with contents. */
bool declaration_is_complete(const struct atom *atom);

/** declared_in() - whether @atom is in @section. */
bool declared_in(const struct atom *atom, const char *section);

/** field_ref() - the pointer at @offset of a declaration; NULL if there is none. */
const struct ref *field_ref(const struct atom *atom, size_t offset);

/** field_string() - the string that it refers to; NULL if it refers to none. */
const char *field_string(const struct atom *atom, size_t offset);

/** field_word(), field_long() - the 4 or 8 bytes there. */
uint32_t field_word(const struct atom *atom, size_t offset);
uint64_t field_long(const struct atom *atom, size_t offset);

/** set_field() - write 8 bytes. */
void set_field(struct atom *atom, size_t offset, uint64_t value);

/** field_place() - "FILE:LINE", from two fields; null without a file. */
json_t *field_place(const struct atom *atom, size_t file, size_t line);

/** list_included() - what @describe makes of the included atoms; NULL: nothing of that one. */
json_t *list_included(const struct diff *diff,
		      json_t *(*describe)(const struct diff *diff, const struct atom *atom));

/** declared_hash() - FNV-1a of @name, 64 bits. */
uint64_t declared_hash(const char *name);

/** finish_shadow_type() - a type is complete (shadow-types.c). */
void finish_shadow_type(struct diff *diff, struct atom *atom);

/** finish_shadow_call() - what is known of a call becomes a declaration (shadow-types.c). */
void finish_shadow_call(struct diff *diff, struct atom *atom);

/** check_shadow_calls() - that all calls are known (shadow-types.c). */
void check_shadow_calls(struct diff *diff);

/** declared_shadow_types() - the types of shadow variables, for the report (shadow-types.c). */
json_t *declared_shadow_types(const struct diff *diff);

/** field_function() - the name of the function that the pointer at @offset is to; NULL: none. */
const char *field_function(const struct atom *atom, size_t offset);

/** declared_callbacks() - the callbacks among what is included, for the report (callbacks.c). */
json_t *declared_callbacks(const struct diff *diff);

/** finish_kept() - check the variables of KPATCH_KEEP(), complete its entries (keep.c). */
void finish_kept(struct diff *diff);

/**
 * is_keepable() - whether KPATCH_KEEP() would take @var, which the source calls @name; an initial
 * value that is longer than its type says does not show here (keep.c).
 */
bool is_keepable(const struct atom *var, const char *name);

/** kept_entry() - the KPATCH_KEEP() of @var; NULL if it is not kept (keep.c). */
const struct atom *kept_entry(const struct diff *diff, const struct atom *var);

/** new_data() - the new variables among what is included, for the report (new-data.c). */
json_t *new_data(const struct diff *diff);

/** declared_states() - the states among what is included, for the report. */
json_t *declared_states(const struct diff *diff);

#endif
