/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The symbols of a patch target, whatever they come from: the kallsyms tables
 * of a vmlinuz or of a vmlinux without .symtab, the .symtab of a vmlinux or of a
 * module, a System.map, or the text of `readelf -s --wide`.
 */
#ifndef KP_SYMTAB_H
#define KP_SYMTAB_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct kp_elf;

/** enum kp_symtab_kind - where the symbols came from. */
enum kp_symtab_kind {
	KP_SYMTAB_KALLSYMS,   /* decoded from the image: exactly what the kernel sees */
	KP_SYMTAB_VMLINUX,    /* .symtab of a vmlinux */
	KP_SYMTAB_MODULE,     /* .symtab of a .ko */
	KP_SYMTAB_SYSTEM_MAP, /* `nm -n` format */
	KP_SYMTAB_READELF,    /* text of `readelf -s --wide` */
};

/** struct kp_sym - one defined, named symbol of the target. */
struct kp_sym {
	const char *name;
	uint64_t addr; /* vmlinux: link-time address (per-CPU: zero based);
			  module: synthetic address of kp_elf_layout() */
	uint64_t size; /* 0 when the source has no sizes (kallsyms, System.map) */
	char type;     /* nm letter */
	bool global;  /* STB_GLOBAL or STB_WEAK; kallsyms: upper case, see doubt_percpu_globals() */
	bool weak;    /* kallsyms: 'w', 'v' and upper case */
	bool is_func; /* STT_FUNC; false when the source does not tell */
	bool is_object;	    /* STT_OBJECT; false when the source does not tell */
	unsigned int shndx; /* modules and vmlinux ELF: section index, else 0 */
	unsigned int file;  /* index of the STT_FILE block it is in, 0: none */
	unsigned int seq;   /* position in the source's order */
};

/** struct kp_symtab - an immutable table; names and symbols live as long as it does. */
struct kp_symtab;

/**
 * kp_symtab_open() - read the symbols of @path, whatever kind of file that is.
 *
 * An image without usable kallsyms, a text without symbols, and a truncated file are errors.
 */
struct kp_symtab *kp_symtab_open(const char *path, GError **err);

/**
 * kp_symtab_from_elf() - the same from an ELF file in memory (vmlinux or .ko).
 * @elf: need not outlive the table
 */
struct kp_symtab *kp_symtab_from_elf(const struct kp_elf *elf, GError **err);

void kp_symtab_free(struct kp_symtab *tab);
typedef struct kp_symtab kp_symtab;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kp_symtab, kp_symtab_free)

enum kp_symtab_kind kp_symtab_kind(const struct kp_symtab *tab);

/** kp_symtab_is_module() - whether positions are counted as for a module. */
bool kp_symtab_is_module(const struct kp_symtab *tab);

/** kp_symtab_count() - number of symbols; kp_symtab_at() - the @i-th in address order. */
size_t kp_symtab_count(const struct kp_symtab *tab);
const struct kp_sym *kp_symtab_at(const struct kp_symtab *tab, size_t i);

/**
 * kp_symtab_find() - all symbols called @name.
 * @count: number of them
 * Return: array of pointers in the order in which the kernel counts positions; NULL if there is
 * none.
 */
const struct kp_sym *const *kp_symtab_find(const struct kp_symtab *tab, const char *name,
					   size_t *count);

/**
 * kp_symtab_find_at() - the symbols at exactly @addr.
 * @count: number of them; they are kp_symtab_at(*first) and following
 */
bool kp_symtab_find_at(const struct kp_symtab *tab, uint64_t addr, size_t *first, size_t *count);

/** kp_symtab_find_before() - the last symbol at or below @addr, NULL if there is none. */
const struct kp_sym *kp_symtab_find_before(const struct kp_symtab *tab, uint64_t addr);

/**
 * kp_symtab_sympos() - the position that the kernel's livepatch code counts for @sym.
 *
 * 0 when the name is unique in the object, else 1 for the first and so on. The kernel counts every
 * symbol of that name, global or not, of any type: vmlinux in address order (kernel/kallsyms.c,
 * kallsyms_on_each_match_symbol), modules in .symtab order (kernel/module/kallsyms.c,
 * module_kallsyms_on_each_symbol).
 */
unsigned long kp_symtab_sympos(const struct kp_symtab *tab, const struct kp_sym *sym);

/**
 * kp_symtab_sympos_is_stable() - whether the position is the same while the module is coming and
 * once it is live. The kernel drops init symbols in between: a name that is both in an init section
 * and elsewhere has two positions. Always true for vmlinux.
 */
bool kp_symtab_sympos_is_stable(const struct kp_symtab *tab, const struct kp_sym *sym);

/**
 * kp_symtab_next_addr() - the lowest symbol address above @sym's (in its section for a .ko), 0 if
 * none.
 *
 * Gives an upper bound for its size where the source has no sizes (padding included).
 */
uint64_t kp_symtab_next_addr(const struct kp_symtab *tab, const struct kp_sym *sym);

#endif
