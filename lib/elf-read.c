// SPDX-License-Identifier: GPL-2.0
#include "elf-read.h"

#include <string.h>

#include "error.h"

GBytes *kp_map_file(const char *path, GError **err)
{
	g_autoptr(GError) why = NULL;
	GMappedFile *map = g_mapped_file_new(path, FALSE, &why);

	if (!map) {
		kp_fail(err, KP_FAILED, "%s: cannot be read: %s", path, why->message);
		return NULL;
	}
	GBytes *bytes = g_mapped_file_get_bytes(map);

	g_mapped_file_unref(map);
	return bytes;
}

/* offset + len inside the file, without overflow */
static bool inside(const struct kp_elf *elf, uint64_t offset, uint64_t len)
{
	return offset <= elf->size && len <= elf->size - offset;
}

static void note_extent(struct kp_elf *elf, uint64_t end)
{
	if (end > elf->extent)
		elf->extent = end;
}

/* A string table section that is safe to index: ends with a NUL. */
static const char *string_at(const struct kp_elf *elf, uint32_t shndx, uint64_t offset)
{
	if (shndx == 0 || shndx >= elf->nsections)
		return NULL;
	const struct kp_elf_section *s = &elf->sections[shndx];

	if (s->type != SHT_STRTAB || !s->data || offset >= s->size || s->data[s->size - 1] != '\0')
		return NULL;
	return (const char *)s->data + offset;
}

static bool read_section(struct kp_elf *elf, uint32_t i, uint64_t offset, uint32_t *name,
			 GError **err)
{
	Elf64_Shdr sh;
	struct kp_elf_section *s = &elf->sections[i];

	memcpy(&sh, elf->data + offset, sizeof(sh));
	s->type = sh.sh_type;
	s->link = sh.sh_link;
	s->info = sh.sh_info;
	s->flags = sh.sh_flags;
	s->size = sh.sh_size;
	s->align = sh.sh_addralign;
	s->entsize = sh.sh_entsize;
	s->offset = sh.sh_offset;
	s->addr = sh.sh_addr;
	s->name = "";
	*name = sh.sh_name;
	if (s->type == SHT_NOBITS || s->type == SHT_NULL || s->size == 0)
		return true;
	if (!inside(elf, s->offset, s->size))
		return kp_fail(err, KP_FAILED,
			       "%s: section %u ends beyond the end of the file: truncated file",
			       elf->path, i);
	s->data = elf->data + s->offset;
	note_extent(elf, s->offset + s->size);
	return true;
}

static bool read_sections(struct kp_elf *elf, const Elf64_Ehdr *eh, GError **err)
{
	uint64_t count = eh->e_shnum;
	uint32_t shstrndx = eh->e_shstrndx;
	Elf64_Shdr first;

	if (eh->e_shoff == 0)
		return kp_fail(err, KP_FAILED, "%s: has no section headers", elf->path);
	if (eh->e_shentsize != sizeof(Elf64_Shdr))
		return kp_fail(err, KP_FAILED, "%s: section headers are malformed", elf->path);
	if (!inside(elf, eh->e_shoff, sizeof(first)))
		return kp_fail(
			err, KP_FAILED,
			"%s: section headers start beyond the end of the file: truncated file",
			elf->path);
	memcpy(&first, elf->data + eh->e_shoff, sizeof(first));
	if (count == 0)
		count = first.sh_size;
	if (shstrndx == SHN_XINDEX)
		shstrndx = first.sh_link;
	if (count == 0 || count > elf->size / sizeof(Elf64_Shdr) ||
	    !inside(elf, eh->e_shoff, count * sizeof(Elf64_Shdr)))
		return kp_fail(err, KP_FAILED,
			       "%s: section headers end beyond the end of the file: truncated file",
			       elf->path);
	note_extent(elf, eh->e_shoff + count * sizeof(Elf64_Shdr));
	elf->nsections = (uint32_t)count;
	elf->sections = g_new0(struct kp_elf_section, count);
	g_autofree uint32_t *names = g_new(uint32_t, count);

	for (uint32_t i = 0; i < elf->nsections; i++)
		if (!read_section(elf, i, eh->e_shoff + i * sizeof(Elf64_Shdr), &names[i], err))
			return false;
	for (uint32_t i = 1; i < elf->nsections; i++) {
		const char *name = string_at(elf, shstrndx, names[i]);

		if (!name)
			return kp_fail(err, KP_FAILED, "%s: section %u has no valid name",
				       elf->path, i);
		elf->sections[i].name = name;
	}
	return true;
}

static bool link_relas(struct kp_elf *elf, GError **err)
{
	for (uint32_t i = 1; i < elf->nsections; i++) {
		const struct kp_elf_section *s = &elf->sections[i];

		if (s->type == SHT_REL && elf->type == ET_REL)
			return kp_fail(err, KP_FAILED,
				       "%s: section %s: REL relocations, not x86-64", elf->path,
				       s->name);
		if (s->type != SHT_RELA || elf->type != ET_REL)
			continue;
		if (s->info == 0 || s->info >= elf->nsections || s->size % sizeof(Elf64_Rela) != 0)
			return kp_fail(err, KP_FAILED, "%s: section %s: malformed", elf->path,
				       s->name);
		/* klp relocations (SHF_RELA_LIVEPATCH) come second and are not for us */
		if (!elf->sections[s->info].rela)
			elf->sections[s->info].rela = i;
	}
	return true;
}

static uint32_t symbol_section(const struct kp_elf *elf, uint16_t shndx, uint32_t xindex)
{
	if (shndx == SHN_ABS)
		return KP_SHN_ABS;
	if (shndx == SHN_COMMON)
		return KP_SHN_COMMON;
	if (shndx == SHN_XINDEX)
		return xindex < elf->nsections ? xindex : KP_SHN_SPECIAL;
	if (shndx >= SHN_LORESERVE)
		return KP_SHN_SPECIAL;
	return shndx;
}

static const uint8_t *find_xindex(const struct kp_elf *elf, uint32_t symtab, uint64_t count)
{
	for (uint32_t i = 1; i < elf->nsections; i++) {
		const struct kp_elf_section *s = &elf->sections[i];

		if (s->type == SHT_SYMTAB_SHNDX && s->link == symtab && s->data &&
		    s->size / sizeof(uint32_t) >= count)
			return s->data;
	}
	return NULL;
}

static bool read_symbols(struct kp_elf *elf, GError **err)
{
	uint32_t symtab = 0;

	for (uint32_t i = 1; i < elf->nsections && !symtab; i++)
		if (elf->sections[i].type == SHT_SYMTAB)
			symtab = i;
	if (!symtab || !elf->sections[symtab].data)
		return true;
	const struct kp_elf_section *s = &elf->sections[symtab];
	uint64_t count = s->size / sizeof(Elf64_Sym);

	if (s->size % sizeof(Elf64_Sym) != 0 || count > UINT32_MAX)
		return kp_fail(err, KP_FAILED, "%s: .symtab is malformed", elf->path);
	const uint8_t *xindex = find_xindex(elf, symtab, count);

	elf->nsyms = (uint32_t)count;
	elf->syms = g_new0(struct kp_elf_sym, count);
	for (uint32_t i = 0; i < elf->nsyms; i++) {
		struct kp_elf_sym *sym = &elf->syms[i];
		uint32_t x = 0;
		Elf64_Sym raw;

		memcpy(&raw, s->data + i * sizeof(raw), sizeof(raw));
		if (xindex)
			memcpy(&x, xindex + i * sizeof(x), sizeof(x));
		sym->value = raw.st_value;
		sym->size = raw.st_size;
		sym->bind = ELF64_ST_BIND(raw.st_info);
		sym->type = ELF64_ST_TYPE(raw.st_info);
		sym->shndx = symbol_section(elf, raw.st_shndx, x);
		sym->name = raw.st_name ? string_at(elf, s->link, raw.st_name) : "";
		if (!sym->name)
			return kp_fail(err, KP_FAILED, "%s: symbol %u has no valid name", elf->path,
				       i);
		if (sym->shndx < KP_SHN_ABS && sym->shndx >= elf->nsections)
			return kp_fail(err, KP_FAILED,
				       "%s: symbol %s is in section %u, which does not exist",
				       elf->path, sym->name, sym->shndx);
	}
	return true;
}

static bool read_header(struct kp_elf *elf, Elf64_Ehdr *eh, GError **err)
{
	if (elf->size < sizeof(*eh) || memcmp(elf->data, ELFMAG, SELFMAG) != 0)
		return kp_fail(err, KP_FAILED, "%s: not an ELF file, or a truncated one",
			       elf->path);
	memcpy(eh, elf->data, sizeof(*eh));
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh->e_machine != EM_X86_64)
		return kp_fail(err, KP_FAILED, "%s: not an x86-64 ELF file", elf->path);
	elf->type = eh->e_type;
	elf->extent = sizeof(*eh);
	if (eh->e_phoff && inside(elf, eh->e_phoff, (uint64_t)eh->e_phnum * eh->e_phentsize))
		note_extent(elf, eh->e_phoff + (uint64_t)eh->e_phnum * eh->e_phentsize);
	return true;
}

struct kp_elf *kp_elf_from_bytes(GBytes *bytes, const char *path, GError **err)
{
	g_autoptr(kp_elf) elf = g_new0(struct kp_elf, 1);
	gsize size = 0;
	Elf64_Ehdr eh;

	elf->path = g_strdup(path);
	elf->bytes = g_bytes_ref(bytes);
	elf->data = g_bytes_get_data(bytes, &size);
	elf->size = size;
	if (!read_header(elf, &eh, err) || !read_sections(elf, &eh, err) || !link_relas(elf, err) ||
	    !read_symbols(elf, err))
		return NULL;
	return g_steal_pointer(&elf);
}

struct kp_elf *kp_elf_open(const char *path, GError **err)
{
	g_autoptr(GBytes) bytes = kp_map_file(path, err);

	return bytes ? kp_elf_from_bytes(bytes, path, err) : NULL;
}

void kp_elf_free(struct kp_elf *elf)
{
	if (!elf)
		return;
	g_free(elf->path);
	g_free(elf->sections);
	g_free(elf->syms);
	if (elf->bytes)
		g_bytes_unref(elf->bytes);
	g_free(elf);
}

uint32_t kp_elf_find_section(const struct kp_elf *elf, const char *name)
{
	for (uint32_t i = 1; i < elf->nsections; i++)
		if (strcmp(elf->sections[i].name, name) == 0)
			return i;
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct kp_elf_rela *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

GArray *kp_elf_relas(const struct kp_elf *elf, uint32_t shndx, GError **err)
{
	g_autoptr(GArray) relas = g_array_new(FALSE, FALSE, sizeof(struct kp_elf_rela));
	uint32_t index = shndx < elf->nsections ? elf->sections[shndx].rela : 0;
	bool sorted = true;

	if (!index || !elf->sections[index].data)
		return g_steal_pointer(&relas);
	const struct kp_elf_section *s = &elf->sections[index];
	size_t count = (size_t)(s->size / sizeof(Elf64_Rela));

	g_array_set_size(relas, (guint)count);
	for (size_t i = 0; i < count; i++) {
		struct kp_elf_rela *r = &g_array_index(relas, struct kp_elf_rela, i);
		Elf64_Rela raw;

		memcpy(&raw, s->data + i * sizeof(raw), sizeof(raw));
		*r = (struct kp_elf_rela){
			.offset = raw.r_offset,
			.addend = raw.r_addend,
			.type = (uint32_t)ELF64_R_TYPE(raw.r_info),
			.sym = (uint32_t)ELF64_R_SYM(raw.r_info),
		};
		if (r->sym >= elf->nsyms || r->offset >= elf->sections[shndx].size) {
			kp_fail(err, KP_FAILED, "%s: section %s: relocation %zu is malformed",
				elf->path, s->name, i);
			return NULL;
		}
		if (i && r[-1].offset > r->offset)
			sorted = false;
	}
	if (!sorted)
		g_array_sort(relas, by_offset);
	return g_steal_pointer(&relas);
}

void kp_elf_layout(struct kp_elf *elf)
{
	const uint64_t gap = 0x100000;
	uint64_t next = 0x100000000;

	if (elf->type != ET_REL)
		return;
	for (uint32_t i = 1; i < elf->nsections; i++) {
		struct kp_elf_section *s = &elf->sections[i];

		if (!(s->flags & SHF_ALLOC))
			continue;
		s->addr = next;
		/* Sizes of NOBITS sections are not bounded by the file: keep the sum from wrapping.
		 */
		next += (MIN(s->size, (uint64_t)1 << 40) + 2 * gap) & ~(gap - 1);
	}
}
