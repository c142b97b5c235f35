// SPDX-License-Identifier: GPL-2.0
/* Reading a relocatable object: everything is checked here so that later passes need not. */
#include "object.h"

#include <string.h>

#include "arch.h"
#include "error.h"
#include "tables.h"

static bool malformed(const struct object *obj, GError **err, const char *what)
{
	return kp_fail(err, KP_FAILED, "%s: malformed object: %s; compile it again", obj->path,
		       what);
}

static void section_free(void *data)
{
	struct section *sec = data;

	if (!sec)
		return;
	if (sec->relas)
		g_array_unref(sec->relas);
	g_ptr_array_unref(sec->atoms);
	if (sec->lazy)
		g_hash_table_unref(sec->lazy);
	g_free(sec);
}

static void atom_free(void *data)
{
	struct atom *atom = data;

	g_array_unref(atom->refs);
	g_clear_pointer(&atom->aliases, g_ptr_array_unref);
	g_clear_pointer(&atom->entries, g_ptr_array_unref);
	g_clear_pointer(&atom->children, g_ptr_array_unref);
	g_free(atom->patched);
	g_free(atom);
}

void object_free(struct object *obj)
{
	if (!obj)
		return;
	g_ptr_array_unref(obj->atoms);
	g_ptr_array_unref(obj->symbols);
	g_ptr_array_unref(obj->sections);
	g_hash_table_unref(obj->sym_by_name);
	g_hash_table_unref(obj->sec_by_name);
	if (obj->elf)
		elf_end(obj->elf);
	g_clear_pointer(&obj->file, g_bytes_unref);
	g_free(obj->path);
	g_free(obj);
}

static bool check_header(struct object *obj, GError **err)
{
	GElf_Ehdr ehdr;

	if (elf_kind(obj->elf) != ELF_K_ELF || !gelf_getehdr(obj->elf, &ehdr))
		return kp_fail(err, KP_FAILED, "%s: not an ELF object", obj->path);
	if (ehdr.e_type != ET_REL)
		return kp_fail(err, KP_FAILED, "%s: not a relocatable object (.o)", obj->path);
	if (ehdr.e_machine != arch.machine || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_ident[EI_DATA] != ELFDATA2LSB)
		return kp_fail(err, KP_FAILED, "%s: not an %s object", obj->path, arch.name);
	if (ehdr.e_phnum)
		return malformed(obj, err, "it has program headers");
	return true;
}

/* A name from a string table that is known to end with a NUL, NULL if @off is outside. */
static const char *string_at(const struct section *strtab, size_t off)
{
	if (!strtab->data || off >= strtab->size || strtab->data[strtab->size - 1])
		return NULL;
	return (const char *)strtab->data + off;
}

static bool read_sections(struct object *obj, GError **err)
{
	gsize file_size = 0;
	const uint8_t *file = g_bytes_get_data(obj->file, &file_size);
	size_t count, strndx;

	if (elf_getshdrnum(obj->elf, &count) || elf_getshdrstrndx(obj->elf, &strndx) || count < 2 ||
	    strndx >= count)
		return malformed(obj, err, "no section headers");
	g_ptr_array_add(obj->sections, NULL);
	for (unsigned int i = 1; i < count; i++) {
		struct section *sec = g_new0(struct section, 1);
		Elf_Scn *scn = elf_getscn(obj->elf, i);

		sec->obj = obj;
		sec->index = i;
		sec->atoms = g_ptr_array_new();
		g_ptr_array_add(obj->sections, sec);
		if (!scn || !gelf_getshdr(scn, &sec->shdr))
			return malformed(obj, err, "unreadable section header");
		if (sec->shdr.sh_flags & SHF_COMPRESSED && sec->shdr.sh_flags & SHF_ALLOC)
			return malformed(obj, err, "compressed contents");
		if (sec->shdr.sh_size > G_MAXINT32)
			return malformed(obj, err, "a section is larger than 2 GB");
		sec->size = sec->shdr.sh_size;
		if (sec->shdr.sh_type == SHT_NOBITS || !sec->size)
			continue;
		if (sec->shdr.sh_offset > file_size || sec->size > file_size - sec->shdr.sh_offset)
			return malformed(obj, err, "a section lies outside the file (truncated?)");
		sec->data = file + sec->shdr.sh_offset;
	}
	const struct section *shstrtab = g_ptr_array_index(obj->sections, strndx);

	if (!shstrtab)
		return malformed(obj, err, "no section names");
	for (unsigned int i = 1; i < count; i++) {
		struct section *sec = g_ptr_array_index(obj->sections, i);

		sec->name = string_at(shstrtab, sec->shdr.sh_name);
		if (!sec->name)
			return malformed(obj, err, "a section has no name");
		if (!g_hash_table_contains(obj->sec_by_name, sec->name))
			g_hash_table_insert(obj->sec_by_name, (char *)sec->name, sec);
	}
	return true;
}

static struct section *section_of_type(struct object *obj, uint32_t type)
{
	for (unsigned int i = 1; i < obj->sections->len; i++) {
		struct section *sec = g_ptr_array_index(obj->sections, i);

		if (sec->shdr.sh_type == type)
			return sec;
	}
	return NULL;
}

/* The section a symbol is in: 0 undefined or absolute, -1 malformed. */
static long symbol_section(struct object *obj, const GElf_Sym *sym, size_t i,
			   const struct section *xindex)
{
	uint32_t ndx = sym->st_shndx;

	if (ndx == SHN_XINDEX) {
		if (!xindex || !xindex->data || (i + 1) * sizeof(ndx) > xindex->size)
			return -1;
		memcpy(&ndx, xindex->data + i * sizeof(ndx), sizeof(ndx));
	} else if (ndx >= SHN_LORESERVE) {
		return ndx == SHN_ABS ? 0 : -1;
	}
	return ndx < obj->sections->len ? (long)ndx : -1;
}

static bool read_symbols(struct object *obj, GError **err)
{
	struct section *symtab = section_of_type(obj, SHT_SYMTAB);
	const struct section *xindex = section_of_type(obj, SHT_SYMTAB_SHNDX);

	if (!symtab || !symtab->data || symtab->size % sizeof(Elf64_Sym) ||
	    symtab->shdr.sh_link >= obj->sections->len || !symtab->shdr.sh_link)
		return malformed(obj, err, "no symbol table");
	const struct section *strtab = g_ptr_array_index(obj->sections, symtab->shdr.sh_link);

	for (size_t i = 0; i < symtab->size / sizeof(Elf64_Sym); i++) {
		struct symbol *sym = g_new0(struct symbol, 1);
		Elf64_Sym raw;

		memcpy(&raw, symtab->data + i * sizeof(raw), sizeof(raw));
		g_ptr_array_add(obj->symbols, sym);
		sym->index = (unsigned int)i;
		sym->value = raw.st_value;
		sym->size = raw.st_size;
		sym->type = ELF64_ST_TYPE(raw.st_info);
		sym->bind = ELF64_ST_BIND(raw.st_info);
		sym->absolute = raw.st_shndx == SHN_ABS;
		sym->name = string_at(strtab, raw.st_name);
		if (!sym->name && (raw.st_name || !i))
			return malformed(obj, err, "a symbol has no name");

		long ndx = symbol_section(obj, &raw, i, xindex);

		if (ndx < 0)
			return malformed(obj, err, "a symbol is in no section");
		if (!ndx)
			continue;
		sym->sec = g_ptr_array_index(obj->sections, (unsigned int)ndx);
		if (sym->value > sym->sec->size || sym->size > sym->sec->size - sym->value)
			return malformed(obj, err, "a symbol lies outside its section");
		if (sym->type == STT_SECTION) {
			if (sym->value)
				return malformed(obj, err, "a section symbol with an offset");
			sym->sec->sym = sym;
			sym->name = sym->sec->name;
		} else if (!g_hash_table_contains(obj->sym_by_name, sym->name)) {
			g_hash_table_insert(obj->sym_by_name, (char *)sym->name, sym);
		}
	}
	return true;
}

static int rela_cmp(const void *a, const void *b)
{
	const struct rela *ra = a, *rb = b;

	return ra->offset < rb->offset ? -1 : ra->offset > rb->offset;
}

static bool read_relas(struct object *obj, struct section *relasec, GError **err)
{
	if (!relasec->shdr.sh_info || relasec->shdr.sh_info >= obj->sections->len ||
	    relasec->size % sizeof(Elf64_Rela))
		return malformed(obj, err, "a relocation section without a target");
	struct section *base = g_ptr_array_index(obj->sections, relasec->shdr.sh_info);

	if (!(base->shdr.sh_flags & SHF_ALLOC) && !g_str_has_prefix(base->name, ".discard"))
		return true;
	if (base->relas)
		return malformed(obj, err, "two relocation sections for one section");
	base->relas = g_array_new(FALSE, FALSE, sizeof(struct rela));
	for (size_t i = 0; i < relasec->size / sizeof(Elf64_Rela); i++) {
		Elf64_Rela raw;

		memcpy(&raw, relasec->data + i * sizeof(raw), sizeof(raw));
		if (ELF64_R_SYM(raw.r_info) >= obj->symbols->len)
			return malformed(obj, err, "a relocation without a symbol");
		struct rela rela = {
			.offset = raw.r_offset,
			.type = (uint32_t)ELF64_R_TYPE(raw.r_info),
			.sym = g_ptr_array_index(obj->symbols,
						 (unsigned int)ELF64_R_SYM(raw.r_info)),
			.addend = raw.r_addend,
		};
		size_t width = arch.rela_width(rela.type);

		if (rela.type != arch.rela_none && !width)
			return kp_fail(err, KP_FAILED, "%s: relocation type %u in %s is unknown",
				       obj->path, rela.type, base->name);
		if (!base->data || rela.offset > base->size || width > base->size - rela.offset)
			return malformed(obj, err, "a relocation lies outside its section");
		if (rela.addend > G_MAXINT32 || rela.addend < G_MININT32)
			return malformed(obj, err, "a relocation has an absurd addend");
		if (width)
			g_array_append_val(base->relas, rela);
	}
	g_array_sort(base->relas, rela_cmp);
	return true;
}

static bool read_relocations(struct object *obj, GError **err)
{
	for (unsigned int i = 1; i < obj->sections->len; i++) {
		struct section *sec = g_ptr_array_index(obj->sections, i);

		if (sec->shdr.sh_type == SHT_REL)
			return malformed(obj, err, "relocations without addends");
		if (sec->shdr.sh_type == SHT_RELA && !read_relas(obj, sec, err))
			return false;
	}
	return true;
}

struct object *object_read(const char *path, GError **err)
{
	g_autoptr(object) obj = g_new0(struct object, 1);
	char *contents;
	gsize size;

	obj->path = g_strdup(path);
	obj->sections = g_ptr_array_new_with_free_func(section_free);
	obj->symbols = g_ptr_array_new_with_free_func(g_free);
	obj->atoms = g_ptr_array_new_with_free_func(atom_free);
	obj->sym_by_name = g_hash_table_new(g_str_hash, g_str_equal);
	obj->sec_by_name = g_hash_table_new(g_str_hash, g_str_equal);
	if (!g_file_get_contents(path, &contents, &size, err))
		return NULL;
	obj->file = g_bytes_new_take(contents, size);
	elf_version(EV_CURRENT);
	obj->elf = elf_memory(contents, size);
	if (!obj->elf) {
		kp_fail(err, KP_FAILED, "%s: not an ELF object", path);
		return NULL;
	}
	if (!check_header(obj, err) || !read_sections(obj, err) || !read_symbols(obj, err) ||
	    !read_relocations(obj, err))
		return NULL;
	for (unsigned int i = 1; i < obj->sections->len; i++)
		table_classify(g_ptr_array_index(obj->sections, i));
	return g_steal_pointer(&obj);
}

struct symbol *object_symbol(const struct object *obj, const char *name)
{
	return g_hash_table_lookup(obj->sym_by_name, name);
}
