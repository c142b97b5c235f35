/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside the run-pre matcher.
 *
 * The linker places each section of an object as a whole, so the unknowns are one
 * base address for each section (a "unit"). A unit is compared piece by piece ("chunks":
 * functions, variables, and the unnamed rest of data sections), so that one function
 * that differs does not take the others with it.
 */
#ifndef RUNPRE_PRIV_H
#define RUNPRE_PRIV_H

#include "elf-read.h"
#include "runpre.h"

enum chunk_state { CHUNK_UNKNOWN, CHUNK_SAME, CHUNK_DIFFERS };

/** struct chunk - a range of a section that is compared by itself. */
struct chunk {
	uint64_t start, end;	/* offsets in the section */
	uint32_t sym;		/* whose it is, 0: unnamed data */
	enum chunk_state state; /* at the unit's base */
	uint64_t at;		/* CHUNK_DIFFERS: offset in the section */
	char *why;		/* CHUNK_DIFFERS */
};

/** struct unit - a section to be placed. A base is the address of its offset 0. */
struct unit {
	uint32_t shndx;
	GArray *relas;	  /* of struct kp_elf_rela, sorted */
	GArray *chunks;	  /* of struct chunk */
	uint8_t *mask;	  /* a MASK_* for each byte; NULL: contents are not compared */
	GArray *bases;	  /* of uint64_t: candidates from names */
	bool constrained; /* the names agree: no base outside @bases is possible */
	bool weak_only;	  /* @bases come from weak definitions only */
	GArray *learned;  /* of uint64_t: distinct bases that references imply */
	bool placed;
	uint64_t base;
};

enum { MASK_NONE, MASK_RELOC, MASK_JUMP_LABEL };

/** struct match - the state of one run. */
struct match {
	struct kp_elf *elf;
	const struct kp_image *img;
	const struct kp_symtab *symtab;
	struct unit **units; /* by section index, NULL: not placed as a unit */
	uint64_t *implied;   /* by symbol index: address of undefined symbols and of those in merged
				sections, valid if has_implied */
	uint8_t *has_implied;
	uint8_t *conflict;	   /* by symbol index: two addresses were implied */
	const char **implied_name; /* module: undefined there, too */
};

/** struct target - what a relocation of the object means. */
struct target {
	enum { TARGET_UNIT, TARGET_MERGED, TARGET_UNDEF, TARGET_IGNORED } kind;
	const struct kp_elf_sym *sym;
	uint32_t shndx;	 /* of the symbol's section */
	uint64_t offset; /* that S + A is in that section, PC bias removed as for a plain operand */
	uint64_t bias;	 /* what has been added for that */
};

/* runpre-units.c */

/** match_load() - sections, chunks, masks and candidate bases of the object. */
bool match_load(struct match *m, GError **err);
void match_clear(struct match *m);

/** unit_of_symbol() - the unit a symbol is defined in, NULL if there is none. */
struct unit *unit_of_symbol(const struct match *m, const struct kp_elf_sym *sym);

/** symbol_is_interesting() - has a name of its own, as opposed to sections, files and .L labels. */
bool symbol_is_interesting(const struct kp_elf_sym *sym);

/**
 * base_is_plausible() - whether the section could be at @base at all: aligned, inside one section
 * of the image, and code where code is.
 */
bool base_is_plausible(const struct match *m, uint32_t shndx, uint64_t base);

/** resolve_target() - what @r refers to, in terms of the object. */
struct target resolve_target(const struct match *m, const struct kp_elf_rela *r);

/** unit_first_rela() - index of the first relocation at or above @offset. */
guint unit_first_rela(const struct unit *u, uint64_t offset);

bool rela_is_pc_relative(const struct kp_elf_rela *r);
bool array_has(const GArray *addrs, uint64_t addr);

/* runpre-compare.c */

/**
 * compare_chunk() - whether the image at @base has what the chunk has.
 * @at, @why: where and how it differs; @why (to be freed) may be NULL
 */
bool compare_chunk(const struct match *m, const struct unit *u, uint64_t base,
		   const struct chunk *c, uint64_t *at, char **why);

/* runpre-solve.c */

/** match_solve() - place units until nothing new is learnt. */
void match_solve(struct match *m);

#endif
