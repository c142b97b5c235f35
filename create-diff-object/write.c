// SPDX-License-Identifier: GPL-2.0
/* The output object: included atoms, section by section, and the tables that the glue reads. */
#include "diff.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "declared-layout.h"
#include "declared.h"
#include "error.h"
#include "out-elf.h"
#include "tables.h"

/** struct writer - what is under way. */
struct writer {
	struct diff *diff;
	struct out_elf *out;
	GHashTable *sections;  /* struct section *, kept struct atom * -> struct out_section * */
	GHashTable *symbols;   /* struct symbol * -> struct out_symbol * */
	GHashTable *undefined; /* alias -> struct out_symbol * */
	GHashTable *strings;   /* text -> offset in .kpatch.strings */
	struct out_section *string_section;
	GString *records; /* of .kpatch.undef */
};

/* Mergeable sections are carried over piecewise, so the linker must leave them alone. */
static struct out_section *section_for(struct writer *w, const struct atom *atom)
{
	const struct section *sec = atom->sec;
	const void *key = atom->kept_in ? (const void *)atom : sec;
	struct out_section *os = g_hash_table_lookup(w->sections, key);

	if (os)
		return os;
	uint64_t flags = sec->shdr.sh_flags &
			 ~(uint64_t)(SHF_MERGE | SHF_STRINGS | SHF_GROUP | SHF_LINK_ORDER);

	os = out_section_new(w->out, atom->kept_in ? atom->kept_in : sec->name, sec->shdr.sh_type,
			     flags, sec->shdr.sh_addralign,
			     sec->class == SEC_TABLE ? sec->shdr.sh_entsize : 0);
	g_hash_table_insert(w->sections, (void *)key, os);
	return os;
}

/* Put the contents down, at a place that is aligned as the original was. */
static void place(struct writer *w, struct atom *atom)
{
	struct out_section *os = section_for(w, atom);
	size_t align = atom->sec->shdr.sh_addralign ? atom->sec->shdr.sh_addralign : 1;
	size_t want = atom->kind == ATOM_ENTRY ? out_section_size(os) % align : atom->start % align;

	while (out_section_size(os) % align != want)
		out_section_append(os, NULL, 1);
	atom->out_offset = out_section_size(os);
	out_section_append(os, atom_bytes(atom), atom->size);
	/* a table whose last entry is short gets its padding back */
	if (atom->kind == ATOM_ENTRY && atom->sec->table && atom->sec->table->short_tail) {
		size_t size;

		if (table_entry_size(atom->sec, &size, NULL) && atom->size < size)
			out_section_append(os, NULL, size - atom->size);
	}
}

/*
 * Replaced functions become local: other objects of the patch must keep calling the original. They
 * cannot call one that was static there.
 */
static void add_symbol(struct writer *w, const struct atom *atom, struct symbol *sym)
{
	unsigned char bind = atom->twin && !atom_is_local(atom->twin) ? STB_LOCAL : sym->bind;

	g_hash_table_insert(w->symbols, sym,
			    out_symbol_new(w->out, sym->name, section_for(w, atom),
					   atom->out_offset + sym->value - atom->start, sym->size,
					   (unsigned char)ELF64_ST_INFO(bind, sym->type)));
}

static void add_symbols(struct writer *w, const struct atom *atom)
{
	if (!atom->sym)
		return;
	add_symbol(w, atom, atom->sym);
	for (unsigned int i = 0; atom->aliases && i < atom->aliases->len; i++)
		add_symbol(w, atom, g_ptr_array_index(atom->aliases, i));
}

static struct out_symbol *undefined_symbol(struct writer *w, const struct external *ext)
{
	struct out_symbol *sym = g_hash_table_lookup(w->undefined, ext->alias);

	if (sym)
		return sym;
	sym = out_symbol_new(
		w->out, ext->alias, NULL, 0, 0,
		(unsigned char)ELF64_ST_INFO(ext->weak ? STB_WEAK : STB_GLOBAL, STT_NOTYPE));
	g_hash_table_insert(w->undefined, (char *)out_symbol_name(sym), sym);
	if (!ext->plain) {
		g_string_append_printf(w->records, "%s %s %s %lu %llx", ext->alias, ext->objname,
				       ext->name, ext->sympos, (unsigned long long)ext->addr);
		g_string_append_c(w->records, '\0');
	}
	return sym;
}

static void add_rela(struct writer *w, struct atom *atom, const struct ref *ref)
{
	struct out_section *os = section_for(w, atom);
	uint64_t offset = atom->out_offset + ref->offset;
	struct atom *to = ref->atom;

	/* the module loader refuses a field that is not zero; that of a hidden branch is not */
	out_section_clear(os, offset, MIN(arch.rela_width(ref->type), atom->size - ref->offset));
	if (!ref_is_internal(atom, ref)) {
		const struct external *ext = find_external(w->diff, ref);

		out_rela_new(os, offset, ref->type, undefined_symbol(w, ext),
			     ref->at + ext->shift + ref->bias);
		return;
	}
	struct out_symbol *named =
		to->sym && !ref->by_section
			? g_hash_table_lookup(w->symbols, ref->sym->sec ? ref->sym : to->sym)
			: NULL;

	if (named) {
		int64_t base = (int64_t)ref->sym->value - (int64_t)to->start;

		out_rela_new(os, offset, ref->type, named, ref->at - base + ref->bias);
	} else {
		out_rela_new(os, offset, ref->type, out_section_symbol(section_for(w, to)),
			     (int64_t)to->out_offset + ref->at + ref->bias);
	}
}

/* The compiler emits "call __SCT__x" alone, but objtool's site needs the key as well. */
static void add_static_call_key(struct writer *w, const char *tramp)
{
	const struct kp_image *vmlinux = w->diff->vmlinux;
	const struct kp_symtab *tab = !diff_is_module(w->diff) ? w->diff->symtab
				      : vmlinux		       ? kp_image_symtab(vmlinux)
							       : NULL;
	const char *suffix = strstr(tramp, "..");
	size_t len = suffix ? (size_t)(suffix - tramp) : strlen(tramp);
	g_autofree char *base = g_strndup(tramp, len);
	g_autofree char *name = g_strconcat("__SCK__", base + strlen("__SCT__"), NULL);
	g_autofree char *alias = g_strconcat(name, suffix, NULL);
	const struct kp_export *ex = kp_symvers_find(w->diff->symvers, name);
	size_t count = 0;
	const struct kp_sym *const *syms = tab ? kp_symtab_find(tab, name, &count) : NULL;
	struct external key = {
		.plain = ex && !(kp_symvers_is_vmlinux(ex) && ex->ns[0]) && !suffix,
		.objname = (char *)"vmlinux",
		.name = name,
		.alias = alias,
	};

	if (!key.plain && count != 1)
		return; /* post-link refuses a site without its key */
	if (count == 1) {
		key.sympos = kp_symtab_sympos(tab, syms[0]);
		key.addr = syms[0]->addr;
	}
	undefined_symbol(w, &key);
}

static void add_static_call_keys(struct writer *w)
{
	g_autoptr(GList) aliases = g_hash_table_get_keys(w->undefined);

	aliases = g_list_sort(aliases, (GCompareFunc)strcmp);
	for (const GList *at = aliases; at; at = at->next) {
		if (g_str_has_prefix(at->data, "__SCT__"))
			add_static_call_key(w, at->data);
	}
}

static uint64_t string_offset(struct writer *w, const char *text)
{
	void *off;

	if (g_hash_table_lookup_extended(w->strings, text, NULL, &off))
		return GPOINTER_TO_SIZE(off);
	size_t pos = out_section_size(w->string_section);

	out_section_append(w->string_section, text, strlen(text) + 1);
	g_hash_table_insert(w->strings, (char *)text, GSIZE_TO_POINTER(pos));
	return pos;
}

static void add_string_pointer(struct writer *w, struct out_section *os, uint64_t offset,
			       const char *text)
{
	out_rela_new(os, offset, arch.rela_abs64, out_section_symbol(w->string_section),
		     (int64_t)string_offset(w, text));
}

/* .kpatch.funcs: struct kpatch_patch_func of kmod/patch/kpatch-patch.h. */
static void add_functions(struct writer *w)
{
	struct out_section *os;

	if (!w->diff->functions->len)
		return;
	os = out_section_new(w->out, ".kpatch.funcs", SHT_PROGBITS, SHF_ALLOC, 8, FUNC_SIZE);
	for (unsigned int i = 0; i < w->diff->functions->len; i++) {
		struct atom *function = g_ptr_array_index(w->diff->functions, i);
		const struct external *ext = function_target(w->diff, function);
		uint64_t base = out_section_size(os);
		uint64_t row[FUNC_SIZE / 8] = {
			[FUNC_NEW_BYTES / 8] = function->sym->size,
			[FUNC_OLD / 8] = ext->addr,
			[FUNC_OLD_BYTES / 8] = function->twin->sym->size,
			[FUNC_SYMPOS / 8] = ext->sympos,
		};

		out_section_append(os, row, sizeof(row));
		out_rela_new(os, base, arch.rela_abs64,
			     g_hash_table_lookup(w->symbols, function->sym), 0);
		add_string_pointer(w, os, base + FUNC_NAME, ext->name);
		add_string_pointer(w, os, base + FUNC_OBJNAME, w->diff->objname);
	}
}

/* The object of what is declared is the one that is being diffed. */
static void name_object(struct writer *w, struct atom *atom)
{
	const struct declaration_rule *rule = declaration_rule(atom);

	if (rule && rule->objname)
		add_string_pointer(w, section_for(w, atom), atom->out_offset + rule->objname,
				   w->diff->objname);
}

static void writer_init(struct writer *w, struct diff *diff)
{
	w->diff = diff;
	w->out = out_elf_new();
	w->sections = g_hash_table_new(NULL, NULL);
	w->symbols = g_hash_table_new(NULL, NULL);
	w->undefined = g_hash_table_new(g_str_hash, g_str_equal);
	w->strings = g_hash_table_new(g_str_hash, g_str_equal);
	w->records = g_string_new(NULL);
}

static void writer_clear(struct writer *w)
{
	out_elf_free(w->out);
	g_hash_table_unref(w->sections);
	g_hash_table_unref(w->symbols);
	g_hash_table_unref(w->undefined);
	g_hash_table_unref(w->strings);
	g_string_free(w->records, TRUE);
}

bool write_output(struct diff *diff, GError **err)
{
	struct writer w = { 0 };
	bool ok;

	writer_init(&w, diff);
	for (unsigned int i = 0; i < diff->included->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->included, i);

		if (atom->dropped)
			continue;
		place(&w, atom);
		add_symbols(&w, atom);
	}
	w.string_section = out_section_new(w.out, ".kpatch.strings", SHT_PROGBITS, SHF_ALLOC, 1, 0);
	for (unsigned int i = 0; i < diff->included->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->included, i);

		for (unsigned int r = 0; !atom->dropped && r < atom->refs->len; r++)
			add_rela(&w, atom, &g_array_index(atom->refs, struct ref, r));
		if (!atom->dropped)
			name_object(&w, atom);
	}
	add_functions(&w);
	add_static_call_keys(&w);
	if (w.records->len) {
		struct out_section *os =
			out_section_new(w.out, ".kpatch.undef", SHT_PROGBITS, 0, 1, 0);

		out_section_append(os, w.records->str, w.records->len);
	}
	ok = out_elf_write(w.out, diff->output_path, arch.machine, err);
	writer_clear(&w);
	return ok;
}
