// SPDX-License-Identifier: GPL-2.0
#include "image.h"

#include <string.h>

#include "bzimage.h"
#include "elf-read.h"
#include "error.h"
#include "symtab-priv.h"
#include "unpack.h"

struct kp_image {
	char *path;
	bool module;
	struct kp_elf *elf;
	struct kp_symtab *symtab;
	struct kp_image_section *sections; /* by address */
	uint32_t *elf_index;		   /* of sections[i] */
	size_t nsections;
	struct kp_relocs *relocs; /* vmlinux, NULL if unknown */
	GPtrArray *relas;	  /* .ko: by ELF section index, GArray of struct kp_elf_rela */
	GHashTable *taken;	  /* addresses in absolute fields; filled on first use */
	uint64_t ro_start, ro_end, init_start, init_end;
	char *build_id;
};

void kp_image_free(struct kp_image *img)
{
	if (!img)
		return;
	g_free(img->path);
	kp_symtab_free(img->symtab);
	g_free(img->sections);
	g_free(img->elf_index);
	kp_relocs_free(img->relocs);
	g_clear_pointer(&img->relas, g_ptr_array_unref);
	g_clear_pointer(&img->taken, g_hash_table_unref);
	g_free(img->build_id);
	kp_elf_free(img->elf);
	g_free(img);
}

struct placed {
	uint64_t addr;
	uint32_t index;
};

static int by_addr(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void collect_sections(struct kp_image *img)
{
	const struct kp_elf *elf = img->elf;
	g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(struct placed));

	for (uint32_t i = 1; i < elf->nsections; i++) {
		const struct kp_elf_section *s = &elf->sections[i];
		struct placed p = { s->addr, i };

		if ((s->flags & SHF_ALLOC) && s->size && s->addr + s->size >= s->addr)
			g_array_append_val(order, p);
	}
	g_array_sort(order, by_addr);
	img->nsections = order->len;
	img->sections = g_new0(struct kp_image_section, order->len + 1);
	img->elf_index = g_new0(uint32_t, order->len + 1);
	for (guint i = 0; i < order->len; i++) {
		uint32_t index = g_array_index(order, struct placed, i).index;
		const struct kp_elf_section *s = &elf->sections[index];

		img->elf_index[i] = index;
		img->sections[i] = (struct kp_image_section){
			.name = s->name,
			.addr = s->addr,
			.size = s->size,
			.flags = s->flags,
			.data = s->data,
			.percpu = strcmp(s->name, ".data..percpu") == 0,
		};
	}
}

/* The GNU build-id is note type 3 (NT_GNU_BUILD_ID) of owner "GNU". */
static char *find_build_id(const struct kp_elf *elf)
{
	for (uint32_t i = 1; i < elf->nsections; i++) {
		const struct kp_elf_section *s = &elf->sections[i];
		uint64_t at = 0;

		while (s->type == SHT_NOTE && s->data && s->size - at >= sizeof(Elf64_Nhdr)) {
			Elf64_Nhdr nh;

			memcpy(&nh, s->data + at, sizeof(nh));
			uint64_t name = at + sizeof(nh),
				 desc = name + ((nh.n_namesz + 3ULL) & ~3ULL);
			uint64_t end = desc + ((nh.n_descsz + 3ULL) & ~3ULL);

			if (end > s->size)
				break;
			if (nh.n_type == NT_GNU_BUILD_ID && nh.n_namesz == 4 &&
			    memcmp(s->data + name, "GNU", 4) == 0) {
				GString *hex = g_string_new(NULL);

				for (uint32_t k = 0; k < nh.n_descsz; k++)
					g_string_append_printf(hex, "%02x", s->data[desc + k]);
				return g_string_free(hex, FALSE);
			}
			at = end;
		}
	}
	return NULL;
}

static bool read_module_relas(struct kp_image *img, GError **err)
{
	img->relas = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	for (uint32_t i = 0; i < img->elf->nsections; i++) {
		GArray *relas = kp_elf_relas(img->elf, i, err);

		if (!relas)
			return false;
		g_ptr_array_add(img->relas, relas);
	}
	return true;
}

static bool read_vmlinux_relocs(struct kp_image *img, bool from_bzimage, GError **err)
{
	const struct kp_elf *elf = img->elf;

	if (from_bzimage) {
		img->relocs = kp_relocs_parse(elf->data + elf->extent, elf->size - elf->extent,
					      img->path, err);
		return img->relocs != NULL;
	}
	g_autofree char *path = g_strconcat(img->path, ".relocs", NULL);

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	g_autoptr(GBytes) bytes = kp_map_file(path, err);
	gsize size = 0;

	if (!bytes)
		return false;
	const uint8_t *data = g_bytes_get_data(bytes, &size);

	img->relocs = kp_relocs_parse(data, size, path, err);
	return img->relocs != NULL;
}

static uint64_t addr_of(const struct kp_symtab *tab, const char *name)
{
	size_t count = 0;
	const struct kp_sym *const *found = kp_symtab_find(tab, name, &count);

	return count == 1 ? found[0]->addr : 0;
}

static bool read_symtab(struct kp_image *img, const char *symtab_path, GError **err)
{
	if (!symtab_path) {
		img->symtab = kp_symtab_from_elf(img->elf, err);
		return img->symtab != NULL;
	}
	img->symtab = kp_symtab_open(symtab_path, err);
	if (!img->symtab)
		return false;
	if (kp_symtab_is_module(img->symtab) != img->module)
		return kp_fail(
			err, KP_FAILED,
			"%s: these are symbols of %s, but %s is %s; give those of the same file",
			symtab_path, kp_symtab_is_module(img->symtab) ? "a module" : "a kernel",
			img->path, img->module ? "a module" : "a kernel");
	if (img->module && kp_symtab_kind(img->symtab) == KP_SYMTAB_READELF)
		symtab_rebase(img->symtab, img->elf);
	return true;
}

static struct kp_elf *open_elf(const char *path, bool *from_bzimage, GError **err)
{
	g_autoptr(GBytes) bytes = kp_unpack_file(path, err);

	if (!bytes)
		return NULL;
	*from_bzimage = kp_bzimage_probe(bytes);
	if (!*from_bzimage)
		return kp_elf_from_bytes(bytes, path, err);
	g_autoptr(GBytes) unpacked = kp_bzimage_unpack(bytes, path, err);

	return unpacked ? kp_elf_from_bytes(unpacked, path, err) : NULL;
}

struct kp_image *kp_image_open(const char *path, const char *symtab_path, GError **err)
{
	g_autoptr(kp_image) img = g_new0(struct kp_image, 1);
	bool from_bzimage = false;

	img->path = g_strdup(path);
	img->elf = open_elf(path, &from_bzimage, err);
	if (!img->elf)
		return NULL;
	img->module = img->elf->type == ET_REL;
	if (!img->module && img->elf->type != ET_EXEC && img->elf->type != ET_DYN) {
		kp_fail(err, KP_FAILED, "%s: neither a kernel nor a module", path);
		return NULL;
	}
	kp_elf_layout(img->elf);
	collect_sections(img);
	if (!read_symtab(img, symtab_path, err))
		return NULL;
	if (img->module ? !read_module_relas(img, err)
			: !read_vmlinux_relocs(img, from_bzimage, err))
		return NULL;
	if (!img->module) {
		img->ro_start = addr_of(img->symtab, "__start_ro_after_init");
		img->ro_end = addr_of(img->symtab, "__end_ro_after_init");
		img->init_start = addr_of(img->symtab, "__init_begin");
		img->init_end = addr_of(img->symtab, "__init_end");
	}
	img->build_id = find_build_id(img->elf);
	return g_steal_pointer(&img);
}

bool kp_image_is_module(const struct kp_image *img)
{
	return img->module;
}

const char *kp_image_path(const struct kp_image *img)
{
	return img->path;
}

const struct kp_symtab *kp_image_symtab(const struct kp_image *img)
{
	return img->symtab;
}

/* Index of the last section that starts at or below @addr; nsections if there is none. */
static size_t section_below(const struct kp_image *img, uint64_t addr)
{
	size_t low = 0, high = img->nsections;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (img->sections[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? low - 1 : img->nsections;
}

const struct kp_image_section *kp_image_section_at(const struct kp_image *img, uint64_t addr)
{
	size_t i = section_below(img, addr);

	if (i == img->nsections || addr - img->sections[i].addr > img->sections[i].size)
		return NULL;
	return &img->sections[i];
}

const struct kp_image_section *kp_image_section(const struct kp_image *img, const char *name)
{
	for (size_t i = 0; i < img->nsections; i++)
		if (strcmp(img->sections[i].name, name) == 0)
			return &img->sections[i];
	return NULL;
}

const uint8_t *kp_image_bytes(const struct kp_image *img, uint64_t addr, uint64_t len)
{
	size_t i = section_below(img, addr);

	if (i == img->nsections)
		return NULL;
	const struct kp_image_section *s = &img->sections[i];
	uint64_t offset = addr - s->addr;

	if (!s->data || offset > s->size || len > s->size - offset)
		return NULL;
	return s->data + offset;
}

/* The RELA entry at exactly @addr; the first one when there are several. */
static const struct kp_elf_rela *rela_at(const struct kp_image *img, uint64_t addr)
{
	size_t i = section_below(img, addr);

	if (!img->relas || i == img->nsections)
		return NULL;
	const GArray *relas = g_ptr_array_index(img->relas, img->elf_index[i]);
	uint64_t offset = addr - img->sections[i].addr;
	guint low = 0, high = relas->len;

	while (low < high) {
		guint mid = low + (high - low) / 2;

		if (g_array_index(relas, struct kp_elf_rela, mid).offset < offset)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == relas->len)
		return NULL;
	const struct kp_elf_rela *r = &g_array_index(relas, struct kp_elf_rela, low);

	return r->offset == offset ? r : NULL;
}

static bool is_pc_relative(uint32_t type)
{
	return type == R_X86_64_PC32 || type == R_X86_64_PLT32 || type == R_X86_64_PC64;
}

static bool field_value(const struct kp_image *img, uint64_t addr, uint32_t type, uint64_t *value)
{
	bool wide = type == R_X86_64_64 || type == R_X86_64_PC64;
	const uint8_t *p = kp_image_bytes(img, addr, wide ? 8 : 4);
	uint32_t v32 = 0;

	if (!p)
		return false;
	if (wide)
		memcpy(value, p, 8);
	else
		memcpy(&v32, p, 4);
	if (type == R_X86_64_32)
		*value = v32;
	else if (!wide)
		*value = (uint64_t)(int64_t)(int32_t)v32;
	return true;
}

static bool linked_ref(const struct kp_image *img, uint64_t addr, uint32_t type, struct kp_ref *ref)
{
	uint64_t value;

	switch (type) {
	case R_X86_64_64:
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
	case R_X86_64_PC64:
		break;
	default:
		return false;
	}
	if (!field_value(img, addr, type, &value))
		return false;
	ref->defined = true;
	ref->addr = is_pc_relative(type) ? value + addr : value;
	return true;
}

static bool rela_ref(const struct kp_image *img, const struct kp_elf_rela *r, struct kp_ref *ref)
{
	const struct kp_elf_sym *sym = &img->elf->syms[r->sym];

	if (sym->shndx == SHN_UNDEF || sym->shndx == KP_SHN_COMMON ||
	    sym->shndx == KP_SHN_SPECIAL) {
		ref->undef = sym->name;
		ref->addend = r->addend;
		return true;
	}
	ref->defined = true;
	ref->addr = sym->value + (uint64_t)r->addend;
	if (sym->shndx != KP_SHN_ABS)
		ref->addr += img->elf->sections[sym->shndx].addr;
	return true;
}

bool kp_image_ref(const struct kp_image *img, uint64_t addr, uint32_t r_type, struct kp_ref *ref)
{
	*ref = (struct kp_ref){ 0 };
	if (!img->module)
		return linked_ref(img, addr, r_type, ref);
	const struct kp_elf_rela *r = rela_at(img, addr);

	if (r && r->type != R_X86_64_NONE) {
		/* the assembler's choice between these two says nothing about the target */
		bool same = r->type == r_type ||
			    (r->type == R_X86_64_PLT32 && r_type == R_X86_64_PC32) ||
			    (r->type == R_X86_64_PC32 && r_type == R_X86_64_PLT32);

		return same && rela_ref(img, r, ref);
	}
	/* Resolved by the assembler: only possible inside a section. */
	return is_pc_relative(r_type) && linked_ref(img, addr, r_type, ref);
}

uint32_t kp_image_reloc_type(const struct kp_image *img, uint64_t addr)
{
	const struct kp_elf_rela *r = rela_at(img, addr);

	return r ? r->type : R_X86_64_NONE;
}

bool kp_image_has_relocs(const struct kp_image *img)
{
	return img->module || (img->relocs && img->relocs->abs64->len);
}

static bool list_contains(const GArray *list, uint64_t addr)
{
	guint low = 0, high = list->len;

	while (low < high) {
		guint mid = low + (high - low) / 2;

		if (g_array_index(list, uint64_t, mid) < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < list->len && g_array_index(list, uint64_t, low) == addr;
}

bool kp_image_is_reloc_site(const struct kp_image *img, uint64_t addr)
{
	if (img->module)
		return kp_image_reloc_type(img, addr) != R_X86_64_NONE;
	return img->relocs && (list_contains(img->relocs->abs64, addr) ||
			       list_contains(img->relocs->abs32, addr) ||
			       list_contains(img->relocs->inverse, addr));
}

static void add_taken(GHashTable *taken, uint64_t addr)
{
	g_hash_table_add(taken, (void *)(uintptr_t)addr);
}

static void collect_taken(GHashTable *taken, const struct kp_image *img)
{
	struct kp_ref ref;

	for (guint i = 0; img->relocs && i < img->relocs->abs64->len; i++)
		if (linked_ref(img, g_array_index(img->relocs->abs64, uint64_t, i), R_X86_64_64,
			       &ref))
			add_taken(taken, ref.addr);
	for (guint i = 0; img->relocs && i < img->relocs->abs32->len; i++)
		if (linked_ref(img, g_array_index(img->relocs->abs32, uint64_t, i), R_X86_64_32S,
			       &ref))
			add_taken(taken, ref.addr);
	for (guint s = 0; img->relas && s < img->relas->len; s++) {
		const GArray *relas = g_ptr_array_index(img->relas, s);

		for (guint i = 0; i < relas->len; i++) {
			const struct kp_elf_rela *r = &g_array_index(relas, struct kp_elf_rela, i);

			ref = (struct kp_ref){ 0 };
			if (!is_pc_relative(r->type) && rela_ref(img, r, &ref) && ref.defined)
				add_taken(taken, ref.addr);
		}
	}
}

bool kp_image_addr_is_taken(const struct kp_image *img, uint64_t addr)
{
	/* a cache: does not change what the image says */
	struct kp_image *cache = (struct kp_image *)(uintptr_t)img;

	if (!cache->taken) {
		cache->taken = g_hash_table_new(NULL, NULL);
		collect_taken(cache->taken, img);
	}
	return g_hash_table_contains(img->taken, (void *)(uintptr_t)addr);
}

bool kp_image_ro_after_init(const struct kp_image *img, uint64_t addr)
{
	if (!img->module)
		return addr >= img->ro_start && addr < img->ro_end;
	const struct kp_image_section *s = kp_image_section_at(img, addr);

	return s && strcmp(s->name, ".data..ro_after_init") == 0;
}

bool kp_image_is_init(const struct kp_image *img, uint64_t addr)
{
	if (!img->module)
		return addr >= img->init_start && addr < img->init_end;
	const struct kp_image_section *s = kp_image_section_at(img, addr);

	return s && g_str_has_prefix(s->name, ".init");
}

const char *kp_image_build_id(const struct kp_image *img)
{
	return img->build_id;
}
