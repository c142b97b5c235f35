// SPDX-License-Identifier: GPL-2.0
#include "out-elf.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

struct out_symbol {
	char *name;
	struct out_section *sec; /* NULL: undefined */
	uint64_t value, size;
	unsigned char info;
	unsigned int index; /* known when all symbols are there */
};

struct out_rela {
	uint64_t offset;
	uint32_t type;
	struct out_symbol *sym;
	int64_t addend;
};

struct out_section {
	const char *name;
	uint32_t type;
	uint64_t flags, align, entsize;
	GByteArray *data;
	size_t size;
	GArray *relas; /* of struct out_rela */
	struct out_symbol *sym;
	unsigned int index;
};

struct out_elf {
	GPtrArray *sections;
	GPtrArray *symbols;
};

static void section_free(void *data)
{
	struct out_section *os = data;

	g_byte_array_unref(os->data);
	g_array_unref(os->relas);
	g_free(os);
}

static void symbol_free(void *data)
{
	struct out_symbol *sym = data;

	g_free(sym->name);
	g_free(sym);
}

struct out_elf *out_elf_new(void)
{
	struct out_elf *out = g_new0(struct out_elf, 1);

	out->sections = g_ptr_array_new_with_free_func(section_free);
	out->symbols = g_ptr_array_new_with_free_func(symbol_free);
	return out;
}

void out_elf_free(struct out_elf *out)
{
	g_ptr_array_unref(out->sections);
	g_ptr_array_unref(out->symbols);
	g_free(out);
}

struct out_section *out_section_new(struct out_elf *out, const char *name, uint32_t type,
				    uint64_t flags, uint64_t align, uint64_t entsize)
{
	struct out_section *os = g_new0(struct out_section, 1);

	os->name = name;
	os->type = type;
	os->flags = flags;
	os->align = align ? align : 1;
	os->entsize = entsize;
	os->data = g_byte_array_new();
	os->relas = g_array_new(FALSE, FALSE, sizeof(struct out_rela));
	g_ptr_array_add(out->sections, os);
	os->index = out->sections->len;
	os->sym = out_symbol_new(out, "", os, 0, 0, ELF64_ST_INFO(STB_LOCAL, STT_SECTION));
	return os;
}

size_t out_section_size(const struct out_section *os)
{
	return os->size;
}

void out_section_append(struct out_section *os, const void *data, size_t size)
{
	os->size += size;
	if (os->type == SHT_NOBITS || !size)
		return;
	guint at = os->data->len;

	g_byte_array_set_size(os->data, at + (guint)size);
	if (data && size)
		memcpy(os->data->data + at, data, size);
	else
		memset(os->data->data + at, 0, size);
}

void out_section_clear(struct out_section *os, uint64_t offset, size_t size)
{
	if (os->type != SHT_NOBITS && size)
		memset(os->data->data + offset, 0, size);
}

struct out_symbol *out_section_symbol(struct out_section *os)
{
	return os->sym;
}

struct out_symbol *out_symbol_new(struct out_elf *out, const char *name, struct out_section *os,
				  uint64_t value, uint64_t size, unsigned char info)
{
	struct out_symbol *sym = g_new0(struct out_symbol, 1);

	sym->name = g_strdup(name);
	sym->sec = os;
	sym->value = value;
	sym->size = size;
	sym->info = info;
	g_ptr_array_add(out->symbols, sym);
	return sym;
}

const char *out_symbol_name(const struct out_symbol *sym)
{
	return sym->name;
}

void out_rela_new(struct out_section *os, uint64_t offset, uint32_t type, struct out_symbol *sym,
		  int64_t addend)
{
	struct out_rela rela = { .offset = offset, .type = type, .sym = sym, .addend = addend };

	g_array_append_val(os->relas, rela);
}

/* Add to a string table; the empty name is at 0. */
static uint32_t add_string(GByteArray *tab, const char *text)
{
	guint at = tab->len;

	if (!text[0])
		return 0;
	g_byte_array_append(tab, (const guint8 *)text, (guint)strlen(text) + 1);
	return at;
}

/* The ABI wants local symbols first. Return: how many there are, the null symbol included. */
static unsigned int number_symbols(struct out_elf *out)
{
	unsigned int index = 1, locals = 1;

	for (int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; i < out->symbols->len; i++) {
			struct out_symbol *sym = g_ptr_array_index(out->symbols, i);

			if ((ELF64_ST_BIND(sym->info) == STB_LOCAL) == (pass == 0))
				sym->index = index++;
		}
		if (pass == 0)
			locals = index;
	}
	return locals;
}

static GByteArray *symbol_bytes(struct out_elf *out, GByteArray *strtab)
{
	GByteArray *bytes = g_byte_array_new();

	g_byte_array_set_size(bytes, (guint)((out->symbols->len + 1) * sizeof(Elf64_Sym)));
	memset(bytes->data, 0, bytes->len);
	for (unsigned int i = 0; i < out->symbols->len; i++) {
		const struct out_symbol *sym = g_ptr_array_index(out->symbols, i);
		Elf64_Sym raw = {
			.st_name = add_string(strtab, sym->name),
			.st_info = sym->info,
			.st_shndx = (Elf64_Half)(sym->sec ? sym->sec->index : SHN_UNDEF),
			.st_value = sym->value,
			.st_size = sym->size,
		};

		memcpy(bytes->data + sym->index * sizeof(raw), &raw, sizeof(raw));
	}
	return bytes;
}

static GByteArray *rela_bytes(const struct out_section *os)
{
	GByteArray *bytes = g_byte_array_new();

	for (unsigned int i = 0; i < os->relas->len; i++) {
		const struct out_rela *rela = &g_array_index(os->relas, struct out_rela, i);
		Elf64_Rela raw = {
			.r_offset = rela->offset,
			.r_info = ELF64_R_INFO((Elf64_Xword)rela->sym->index, rela->type),
			.r_addend = rela->addend,
		};

		g_byte_array_append(bytes, (const guint8 *)&raw, sizeof(raw));
	}
	return bytes;
}

/** struct file - the pieces of the ELF file while libelf holds on to them. */
struct file {
	Elf *elf;
	GByteArray *shstrtab;
	GPtrArray *buffers;
};

static bool add_section(struct file *file, const char *name, const GElf_Shdr *head, void *data,
			size_t size, Elf_Type type)
{
	Elf_Scn *scn = elf_newscn(file->elf);
	Elf_Data *edata = scn ? elf_newdata(scn) : NULL;
	GElf_Shdr shdr;

	if (!edata || !gelf_getshdr(scn, &shdr))
		return false;
	edata->d_buf = data;
	edata->d_size = size;
	edata->d_type = type;
	edata->d_align = head->sh_addralign;
	shdr = *head;
	shdr.sh_name = add_string(file->shstrtab, name);
	return gelf_update_shdr(scn, &shdr);
}

static bool add_relas(struct file *file, const struct out_section *os, unsigned int symtab)
{
	g_autofree char *name = g_strconcat(".rela", os->name, NULL);
	GElf_Shdr shdr = {
		.sh_type = SHT_RELA,
		.sh_flags = SHF_INFO_LINK,
		.sh_entsize = sizeof(Elf64_Rela),
		.sh_addralign = 8,
		.sh_link = symtab,
		.sh_info = os->index,
	};
	GByteArray *bytes = rela_bytes(os);

	g_ptr_array_add(file->buffers, bytes);
	return add_section(file, name, &shdr, bytes->data, bytes->len, ELF_T_RELA);
}

static bool fill(struct file *file, struct out_elf *out, unsigned int machine)
{
	GElf_Ehdr ehdr;
	unsigned int with_relas = 0, locals = number_symbols(out);
	GByteArray *strtab = g_byte_array_new();

	g_ptr_array_add(file->buffers, strtab);
	g_byte_array_append(strtab, (const guint8 *)"", 1);
	g_byte_array_append(file->shstrtab, (const guint8 *)"", 1);
	GByteArray *symbols = symbol_bytes(out, strtab);

	g_ptr_array_add(file->buffers, symbols);
	if (!gelf_newehdr(file->elf, ELFCLASS64))
		return false;
	for (unsigned int i = 0; i < out->sections->len; i++) {
		const struct out_section *os = g_ptr_array_index(out->sections, i);
		GElf_Shdr shdr = { .sh_type = os->type,
				   .sh_flags = os->flags,
				   .sh_size = os->size,
				   .sh_addralign = os->align,
				   .sh_entsize = os->entsize };

		if (!add_section(file, os->name, &shdr,
				 os->type == SHT_NOBITS ? NULL : os->data->data, os->size,
				 ELF_T_BYTE))
			return false;
		with_relas += os->relas->len > 0;
	}
	unsigned int symtab = out->sections->len + with_relas + 1;

	for (unsigned int i = 0; i < out->sections->len; i++) {
		const struct out_section *os = g_ptr_array_index(out->sections, i);

		if (os->relas->len && !add_relas(file, os, symtab))
			return false;
	}
	GElf_Shdr sym_head = { .sh_type = SHT_SYMTAB,
			       .sh_entsize = sizeof(Elf64_Sym),
			       .sh_addralign = 8,
			       .sh_link = symtab + 1,
			       .sh_info = locals };
	GElf_Shdr str_head = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };

	if (!add_section(file, ".symtab", &sym_head, symbols->data, symbols->len, ELF_T_SYM) ||
	    !add_section(file, ".strtab", &str_head, strtab->data, strtab->len, ELF_T_BYTE))
		return false;
	g_byte_array_set_size(file->shstrtab, file->shstrtab->len);
	add_string(file->shstrtab, ".shstrtab");
	uint32_t own_name = file->shstrtab->len - (guint)sizeof(".shstrtab");
	Elf_Scn *scn = elf_newscn(file->elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	GElf_Shdr shdr;

	if (!data || !gelf_getshdr(scn, &shdr))
		return false;
	data->d_buf = file->shstrtab->data;
	data->d_size = file->shstrtab->len;
	data->d_align = 1;
	shdr.sh_type = SHT_STRTAB;
	shdr.sh_addralign = 1;
	shdr.sh_name = own_name;
	if (!gelf_update_shdr(scn, &shdr) || !gelf_getehdr(file->elf, &ehdr))
		return false;
	ehdr.e_type = ET_REL;
	ehdr.e_machine = (GElf_Half)machine;
	ehdr.e_version = EV_CURRENT;
	ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	ehdr.e_shstrndx = (GElf_Half)elf_ndxscn(scn);
	return gelf_update_ehdr(file->elf, &ehdr) && elf_update(file->elf, ELF_C_WRITE) >= 0;
}

bool out_elf_write(struct out_elf *out, const char *path, unsigned int machine, GError **err)
{
	g_autofree char *tmp = g_strdup_printf("%s.XXXXXX", path);
	int fd = g_mkstemp_full(tmp, O_RDWR | O_CLOEXEC, 0644);
	struct file file = { 0 };
	bool ok;

	if (fd < 0)
		return kp_fail_errno(err, "cannot create %s", tmp);
	elf_version(EV_CURRENT);
	file.elf = elf_begin(fd, ELF_C_WRITE, NULL);
	file.shstrtab = g_byte_array_new();
	file.buffers = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
	errno = 0;
	ok = file.elf && fill(&file, out, machine);
	if (!ok && errno == ENOSPC)
		kp_fail_errno(err, "cannot write %s", path);
	else if (!ok)
		kp_fail(err, KP_FAILED, "cannot write %s: %s", path, elf_errmsg(-1));
	if (file.elf)
		elf_end(file.elf);
	g_ptr_array_unref(file.buffers);
	g_byte_array_unref(file.shstrtab);
	if (close(fd) && ok)
		ok = kp_fail_errno(err, "cannot write %s", path);
	if (ok && rename(tmp, path))
		ok = kp_fail_errno(err, "cannot rename to %s", path);
	if (!ok)
		unlink(tmp);
	return ok;
}
