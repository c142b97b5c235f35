// SPDX-License-Identifier: GPL-2.0
#include "symtab.h"

#include <string.h>

#include "bzimage.h"
#include "elf-read.h"
#include "error.h"
#include "kallsyms.h"
#include "symtab-priv.h"
#include "unpack.h"

/** struct name_group - all symbols of one name, by_name[first] and following. */
struct name_group {
	uint32_t first, count;
};

struct kp_symtab {
	enum kp_symtab_kind kind;
	bool module;
	struct kp_sym *syms; /* in address order */
	size_t count;
	const struct kp_sym **by_name;
	struct name_group *groups;
	GHashTable *group_of; /* name -> group index + 1 */
	GStringChunk *names;
	bool *in_init; /* modules: by section index, freed after init */
	bool *in_core; /* modules: by section index, kept in the live module's kallsyms */
	uint32_t nsections;
};

struct symtab_builder *symtab_builder_new(enum kp_symtab_kind kind)
{
	struct symtab_builder *b = g_new0(struct symtab_builder, 1);

	b->kind = kind;
	b->module = kind == KP_SYMTAB_MODULE;
	b->syms = g_array_new(FALSE, TRUE, sizeof(struct kp_sym));
	b->names = g_string_chunk_new(1 << 16);
	return b;
}

void symtab_builder_free(struct symtab_builder *b)
{
	if (!b)
		return;
	g_array_unref(b->syms);
	if (b->names)
		g_string_chunk_free(b->names);
	g_free(b);
}

void symtab_builder_add(struct symtab_builder *b, const struct kp_sym *sym, const char *name)
{
	struct kp_sym copy = *sym;

	copy.name = g_string_chunk_insert(b->names, name);
	copy.seq = b->syms->len;
	g_array_append_val(b->syms, copy);
}

static int by_addr(const void *a, const void *b)
{
	const struct kp_sym *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* A group's members are in the order in which the kernel counts positions. */
static void index_names(struct kp_symtab *tab)
{
	g_autofree uint32_t *group = g_new(uint32_t, tab->count);
	g_autofree const struct kp_sym **ordered = g_new(const struct kp_sym *, tab->count);
	GArray *groups = g_array_new(FALSE, TRUE, sizeof(struct name_group));

	tab->group_of = g_hash_table_new(g_str_hash, g_str_equal);
	for (size_t i = 0; i < tab->count; i++)
		ordered[tab->module ? tab->syms[i].seq : i] = &tab->syms[i];
	for (size_t i = 0; i < tab->count; i++) {
		void *key = (void *)(uintptr_t)ordered[i]->name;
		guint g = GPOINTER_TO_UINT(g_hash_table_lookup(tab->group_of, key));

		if (!g) {
			struct name_group new = { 0 };

			g_array_append_val(groups, new);
			g = groups->len;
			g_hash_table_insert(tab->group_of, key, GUINT_TO_POINTER(g));
		}
		group[i] = g - 1;
		g_array_index(groups, struct name_group, g - 1).count++;
	}
	uint32_t at = 0;

	for (guint g = 0; g < groups->len; g++) {
		struct name_group *ng = &g_array_index(groups, struct name_group, g);

		ng->first = at;
		at += ng->count;
		ng->count = 0;
	}
	tab->by_name = g_new(const struct kp_sym *, tab->count);
	for (size_t i = 0; i < tab->count; i++) {
		struct name_group *ng = &g_array_index(groups, struct name_group, group[i]);

		tab->by_name[ng->first + ng->count++] = ordered[i];
	}
	tab->groups = (struct name_group *)(void *)g_array_free(groups, FALSE);
}

static void sort_by_addr(struct kp_symtab *tab)
{
	for (size_t i = 1; i < tab->count; i++) {
		if (by_addr(&tab->syms[i - 1], &tab->syms[i]) > 0) {
			qsort(tab->syms, tab->count, sizeof(tab->syms[0]), by_addr);
			return;
		}
	}
}

static void drop_index(struct kp_symtab *tab)
{
	g_clear_pointer(&tab->by_name, g_free);
	g_clear_pointer(&tab->groups, g_free);
	g_clear_pointer(&tab->group_of, g_hash_table_unref);
}

struct kp_symtab *symtab_builder_finish(struct symtab_builder *b, const char *path, GError **err)
{
	g_autoptr(symtab_builder) owned = b;

	if (b->syms->len == 0) {
		kp_fail(err, KP_FAILED,
			"%s: holds no symbols; give a vmlinuz, a vmlinux or a module", path);
		return NULL;
	}
	struct kp_symtab *tab = g_new0(struct kp_symtab, 1);

	tab->kind = b->kind;
	tab->module = b->module;
	tab->count = b->syms->len;
	tab->names = g_steal_pointer(&b->names);
	tab->syms = (struct kp_sym *)(void *)g_array_free(b->syms, FALSE);
	b->syms = g_array_new(FALSE, TRUE, sizeof(struct kp_sym));
	sort_by_addr(tab);
	index_names(tab);
	return tab;
}

void symtab_rebase(struct kp_symtab *tab, const struct kp_elf *elf)
{
	for (size_t i = 0; i < tab->count; i++) {
		struct kp_sym *sym = &tab->syms[i];

		if (sym->shndx > 0 && sym->shndx < elf->nsections)
			sym->addr += elf->sections[sym->shndx].addr;
	}
	drop_index(tab);
	sort_by_addr(tab);
	index_names(tab);
}

static char lower_if(char letter, bool global)
{
	return global ? letter : (char)g_ascii_tolower(letter);
}

/* The letter that nm shows. */
static char nm_letter(const struct kp_elf *elf, const struct kp_elf_sym *s)
{
	if (s->bind == STB_WEAK)
		return s->type == STT_OBJECT ? 'V' : 'W';
	if (s->shndx >= elf->nsections)
		return lower_if('A', s->bind == STB_GLOBAL);
	const struct kp_elf_section *sec = &elf->sections[s->shndx];
	char letter = 'N';

	if (sec->flags & SHF_EXECINSTR)
		letter = 'T';
	else if (sec->type == SHT_NOBITS)
		letter = 'B';
	else if (sec->flags & SHF_WRITE)
		letter = 'D';
	else if (sec->flags & SHF_ALLOC)
		letter = 'R';
	return lower_if(letter, s->bind == STB_GLOBAL);
}

static struct kp_sym convert(const struct kp_elf *elf, const struct kp_elf_sym *s)
{
	struct kp_sym sym = {
		.addr = s->value,
		.size = s->size,
		.type = nm_letter(elf, s),
		.global = s->bind != STB_LOCAL,
		.weak = s->bind == STB_WEAK,
		.is_func = s->type == STT_FUNC,
		.is_object = s->type == STT_OBJECT,
		.shndx = s->shndx < elf->nsections ? s->shndx : 0,
	};

	if (elf->type == ET_REL && sym.shndx)
		sym.addr += elf->sections[sym.shndx].addr;
	return sym;
}

/* scripts/mksysmap and scripts/kallsyms.c leave these out of a kernel's kallsyms. */
static bool kallsyms_ignores(const char *name)
{
	static const char *const prefixes[] = { "$",	     ".L",	   "__efistub_",
						"__crc_",    "__kstrtab_", "__kstrtabns_",
						"__ksymtab_" };

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(name, prefixes[i]))
			return true;
	return false;
}

static struct kp_symtab *from_elf_symtab(const struct kp_elf *elf, GError **err)
{
	bool module = elf->type == ET_REL;
	struct symtab_builder *b =
		symtab_builder_new(module ? KP_SYMTAB_MODULE : KP_SYMTAB_VMLINUX);
	unsigned int file = 0;

	for (uint32_t i = 1; i < elf->nsyms; i++) {
		const struct kp_elf_sym *s = &elf->syms[i];

		if (s->type == STT_FILE)
			file++;
		if (s->shndx == SHN_UNDEF || s->type == STT_SECTION || !*s->name ||
		    s->type == STT_FILE || (!module && kallsyms_ignores(s->name)))
			continue;
		struct kp_sym sym = convert(elf, s);

		sym.file = s->bind == STB_LOCAL ? file : 0;
		symtab_builder_add(b, &sym, s->name);
	}
	struct kp_symtab *tab = symtab_builder_finish(b, elf->path, err);

	if (!tab || !module)
		return tab;
	tab->nsections = elf->nsections;
	tab->in_init = g_new0(bool, elf->nsections);
	tab->in_core = g_new0(bool, elf->nsections);
	for (uint32_t i = 1; i < elf->nsections; i++) {
		const struct kp_elf_section *s = &elf->sections[i];

		tab->in_init[i] = g_str_has_prefix(s->name, ".init");
		tab->in_core[i] = (s->flags & SHF_ALLOC) && !tab->in_init[i];
	}
	return tab;
}

/* What kallsyms leaves out, from .symtab: size, kind and FILE block of each entry. */
static void enrich(struct kp_symtab *tab, const struct kp_elf *elf)
{
	unsigned int file = 0;

	for (uint32_t i = 1; i < elf->nsyms; i++) {
		const struct kp_elf_sym *s = &elf->syms[i];
		size_t count = 0;

		if (s->type == STT_FILE)
			file++;
		if (s->shndx == SHN_UNDEF || (s->type != STT_FUNC && s->type != STT_OBJECT))
			continue;
		const struct kp_sym *const *found = kp_symtab_find(tab, s->name, &count);

		for (size_t k = 0; k < count; k++) {
			struct kp_sym *sym = &tab->syms[found[k] - tab->syms];

			if (sym->addr != s->value)
				continue;
			sym->size = s->size;
			sym->is_func = s->type == STT_FUNC;
			sym->is_object = s->type == STT_OBJECT;
			sym->global = s->bind != STB_LOCAL;
			sym->weak = s->bind == STB_WEAK;
			sym->shndx = s->shndx < elf->nsections ? s->shndx : 0;
			sym->file = s->bind == STB_LOCAL ? file : 0;
		}
	}
}

/*
 * scripts/kallsyms.c shows every per-CPU symbol as 'A', static ones too: of several with one name
 * none can be taken for the global one.
 */
static void doubt_percpu_globals(struct kp_symtab *tab)
{
	for (size_t i = 0; i < tab->count && tab->syms[i].type == 'A'; i++) {
		size_t count = 0;

		kp_symtab_find(tab, tab->syms[i].name, &count);
		if (count > 1)
			tab->syms[i].global = false;
	}
}

static struct kp_symtab *from_kallsyms(const struct kp_elf *elf, GError **err)
{
	g_autoptr(kp_kallsyms) ks = kp_kallsyms_decode(elf, err);

	if (!ks)
		return NULL;
	struct symtab_builder *b = symtab_builder_new(KP_SYMTAB_KALLSYMS);

	for (uint32_t i = 0; i < ks->count; i++) {
		char type = ks->entries[i].type;
		struct kp_sym sym = {
			.addr = ks->entries[i].addr,
			.type = type,
			.weak = strchr("wWvV", type) != NULL,
			.global = g_ascii_isupper(type) || strchr("wv", type) != NULL,
		};

		symtab_builder_add(b, &sym, ks->entries[i].name);
	}
	struct kp_symtab *tab = symtab_builder_finish(b, elf->path, err);

	if (tab)
		doubt_percpu_globals(tab);
	return tab;
}

struct kp_symtab *kp_symtab_from_elf(const struct kp_elf *elf, GError **err)
{
	g_autoptr(GError) why = NULL;

	if (elf->type == ET_REL)
		return from_elf_symtab(elf, err);
	/* kallsyms first, also when there is a .symtab: positions are counted in it. */
	struct kp_symtab *tab = from_kallsyms(elf, &why);

	if (tab) {
		if (elf->nsyms) {
			enrich(tab, elf);
			tab->kind = KP_SYMTAB_VMLINUX;
		}
		return tab;
	}
	if (elf->nsyms)
		return from_elf_symtab(elf, err);
	g_propagate_error(err, g_steal_pointer(&why));
	return NULL;
}

struct kp_symtab *kp_symtab_open(const char *path, GError **err)
{
	g_autoptr(GBytes) bytes = kp_unpack_file(path, err);
	g_autoptr(GBytes) unpacked = NULL;
	gsize size;

	if (!bytes)
		return NULL;
	const char *data = g_bytes_get_data(bytes, &size);

	if (kp_bzimage_probe(bytes)) {
		unpacked = kp_bzimage_unpack(bytes, path, err);
		if (!unpacked)
			return NULL;
	} else if (size < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0) {
		return symtab_read_text(data, size, path, err);
	}
	g_autoptr(kp_elf) elf = kp_elf_from_bytes(unpacked ? unpacked : bytes, path, err);

	if (!elf)
		return NULL;
	kp_elf_layout(elf);
	return kp_symtab_from_elf(elf, err);
}

void kp_symtab_free(struct kp_symtab *tab)
{
	if (!tab)
		return;
	drop_index(tab);
	g_free(tab->syms);
	g_free(tab->in_init);
	g_free(tab->in_core);
	g_string_chunk_free(tab->names);
	g_free(tab);
}

enum kp_symtab_kind kp_symtab_kind(const struct kp_symtab *tab)
{
	return tab->kind;
}

bool kp_symtab_is_module(const struct kp_symtab *tab)
{
	return tab->module;
}

size_t kp_symtab_count(const struct kp_symtab *tab)
{
	return tab->count;
}

const struct kp_sym *kp_symtab_at(const struct kp_symtab *tab, size_t i)
{
	return i < tab->count ? &tab->syms[i] : NULL;
}

const struct kp_sym *const *kp_symtab_find(const struct kp_symtab *tab, const char *name,
					   size_t *count)
{
	guint g = GPOINTER_TO_UINT(g_hash_table_lookup(tab->group_of, name));

	*count = g ? tab->groups[g - 1].count : 0;
	return g ? &tab->by_name[tab->groups[g - 1].first] : NULL;
}

/* Index of the first symbol at or above @addr. */
static size_t lower_bound(const struct kp_symtab *tab, uint64_t addr)
{
	size_t low = 0, high = tab->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (tab->syms[mid].addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool kp_symtab_find_at(const struct kp_symtab *tab, uint64_t addr, size_t *first, size_t *count)
{
	*first = lower_bound(tab, addr);
	*count = 0;
	while (*first + *count < tab->count && tab->syms[*first + *count].addr == addr)
		(*count)++;
	return *count > 0;
}

const struct kp_sym *kp_symtab_find_before(const struct kp_symtab *tab, uint64_t addr)
{
	size_t i = addr == UINT64_MAX ? tab->count : lower_bound(tab, addr + 1);

	return i ? &tab->syms[i - 1] : NULL;
}

unsigned long kp_symtab_sympos(const struct kp_symtab *tab, const struct kp_sym *sym)
{
	size_t count = 0;
	const struct kp_sym *const *all = kp_symtab_find(tab, sym->name, &count);

	for (size_t i = 0; count > 1 && i < count; i++)
		if (all[i] == sym)
			return i + 1;
	return 0;
}

static bool is_core(const struct kp_symtab *tab, const struct kp_sym *sym)
{
	return sym->shndx && sym->shndx < tab->nsections && tab->in_core[sym->shndx];
}

bool kp_symtab_sympos_is_stable(const struct kp_symtab *tab, const struct kp_sym *sym)
{
	size_t count = 0, core = 0, core_pos = 0, pos = 0;
	const struct kp_sym *const *all = kp_symtab_find(tab, sym->name, &count);

	if (!tab->module || !tab->in_core || count <= 1)
		return true;
	for (size_t i = 0; i < count; i++) {
		core += is_core(tab, all[i]);
		if (all[i] == sym) {
			pos = i + 1;
			core_pos = core;
		}
	}
	return is_core(tab, sym) && pos == core_pos;
}

uint64_t kp_symtab_next_addr(const struct kp_symtab *tab, const struct kp_sym *sym)
{
	for (size_t i = lower_bound(tab, sym->addr); i < tab->count; i++)
		if (tab->syms[i].addr > sym->addr)
			return tab->module && tab->syms[i].shndx != sym->shndx ? 0
									       : tab->syms[i].addr;
	return 0;
}
