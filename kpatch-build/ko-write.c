// SPDX-License-Identifier: GPL-2.0
/* A relocatable ELF file that can be changed: writing. */
#include "ko.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

/* A string table in the making: each string once. */
struct strings {
	GByteArray *bytes;
	GHashTable *offsets; /* string -> offset + 1 */
};

static void strings_init(struct strings *s)
{
	s->bytes = g_byte_array_new();
	s->offsets = g_hash_table_new(g_str_hash, g_str_equal);
	g_byte_array_append(s->bytes, (const uint8_t *)"", 1);
}

static void strings_clear(struct strings *s)
{
	g_byte_array_unref(s->bytes);
	g_hash_table_unref(s->offsets);
}

/* @text must outlive @s. */
static uint32_t strings_add(struct strings *s, const char *text)
{
	if (!*text)
		return 0;

	uint32_t at = GPOINTER_TO_UINT(g_hash_table_lookup(s->offsets, text));

	if (at)
		return at - 1;
	at = s->bytes->len;
	g_hash_table_insert(s->offsets, (gpointer)text, GUINT_TO_POINTER(at + 1));
	g_byte_array_append(s->bytes, (const uint8_t *)text, (guint)strlen(text) + 1);
	return at;
}

struct writer {
	struct ko *ko;
	Elf *elf;
	struct strings shstr, str;
	GPtrArray *buffers; /* what libelf refers to until the file is written */
	GArray *syms;	    /* of Elf64_Sym */
	unsigned int nr_locals;
};

static bool fail_elf(const struct writer *w, GError **err)
{
	return kp_fail(err, KP_FAILED, "%s: cannot write: %s", w->ko->path, elf_errmsg(-1));
}

/* Adds a section with @size bytes at @buf, which stays the caller's. */
static bool add_section(struct writer *w, const char *name, const GElf_Shdr *template,
			Elf_Type type, void *buf, size_t size, GError **err)
{
	Elf_Scn *scn = elf_newscn(w->elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;

	if (!data)
		return fail_elf(w, err);
	data->d_buf = buf;
	data->d_size = size;
	data->d_type = type;
	data->d_align = MAX(template->sh_addralign, 1);
	data->d_version = EV_CURRENT;

	GElf_Shdr sh;

	if (!gelf_getshdr(scn, &sh))
		return fail_elf(w, err);
	sh.sh_name = strings_add(&w->shstr, name);
	sh.sh_type = template->sh_type;
	sh.sh_flags = template->sh_flags;
	sh.sh_link = template->sh_link;
	sh.sh_info = template->sh_info;
	sh.sh_entsize = template->sh_entsize;
	return gelf_update_shdr(scn, &sh) || fail_elf(w, err);
}

/* Section indexes: each kept section is followed by its relocation sections. */
static unsigned int number_sections(struct ko *ko)
{
	unsigned int next = 1;

	for (guint i = 0; i < ko->sections->len; i++) {
		struct ko_section *sec = ko->sections->pdata[i];

		sec->index = 0;
		if (sec->drop)
			continue;
		sec->index = next++;
		for (guint j = 0; j < sec->relas->len; j++)
			if (((struct ko_relas *)sec->relas->pdata[j])->list->len)
				next++;
	}
	return next;
}

static void add_symbols(struct writer *w, bool global)
{
	for (guint i = 0; i < w->ko->symbols->len; i++) {
		struct ko_symbol *sym = w->ko->symbols->pdata[i];

		if (ko_symbol_is_global(sym) != global || (sym->sec && sym->sec->drop))
			continue;

		Elf64_Sym es = {
			.st_name = strings_add(&w->str, sym->name),
			.st_info = sym->info,
			.st_other = sym->other,
			.st_shndx = sym->sec ? (Elf64_Section)sym->sec->index : sym->shndx,
			.st_value = sym->value,
			.st_size = sym->size,
		};

		sym->index = w->syms->len;
		g_array_append_val(w->syms, es);
	}
}

static void number_symbols(struct writer *w)
{
	Elf64_Sym null = { 0 };

	for (guint i = 0; i < w->ko->symbols->len; i++)
		((struct ko_symbol *)w->ko->symbols->pdata[i])->index = 0;
	g_array_append_val(w->syms, null);
	add_symbols(w, false);
	w->nr_locals = w->syms->len;
	add_symbols(w, true);
}

static bool write_relas(struct writer *w, const struct ko_section *sec,
			const struct ko_relas *relas, unsigned int symtab, GError **err)
{
	size_t size = relas->list->len * sizeof(Elf64_Rela);
	Elf64_Rela *out = g_malloc(size);

	g_ptr_array_add(w->buffers, out);
	for (guint i = 0; i < relas->list->len; i++) {
		const struct ko_rela *rela = &g_array_index(relas->list, struct ko_rela, i);

		if (rela->sym && !rela->sym->index)
			return kp_fail(err, KP_FAILED,
				       "%s: %s+0x%" PRIx64 " refers to %s, which is not kept",
				       w->ko->path, sec->name, rela->offset,
				       rela->sym->sec ? rela->sym->sec->name : rela->sym->name);
		out[i] = (Elf64_Rela){
			.r_offset = rela->offset,
			.r_info = ELF64_R_INFO(rela->sym ? (uint64_t)rela->sym->index : 0,
					       (uint64_t)rela->type),
			.r_addend = rela->addend,
		};
	}

	GElf_Shdr sh = {
		.sh_type = SHT_RELA,
		.sh_flags = SHF_INFO_LINK | relas->flags,
		.sh_link = symtab,
		.sh_info = sec->index,
		.sh_addralign = 8,
		.sh_entsize = sizeof(Elf64_Rela),
	};

	return add_section(w, relas->name, &sh, ELF_T_RELA, out, size, err);
}

static bool write_sections(struct writer *w, unsigned int symtab, GError **err)
{
	for (guint i = 0; i < w->ko->sections->len; i++) {
		struct ko_section *sec = w->ko->sections->pdata[i];

		if (sec->drop)
			continue;

		GElf_Shdr sh = {
			.sh_type = sec->type,
			.sh_flags = sec->flags,
			.sh_link = sec->link_order ? sec->link_order->index : 0,
			.sh_addralign = sec->addralign,
			.sh_entsize = sec->entsize,
		};

		if (!add_section(w, sec->name, &sh, ELF_T_BYTE, sec->data, sec->size, err))
			return false;
		for (guint j = 0; j < sec->relas->len; j++) {
			const struct ko_relas *relas = sec->relas->pdata[j];

			if (relas->list->len && !write_relas(w, sec, relas, symtab, err))
				return false;
		}
	}
	return true;
}

static bool write_tables(struct writer *w, unsigned int symtab, GError **err)
{
	GElf_Shdr sym = {
		.sh_type = SHT_SYMTAB,
		.sh_link = symtab + 1,
		.sh_info = w->nr_locals,
		.sh_addralign = 8,
		.sh_entsize = sizeof(Elf64_Sym),
	};
	GElf_Shdr str = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };

	/* The section names must all be known before their table is added. */
	strings_add(&w->shstr, ".symtab");
	strings_add(&w->shstr, ".strtab");
	strings_add(&w->shstr, ".shstrtab");
	return add_section(w, ".symtab", &sym, ELF_T_SYM, w->syms->data,
			   w->syms->len * sizeof(Elf64_Sym), err) &&
	       add_section(w, ".strtab", &str, ELF_T_BYTE, w->str.bytes->data, w->str.bytes->len,
			   err) &&
	       add_section(w, ".shstrtab", &str, ELF_T_BYTE, w->shstr.bytes->data,
			   w->shstr.bytes->len, err);
}

static bool write_header(struct writer *w, unsigned int shstrndx, GError **err)
{
	GElf_Ehdr eh;

	if (!gelf_newehdr(w->elf, ELFCLASS64) || !gelf_getehdr(w->elf, &eh))
		return fail_elf(w, err);
	memcpy(eh.e_ident, w->ko->ehdr.e_ident, EI_NIDENT);
	eh.e_type = ET_REL;
	eh.e_machine = EM_X86_64;
	eh.e_version = EV_CURRENT;
	eh.e_flags = w->ko->ehdr.e_flags;
	eh.e_shstrndx = (Elf64_Half)shstrndx;
	return gelf_update_ehdr(w->elf, &eh) || fail_elf(w, err);
}

static bool write_elf(struct writer *w, GError **err)
{
	unsigned int symtab = number_sections(w->ko);

	if (symtab + 3 >= SHN_LORESERVE)
		return kp_fail(err, KP_FAILED, "%s: too many sections (%u)", w->ko->path, symtab);
	number_symbols(w);
	return write_header(w, symtab + 2, err) && write_sections(w, symtab, err) &&
	       write_tables(w, symtab, err) &&
	       (elf_update(w->elf, ELF_C_WRITE) >= 0 || fail_elf(w, err));
}

bool ko_write(struct ko *ko, const char *path, GError **err)
{
	g_autofree char *tmp = g_strdup_printf("%s.XXXXXX", path);
	int fd = g_mkstemp_full(tmp, O_RDWR | O_CLOEXEC, 0644);

	if (fd < 0)
		return kp_fail_errno(err, "cannot create %s", tmp);
	elf_version(EV_CURRENT);

	struct writer w = {
		.ko = ko,
		.elf = elf_begin(fd, ELF_C_WRITE, NULL),
		.buffers = g_ptr_array_new_with_free_func(g_free),
		.syms = g_array_new(FALSE, TRUE, sizeof(Elf64_Sym)),
	};

	strings_init(&w.shstr);
	strings_init(&w.str);

	bool ok = w.elf ? write_elf(&w, err) : fail_elf(&w, err);

	elf_end(w.elf);
	strings_clear(&w.shstr);
	strings_clear(&w.str);
	g_ptr_array_unref(w.buffers);
	g_array_unref(w.syms);
	/* A full disk may only show here. */
	if (close(fd) && ok)
		ok = kp_fail_errno(err, "cannot write %s", tmp);
	if (ok && rename(tmp, path))
		ok = kp_fail_errno(err, "cannot rename %s", tmp);
	if (!ok)
		unlink(tmp);
	return ok;
}
