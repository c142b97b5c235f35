/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The in-memory model of a relocatable object that all passes work on.
 *
 * An object is cut into atoms, the linker's word for a piece that moves as a whole: a function, a
 * variable, a string, one entry of a special section, one alternative's replacement. Relocations
 * become references from atom to atom. What a section was is then a property of its atoms, so
 * functions and variables that share a section (.sched.text, .data..read_mostly) need no special
 * rule, and special sections are copied entry by entry.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <gelf.h>
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct atom;
struct object;
struct table_rule;

/** enum section_class - how a section is cut into atoms and what may be done with them. */
enum section_class {
	SEC_DROPPED, /* never carried over: debug info, exports, notes */
	SEC_CODE,
	SEC_DATA,
	SEC_STRINGS, /* SHF_MERGE|SHF_STRINGS: an atom per string that is referred to */
	SEC_CONST,   /* SHF_MERGE: an atom per entsize */
	SEC_BLOCKS,  /* unnamed code reached by reference: .altinstr_replacement, .altinstr_aux */
	SEC_TABLE,   /* entries that describe code, see tables.c */
	SEC_KPATCH,  /* .kpatch.*: what the patch author declared */
};

/** struct section - one section; owned by its object. */
struct section {
	struct object *obj;
	const char *name;
	GElf_Shdr shdr;
	unsigned int index;
	const uint8_t *data; /* NULL for NOBITS and empty sections */
	size_t size;
	enum section_class class;
	const struct table_rule *table; /* SEC_TABLE */
	GArray *relas;			/* of struct rela, by offset; NULL if none */
	GPtrArray *atoms;		/* by start; not owned */
	struct symbol *sym;		/* the STT_SECTION symbol, NULL if none */
	struct atom *empty;		/* SEC_BLOCKS: what empty alternatives refer to */
	GHashTable *lazy;		/* SEC_STRINGS/CONST/BLOCKS: start -> atom */
};

/** struct symbol - one .symtab entry; owned by its object. */
struct symbol {
	const char *name;
	uint64_t value, size;
	unsigned char type, bind; /* STT_*, STB_* */
	struct section *sec;	  /* NULL: undefined or absolute */
	bool absolute;
	bool recorded; /* undefined: the call is described in .kpatch.shadow */
	unsigned int index;
	struct atom *atom; /* the one it starts in; NULL for section symbols and undefined ones */
};

/** struct rela - a relocation as read. */
struct rela {
	uint64_t offset; /* in the section */
	uint32_t type;
	struct symbol *sym;
	int64_t addend;
};

/** enum atom_kind */
enum atom_kind {
	ATOM_FUNC,
	ATOM_DATA,
	ATOM_STRING,
	ATOM_CONST,
	ATOM_BLOCK,
	ATOM_ENTRY,
};

/** struct ref - a relocation seen from its atom. */
struct ref {
	size_t offset; /* of the field, in the atom */
	uint32_t type;
	bool branch;	    /* the operand of a call or jump */
	bool by_section;    /* the relocation names a section symbol */
	struct symbol *sym; /* as named in the object */
	struct atom *atom;  /* target; NULL: undefined or absolute symbol */
	int64_t at;	    /* offset in the target atom that is meant */
	int64_t bias;	    /* addend minus the part that is an offset: -4 for most PC32 */
};

/** struct atom - see above. Owned by its object. */
struct atom {
	struct object *obj;
	struct section *sec;
	enum atom_kind kind;
	size_t start, size;  /* in the section */
	int64_t reach;	     /* the furthest offset that something refers to */
	struct symbol *sym;  /* the symbol that names it; NULL: anonymous */
	GPtrArray *aliases;  /* further symbols in it; NULL if none */
	GArray *refs;	     /* of struct ref, by offset */
	GPtrArray *entries;  /* table entries that describe it; NULL if none */
	struct atom *owner;  /* ENTRY: the code it describes */
	struct atom *parent; /* .cold and the like: the function it was split from */
	GPtrArray *children; /* the reverse */
	struct atom *twin;   /* the same thing in the other object */
	bool changed;	     /* differs from its twin */
	bool promoted;	     /* replaced only because a callee of it cannot be replaced itself */
	bool included;	     /* goes into the output */
	bool undecided;	     /* DATA: it may or may not be a variable of the original */
	bool ignored;	     /* the author said so (KPATCH_IGNORE_*) */
	bool stuck;	     /* FUNC: cannot be moved: not decoded, or see find_hidden_branches() */
	bool fentry;	     /* FUNC: has a call of __fentry__ at its entry, can be traced */
	uint8_t *patched;    /* own copy of the bytes where a pass changed them, else NULL */
	bool dropped;	     /* ENTRY: left out although its code is included */
	const char *kept_in; /* DATA: the section for it alone, of a KPATCH_KEEP(); else NULL */
	size_t out_offset;   /* where write.c put it */
};

/** struct object - one relocatable file. */
struct object {
	char *path;
	GBytes *file;
	Elf *elf;
	GPtrArray *sections; /* index = ELF section index; [0] is NULL */
	GPtrArray *symbols;
	GPtrArray *atoms;	 /* all */
	GHashTable *sym_by_name; /* defined, non-section */
	GHashTable *sec_by_name; /* first of that name */
};

/** object_read() - read and check @path; anything malformed is an error, never a crash. */
struct object *object_read(const char *path, GError **err);
void object_free(struct object *obj);
typedef struct object object;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(object, object_free)

/** object_symbol() - the defined symbol called @name, NULL if there is none. */
struct symbol *object_symbol(const struct object *obj, const char *name);

/** object_cut() - cut the sections into atoms and resolve relocations to references (atoms.c). */
bool object_cut(struct object *obj, GError **err);

/** atom_at() - the atom of @sec that @pos is in; not for mergeable sections. */
struct atom *atom_at(const struct section *sec, size_t pos);

/** atom_name() - for messages: the symbol's name, else section+offset. Valid as long as the object.
 */
const char *atom_name(const struct atom *atom);

/** atom_bytes() - its contents, NULL for NOBITS. */
const uint8_t *atom_bytes(const struct atom *atom);

/** atom_is_writable(), atom_is_local() */
bool atom_is_writable(const struct atom *atom);
bool atom_is_local(const struct atom *atom);

/** atom_has_local_name() - whether a reference by it may be by its section's symbol. */
bool atom_has_local_name(const struct atom *atom);

/** atom_is_callback() - declared with KPATCH_PRE_PATCH_CALLBACK() and the like. */
bool atom_is_callback(const struct atom *atom);

/** atom_entry_offset() - offset of the function's first instruction (after prefix padding). */
size_t atom_entry_offset(const struct atom *atom);

/** atom_root() - the function that a .cold part belongs to, or itself. */
struct atom *atom_root(struct atom *atom);

#endif
