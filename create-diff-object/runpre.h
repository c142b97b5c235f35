/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Run-pre matching: where in the target is each symbol of a freshly compiled
 * original object, and is the code there really the code that was compiled?
 *
 * Names only propose; bytes decide. Relocated fields are resolved, not skipped: what
 * a field refers to in the image must agree with what its symbol is known to be. Each
 * match teaches the addresses of what it refers to, until nothing new is learnt.
 */
#ifndef RUNPRE_H
#define RUNPRE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"

enum runpre_state {
	RUNPRE_MATCH,	/* at addr; code: bytes and references agree; data: placed by references */
	RUNPRE_DIFFERS, /* at addr, but the image has other code there: wrong source/config/compiler
			 */
	RUNPRE_OVERRIDDEN, /* weak definition; the kernel uses another one (at addr, if known) */
	RUNPRE_ABSENT,	   /* not in the image: discarded, or in a section that is dropped */
	RUNPRE_AMBIGUOUS,  /* several places are possible, nothing decides between them */
};

/**
 * struct runpre_sym - what is known about one symbol of the object.
 *
 * @addr is set for MATCH and DIFFERS, and for OVERRIDDEN when known. A data symbol can be placed
 * (MATCH) and have no kallsyms entry: @target is NULL then, and it has no sympos.
 */
struct runpre_sym {
	const char *name;
	unsigned int symndx; /* index in the object's .symtab */
	bool defined;	     /* in the object, else undefined (external reference) */
	bool is_func;
	enum runpre_state state;
	uint64_t addr;		     /* in the target; module: synthetic address */
	uint64_t size;		     /* st_size of the object */
	unsigned long sympos;	     /* as the kernel counts, 0 if unique; valid with @target */
	const struct kp_sym *target; /* the image's entry of the same name at addr, NULL: none */
	const char *undef;   /* module target: external symbol, by this name undefined there too */
	uint64_t differs_at; /* DIFFERS: offset in the symbol of the first difference */
	const char *why;     /* DIFFERS, AMBIGUOUS, ABSENT: what is the matter, as text */
	bool external_ambiguous; /* undefined: two different addresses were implied (see why) */
};

/** struct runpre - the result for one object. */
struct runpre;

/**
 * runpre_match() - match @object_path (plain compile; split works with less certainty) with @img.
 *
 * Only an object that cannot be read is an error; mismatches are in the symbols' states.
 * @img must outlive the result.
 */
struct runpre *runpre_match(const char *object_path, const struct kp_image *img, GError **err);
void runpre_free(struct runpre *rp);
typedef struct runpre runpre;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(runpre, runpre_free)

/**
 * runpre_find() - what is known about the symbol called @name.
 *
 * A definition before an undefined reference; the first of several local ones (see runpre_count()).
 * NULL when the object has no such symbol.
 */
const struct runpre_sym *runpre_find(const struct runpre *rp, const char *name);

/** runpre_count() - number of symbols; runpre_at() - the @i-th, in .symtab order. */
size_t runpre_count(const struct runpre *rp);
const struct runpre_sym *runpre_at(const struct runpre *rp, size_t i);

/** struct runpre_totals - functions of the object by state. */
struct runpre_totals {
	unsigned int functions, match, differs, overridden, absent, ambiguous;
};
void runpre_totals(const struct runpre *rp, struct runpre_totals *totals);

/** runpre_state_name() - "match", "differs" ... */
const char *runpre_state_name(enum runpre_state state);

#endif
