// SPDX-License-Identifier: GPL-2.0
/* A relocatable ELF file that can be changed: reading and look-up. */
#include "ko.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

static void relas_free(struct ko_relas *relas)
{
	g_free(relas->name);
	g_array_unref(relas->list);
	g_free(relas);
}

static void section_free(struct ko_section *sec)
{
	if (!sec)
		return;
	g_free(sec->name);
	g_free(sec->data);
	g_ptr_array_unref(sec->relas);
	g_free(sec);
}

static void symbol_free(struct ko_symbol *sym)
{
	g_free(sym->name);
	g_free(sym);
}

void ko_free(struct ko *ko)
{
	if (!ko)
		return;
	g_free(ko->path);
	g_ptr_array_unref(ko->sections);
	g_ptr_array_unref(ko->symbols);
	g_free(ko);
}

/* What is needed while reading only. */
struct reader {
	Elf *elf;
	struct ko *ko;
	size_t shnum, shstrndx;
	size_t symtab;		      /* section index, 0: none */
	struct ko_section **sections; /* by index in the file; NULL: not kept as a section */
	struct ko_symbol **symbols;   /* by index in the file */
	size_t nr_symbols;
};

static bool bad(const struct reader *r, GError **err, const char *what)
{
	return kp_fail(err, KP_FAILED, "%s: damaged object file: %s", r->ko->path, what);
}

static bool read_header(struct reader *r, GError **err)
{
	GElf_Ehdr *eh = &r->ko->ehdr;

	if (elf_kind(r->elf) != ELF_K_ELF || !gelf_getehdr(r->elf, eh))
		return kp_fail(err, KP_FAILED, "%s: not an ELF file", r->ko->path);
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh->e_machine != EM_X86_64 || eh->e_type != ET_REL)
		return kp_fail(err, KP_FAILED, "%s: not a relocatable x86-64 object", r->ko->path);
	if (elf_getshdrnum(r->elf, &r->shnum) || elf_getshdrstrndx(r->elf, &r->shstrndx))
		return bad(r, err, elf_errmsg(-1));
	if (r->shnum >= SHN_LORESERVE)
		return kp_fail(err, KP_FAILED, "%s: too many sections (%zu)", r->ko->path,
			       r->shnum);
	return true;
}

static bool read_section(struct reader *r, Elf_Scn *scn, const GElf_Shdr *sh, GError **err)
{
	const char *name = elf_strptr(r->elf, r->shstrndx, sh->sh_name);

	if (!name)
		return bad(r, err, "a section has no name");

	struct ko_section *sec = g_new0(struct ko_section, 1);

	sec->relas = g_ptr_array_new_with_free_func((GDestroyNotify)relas_free);
	g_ptr_array_add(r->ko->sections, sec);
	r->sections[elf_ndxscn(scn)] = sec;
	sec->name = g_strdup(name);
	sec->type = sh->sh_type;
	sec->flags = sh->sh_flags;
	sec->addralign = sh->sh_addralign;
	sec->entsize = sh->sh_entsize;
	sec->size = sh->sh_size;
	if (sec->type == SHT_GROUP)
		return kp_fail(err, KP_FAILED,
			       "%s: section groups (COMDAT) are not supported; the object has %s",
			       r->ko->path, name);
	if (sec->type == SHT_NOBITS || !sec->size)
		return true;

	const Elf_Data *data = elf_rawdata(scn, NULL);

	if (!data || !data->d_buf || data->d_size != sec->size)
		return bad(r, err, "a section reaches beyond the end of the file");
	sec->data = g_memdup2(data->d_buf, data->d_size);
	return true;
}

/* Sections that are made anew when the file is written. */
static bool is_bookkeeping(const struct reader *r, size_t index, const GElf_Shdr *sh)
{
	return sh->sh_type == SHT_RELA || sh->sh_type == SHT_SYMTAB ||
	       sh->sh_type == SHT_SYMTAB_SHNDX || sh->sh_type == SHT_NULL ||
	       (sh->sh_type == SHT_STRTAB && !(sh->sh_flags & SHF_ALLOC)) || index == r->shstrndx;
}

static bool read_sections(struct reader *r, GError **err)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(r->elf, scn))) {
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh))
			return bad(r, err, elf_errmsg(-1));
		if (sh.sh_type == SHT_REL)
			return bad(r, err, "SHT_REL relocations on x86-64");
		if (sh.sh_type == SHT_SYMTAB) {
			if (r->symtab)
				return bad(r, err, "two symbol tables");
			r->symtab = elf_ndxscn(scn);
		}
		if (!is_bookkeeping(r, elf_ndxscn(scn), &sh) && !read_section(r, scn, &sh, err))
			return false;
	}

	for (size_t i = 1; i < r->shnum; i++) {
		struct ko_section *sec = r->sections[i];
		GElf_Shdr sh;

		if (!sec || !(sec->flags & SHF_LINK_ORDER))
			continue;
		if (!gelf_getshdr(elf_getscn(r->elf, i), &sh) || sh.sh_link >= r->shnum)
			return bad(r, err, "SHF_LINK_ORDER without a section");
		/* Zero is allowed: ordered after nothing. */
		sec->link_order = r->sections[sh.sh_link];
	}
	return true;
}

static bool read_symbols(struct reader *r, GError **err)
{
	if (!r->symtab)
		return bad(r, err, "no symbol table");

	Elf_Scn *scn = elf_getscn(r->elf, r->symtab);
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Shdr sh;

	if (!data || !gelf_getshdr(scn, &sh) || sh.sh_link >= r->shnum)
		return bad(r, err, "unreadable symbol table");
	r->nr_symbols = data->d_size / sizeof(Elf64_Sym);
	r->symbols = g_new0(struct ko_symbol *, r->nr_symbols + 1);
	for (size_t i = 1; i < r->nr_symbols; i++) {
		GElf_Sym es;

		if (!gelf_getsym(data, (int)i, &es))
			return bad(r, err, "unreadable symbol");

		const char *name = elf_strptr(r->elf, sh.sh_link, es.st_name);

		if (!name)
			return bad(r, err, "a symbol has no name");
		if (es.st_shndx != SHN_UNDEF && es.st_shndx < SHN_LORESERVE &&
		    (es.st_shndx >= r->shnum || !r->sections[es.st_shndx]))
			return kp_fail(err, KP_FAILED, "%s: symbol %s is in no section",
				       r->ko->path, name);

		struct ko_symbol *sym = g_new0(struct ko_symbol, 1);

		sym->name = g_strdup(name);
		sym->value = es.st_value;
		sym->size = es.st_size;
		sym->info = es.st_info;
		sym->other = es.st_other;
		if (es.st_shndx == SHN_UNDEF || es.st_shndx >= SHN_LORESERVE)
			sym->shndx = es.st_shndx;
		else
			sym->sec = r->sections[es.st_shndx];
		g_ptr_array_add(r->ko->symbols, sym);
		r->symbols[i] = sym;
	}
	return true;
}

struct ko_relas *ko_relas_new(struct ko_section *sec, char *name, uint64_t flags)
{
	struct ko_relas *relas = g_new0(struct ko_relas, 1);

	relas->name = name;
	relas->flags = flags;
	relas->list = g_array_new(FALSE, TRUE, sizeof(struct ko_rela));
	g_ptr_array_add(sec->relas, relas);
	return relas;
}

static bool read_rela_section(struct reader *r, Elf_Scn *scn, const GElf_Shdr *sh, GError **err)
{
	const char *name = elf_strptr(r->elf, r->shstrndx, sh->sh_name);
	Elf_Data *data = elf_getdata(scn, NULL);

	if (!name || (sh->sh_size && !data))
		return bad(r, err, "unreadable relocations");
	if (sh->sh_info >= r->shnum || !r->sections[sh->sh_info] || sh->sh_link != r->symtab)
		return kp_fail(err, KP_FAILED, "%s: %s applies to no section", r->ko->path, name);

	struct ko_section *sec = r->sections[sh->sh_info];
	struct ko_relas *relas =
		ko_relas_new(sec, g_strdup(name), sh->sh_flags & ~(uint64_t)SHF_INFO_LINK);

	for (size_t i = 0; i < sh->sh_size / sizeof(Elf64_Rela); i++) {
		GElf_Rela er;

		if (!gelf_getrela(data, (int)i, &er))
			return bad(r, err, "unreadable relocation");

		uint64_t index = GELF_R_SYM(er.r_info);

		if (index >= r->nr_symbols || er.r_offset >= sec->size)
			return kp_fail(err, KP_FAILED, "%s: relocation %zu of %s is out of range",
				       r->ko->path, i, name);

		struct ko_rela rela = {
			.offset = er.r_offset,
			.addend = er.r_addend,
			.type = (uint32_t)GELF_R_TYPE(er.r_info),
			.sym = r->symbols[index],
		};

		g_array_append_val(relas->list, rela);
	}
	return true;
}

static bool read_relas(struct reader *r, GError **err)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(r->elf, scn))) {
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh))
			return bad(r, err, elf_errmsg(-1));
		if (sh.sh_type == SHT_RELA && !read_rela_section(r, scn, &sh, err))
			return false;
	}
	return true;
}

static bool read_elf(struct reader *r, GError **err)
{
	if (!read_header(r, err))
		return false;
	r->sections = g_new0(struct ko_section *, r->shnum + 1);

	bool ok = read_sections(r, err) && read_symbols(r, err) && read_relas(r, err);

	g_free(r->sections);
	g_free(r->symbols);
	return ok;
}

struct ko_relas *ko_relas_of(struct ko_section *sec)
{
	if (sec->relas->len)
		return sec->relas->pdata[0];
	return ko_relas_new(sec, g_strconcat(".rela", sec->name, NULL), 0);
}

struct ko *ko_read(const char *path, GError **err)
{
	g_autoptr(ko) ko = g_new0(struct ko, 1);

	ko->path = g_strdup(path);
	ko->sections = g_ptr_array_new_with_free_func((GDestroyNotify)section_free);
	ko->symbols = g_ptr_array_new_with_free_func((GDestroyNotify)symbol_free);

	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		kp_fail_errno(err, "cannot open %s", path);
		return NULL;
	}
	elf_version(EV_CURRENT);

	struct reader r = { .elf = elf_begin(fd, ELF_C_READ, NULL), .ko = ko };
	bool ok =
		r.elf ? read_elf(&r, err) : kp_fail(err, KP_FAILED, "%s: %s", path, elf_errmsg(-1));

	elf_end(r.elf);
	close(fd);
	return ok ? g_steal_pointer(&ko) : NULL;
}

struct ko_section *ko_section(const struct ko *ko, const char *name)
{
	for (guint i = 0; i < ko->sections->len; i++) {
		struct ko_section *sec = ko->sections->pdata[i];

		if (!strcmp(sec->name, name))
			return sec;
	}
	return NULL;
}

bool ko_symbol_is_global(const struct ko_symbol *sym)
{
	return GELF_ST_BIND(sym->info) != STB_LOCAL;
}

struct ko_symbol *ko_symbol(const struct ko *ko, const char *name)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		struct ko_symbol *sym = ko->symbols->pdata[i];

		if (ko_symbol_is_global(sym) && !strcmp(sym->name, name))
			return sym;
	}
	return NULL;
}

struct ko_symbol *ko_symbol_new(struct ko *ko, const char *name, unsigned int bind,
				unsigned int type)
{
	struct ko_symbol *sym = g_new0(struct ko_symbol, 1);

	sym->name = g_strdup(name);
	sym->info = (uint8_t)GELF_ST_INFO(bind, type);
	g_ptr_array_add(ko->symbols, sym);
	return sym;
}

struct ko_symbol *ko_section_symbol(struct ko *ko, struct ko_section *sec)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		struct ko_symbol *sym = ko->symbols->pdata[i];

		if (sym->sec == sec && GELF_ST_TYPE(sym->info) == STT_SECTION)
			return sym;
	}

	struct ko_symbol *sym = ko_symbol_new(ko, "", STB_LOCAL, STT_SECTION);

	sym->sec = sec;
	return sym;
}

const struct ko_rela *ko_rela_at(const struct ko_section *sec, uint64_t offset)
{
	for (guint i = 0; i < sec->relas->len; i++) {
		const struct ko_relas *relas = sec->relas->pdata[i];

		for (guint j = 0; j < relas->list->len; j++) {
			const struct ko_rela *rela = &g_array_index(relas->list, struct ko_rela, j);

			if (rela->offset == offset)
				return rela;
		}
	}
	return NULL;
}

const char *ko_rela_string(const struct ko_section *sec, uint64_t offset)
{
	const struct ko_rela *rela = ko_rela_at(sec, offset);

	if (!rela || rela->type != R_X86_64_64 || !rela->sym || !rela->sym->sec)
		return NULL;

	const struct ko_section *target = rela->sym->sec;
	uint64_t at = rela->sym->value + (uint64_t)rela->addend;

	if (!target->data || at >= target->size ||
	    !memchr(target->data + at, '\0', target->size - at))
		return NULL;
	return (const char *)target->data + at;
}

/* gcc/varasm.c, LLVM: .rodata.str, size of a character, alignment; -fdata-sections adds a name. */
bool ko_is_strings(const struct ko_section *sec)
{
	return g_str_has_prefix(sec->name, ".rodata.") && strstr(sec->name, ".str1.");
}

uint64_t ko_long(const struct ko_section *sec, uint64_t offset)
{
	uint64_t value;

	memcpy(&value, sec->data + offset, sizeof(value));
	return GUINT64_FROM_LE(value);
}

uint32_t ko_word(const struct ko_section *sec, uint64_t offset)
{
	uint32_t value;

	memcpy(&value, sec->data + offset, sizeof(value));
	return GUINT32_FROM_LE(value);
}

char *ko_place(const struct ko_section *sec, uint64_t file, uint64_t line)
{
	const char *path = ko_rela_string(sec, file);

	return g_strdup_printf("%s:%" PRIu32, path ? path : "?", ko_word(sec, line));
}

const char *ko_function_at(const struct ko *ko, const struct ko_section *sec, uint64_t offset)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		if (sym->sec == sec && GELF_ST_TYPE(sym->info) == STT_FUNC &&
		    offset >= sym->value && offset - sym->value < MAX(sym->size, 1))
			return sym->name;
	}
	return NULL;
}

const char *ko_first_user(const struct ko *ko, const struct ko_symbol *sym)
{
	for (guint i = 0; i < ko->sections->len; i++) {
		const struct ko_section *sec = ko->sections->pdata[i];

		if (sec->drop || !sec->relas->len)
			continue;

		const GArray *list = ((struct ko_relas *)sec->relas->pdata[0])->list;

		for (guint j = 0; j < list->len; j++) {
			const struct ko_rela *rela = &g_array_index(list, struct ko_rela, j);

			if (rela->sym != sym)
				continue;

			const char *fn = ko_function_at(ko, sec, rela->offset);

			return fn ? fn : sec->name;
		}
	}
	return NULL;
}

void ko_set_data(struct ko_section *sec, uint8_t *data, uint64_t size)
{
	g_free(sec->data);
	sec->data = data;
	sec->size = size;
}

void ko_mark_used(struct ko *ko)
{
	for (guint i = 0; i < ko->symbols->len; i++)
		((struct ko_symbol *)ko->symbols->pdata[i])->used = false;
	for (guint i = 0; i < ko->sections->len; i++) {
		const struct ko_section *sec = ko->sections->pdata[i];

		for (guint j = 0; !sec->drop && j < sec->relas->len; j++) {
			const struct ko_relas *relas = sec->relas->pdata[j];

			for (guint k = 0; k < relas->list->len; k++) {
				struct ko_symbol *sym =
					g_array_index(relas->list, struct ko_rela, k).sym;

				if (sym)
					sym->used = true;
			}
		}
	}
}
