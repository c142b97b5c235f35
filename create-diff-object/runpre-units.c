// SPDX-License-Identifier: GPL-2.0
/* What there is to match: units, their chunks, and where names say that they may be. */
#include <string.h>

#include "runpre-priv.h"

/* More candidates than this only occur when names disagree; the best are enough then. */
#define MAX_LOOSE_BASES 16

/*
 * Sections that the image does not have in this form: dropped by the linker, sorted or rewritten
 * after it, or tables that nothing refers to.
 */
static const char *const ignored_prefixes[] = {
	".discard",
	".altinstr",
	".smp_locks",
	"__bug_table",
	"__ex_table",
	".parainstructions",
	".orc_",
	"__jump_table",
	".static_call_sites",
	"__mcount_loc",
	"__patchable_function_entries",
	".modinfo",
	"___ksymtab",
	"___kcrctab",
	"__ksymtab_strings",
	".export_symbol",
	".note",
	".retpoline_sites",
	".return_sites",
	".call_sites",
	".ibt_endbr_seal",
	".cfi_sites",
	"runtime_",
	".eh_frame",
};

static bool section_is_unit(const struct kp_elf_section *s)
{
	if (!(s->flags & SHF_ALLOC) || s->size == 0 || (s->flags & SHF_MERGE))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(ignored_prefixes); i++)
		if (g_str_has_prefix(s->name, ignored_prefixes[i]))
			return false;
	return true;
}

bool symbol_is_interesting(const struct kp_elf_sym *sym)
{
	return sym->type != STT_SECTION && sym->type != STT_FILE && *sym->name &&
	       !g_str_has_prefix(sym->name, ".L");
}

struct unit *unit_of_symbol(const struct match *m, const struct kp_elf_sym *sym)
{
	return sym->shndx < m->elf->nsections ? m->units[sym->shndx] : NULL;
}

bool array_has(const GArray *addrs, uint64_t addr)
{
	for (guint i = 0; i < addrs->len; i++)
		if (g_array_index(addrs, uint64_t, i) == addr)
			return true;
	return false;
}

bool base_is_plausible(const struct match *m, uint32_t shndx, uint64_t base)
{
	const struct kp_elf_section *s = &m->elf->sections[shndx];
	const struct kp_image_section *place = kp_image_section_at(m->img, base);

	if (!place || base - place->addr > place->size ||
	    s->size > place->size - (base - place->addr))
		return false;
	if (s->align > 1 && base % s->align != 0)
		return false;
	return (s->flags & SHF_EXECINSTR) == (place->flags & SHF_EXECINSTR);
}

guint unit_first_rela(const struct unit *u, uint64_t offset)
{
	guint low = 0, high = u->relas->len;

	while (low < high) {
		guint mid = low + (high - low) / 2;

		if (g_array_index(u->relas, struct kp_elf_rela, mid).offset < offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool rela_is_pc_relative(const struct kp_elf_rela *r)
{
	return r->type == R_X86_64_PC32 || r->type == R_X86_64_PLT32 || r->type == R_X86_64_PC64;
}

struct target resolve_target(const struct match *m, const struct kp_elf_rela *r)
{
	struct target t = { .kind = TARGET_IGNORED, .sym = &m->elf->syms[r->sym] };

	if (t.sym->shndx == SHN_UNDEF || t.sym->shndx == KP_SHN_COMMON) {
		t.kind = TARGET_UNDEF;
		return t;
	}
	if (t.sym->shndx >= m->elf->nsections)
		return t;
	t.shndx = t.sym->shndx;
	/* The field is the last thing in most instructions, 4 bytes before the next one. */
	t.bias = rela_is_pc_relative(r) && r->type != R_X86_64_PC64 ? 4 : 0;
	t.offset = t.sym->value + (uint64_t)r->addend + t.bias;
	if (m->units[t.shndx])
		t.kind = TARGET_UNIT;
	else if ((m->elf->sections[t.shndx].flags & (SHF_MERGE | SHF_ALLOC)) ==
		 (SHF_MERGE | SHF_ALLOC))
		t.kind = TARGET_MERGED;
	return t;
}

static void unit_free(struct unit *u)
{
	if (!u)
		return;
	for (guint i = 0; i < u->chunks->len; i++)
		g_free(g_array_index(u->chunks, struct chunk, i).why);
	g_array_unref(u->chunks);
	g_array_unref(u->relas);
	g_array_unref(u->bases);
	g_array_unref(u->learned);
	g_free(u->mask);
	g_free(u);
}

void match_clear(struct match *m)
{
	for (uint32_t i = 0; m->units && i < m->elf->nsections; i++)
		unit_free(m->units[i]);
	g_free(m->units);
	g_free(m->implied);
	g_free(m->has_implied);
	g_free(m->conflict);
	g_free(m->implied_name);
	kp_elf_free(m->elf);
}

static uint64_t field_size(uint32_t type)
{
	switch (type) {
	case R_X86_64_NONE:
		return 0;
	case R_X86_64_64:
	case R_X86_64_PC64:
	case R_X86_64_GOTOFF64:
		return 8;
	case R_X86_64_16:
	case R_X86_64_PC16:
		return 2;
	case R_X86_64_8:
	case R_X86_64_PC8:
		return 1;
	default:
		return 4;
	}
}

static void set_mask(struct unit *u, uint64_t size, uint64_t start, uint64_t len, uint8_t value)
{
	for (uint64_t i = start; i < start + len && i < size; i++)
		u->mask[i] = value;
}

static struct unit *unit_new(const struct match *m, uint32_t shndx, GError **err)
{
	const struct kp_elf_section *s = &m->elf->sections[shndx];
	GArray *relas = kp_elf_relas(m->elf, shndx, err);

	if (!relas)
		return NULL;
	struct unit *u = g_new0(struct unit, 1);

	u->shndx = shndx;
	u->relas = relas;
	u->chunks = g_array_new(FALSE, TRUE, sizeof(struct chunk));
	u->bases = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	u->learned = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	/* resolve_btfids fills .BTF_ids in after the link */
	if (!s->data || strcmp(s->name, ".BTF_ids") == 0)
		return u;
	u->mask = g_new0(uint8_t, s->size);
	for (guint i = 0; i < relas->len; i++) {
		const struct kp_elf_rela *r = &g_array_index(relas, struct kp_elf_rela, i);

		set_mask(u, s->size, r->offset, field_size(r->type), MASK_RELOC);
	}
	return u;
}

/*
 * Jump labels that the compiler wrote as a jump for objtool to turn into a NOP: bit 1 of the key
 * says so (arch/x86/include/asm/jump_label.h, CONFIG_HAVE_JUMP_LABEL_HACK).
 */
static bool mark_jump_labels(struct match *m, GError **err)
{
	uint32_t table = kp_elf_find_section(m->elf, "__jump_table");
	g_autoptr(GArray) relas = table ? kp_elf_relas(m->elf, table, err) : NULL;

	if (!relas)
		return table == 0;
	for (guint i = 0; i + 2 < relas->len; i++) {
		const struct kp_elf_rela *code = &g_array_index(relas, struct kp_elf_rela, i);
		const struct kp_elf_rela *key = code + 2;

		if (code->offset % 16 != 0 || key->offset != code->offset + 8)
			continue;
		uint64_t flags = m->elf->syms[key->sym].value + (uint64_t)key->addend;
		const struct kp_elf_sym *sym = &m->elf->syms[code->sym];
		struct unit *u = unit_of_symbol(m, sym);
		uint64_t at = sym->value + (uint64_t)code->addend;

		if (!(flags & 2) || !u || !u->mask)
			continue;
		const struct kp_elf_section *s = &m->elf->sections[u->shndx];

		if (at < s->size && s->data[at] == 0xeb && s->size - at >= 2)
			set_mask(u, s->size, at, 2, MASK_JUMP_LABEL);
		else if (at < s->size && s->data[at] == 0xe9 && s->size - at >= 5)
			set_mask(u, s->size, at, 5, MASK_JUMP_LABEL);
	}
	return true;
}

static void add_chunk(struct unit *u, uint64_t start, uint64_t end, uint32_t sym)
{
	struct chunk c = { .start = start, .end = end, .sym = sym };

	if (start < end)
		g_array_append_val(u->chunks, c);
}

static void add_named_chunks(struct match *m)
{
	for (uint32_t i = 1; i < m->elf->nsyms; i++) {
		const struct kp_elf_sym *sym = &m->elf->syms[i];
		struct unit *u = unit_of_symbol(m, sym);

		if (!u || !symbol_is_interesting(sym) || sym->size == 0)
			continue;
		uint64_t size = m->elf->sections[u->shndx].size;

		if (sym->value < size)
			add_chunk(u, sym->value, sym->value + MIN(sym->size, size - sym->value), i);
	}
}

/* Offsets that something in the object refers to by section, as boundaries of unnamed data. */
static void collect_boundaries(const struct match *m, uint8_t **edge)
{
	for (uint32_t s = 1; s < m->elf->nsections; s++) {
		const struct unit *u = m->units[s];

		for (guint i = 0; u && i < u->relas->len; i++) {
			struct target t =
				resolve_target(m, &g_array_index(u->relas, struct kp_elf_rela, i));

			if (t.kind == TARGET_UNIT && edge[t.shndx] &&
			    t.offset < m->elf->sections[t.shndx].size)
				edge[t.shndx][t.offset] = 1;
		}
	}
}

/* Unnamed data is compared as well: switch tables, literals that are not merged. */
static void add_unnamed_chunks(struct match *m)
{
	g_autofree uint8_t **edge = g_new0(uint8_t *, m->elf->nsections);

	for (uint32_t s = 1; s < m->elf->nsections; s++)
		if (m->units[s] && m->units[s]->mask &&
		    !(m->elf->sections[s].flags & SHF_EXECINSTR))
			edge[s] = g_new0(uint8_t, m->elf->sections[s].size + 1);
	collect_boundaries(m, edge);
	for (uint32_t s = 1; s < m->elf->nsections; s++) {
		struct unit *u = m->units[s];
		guint named = u ? u->chunks->len : 0;
		uint64_t start = 0, size = m->elf->sections[s].size;

		if (!edge[s])
			continue;
		for (guint i = 0; i < named; i++) { /* 2: inside something named */
			const struct chunk *c = &g_array_index(u->chunks, struct chunk, i);

			memset(edge[s] + c->start, 2, c->end - c->start);
		}
		for (uint64_t at = 0; at <= size; at++) {
			bool inside = at < size && edge[s][at] == 2;
			bool was_inside = at > 0 && edge[s][at - 1] == 2;

			if (at < size && edge[s][at] == 0 && !was_inside)
				continue;
			if (!was_inside)
				add_chunk(u, start, at, 0);
			start = inside ? at + 1 : at;
		}
		g_free(edge[s]);
	}
}

/** struct votes - for one unit: how many names speak for each base. */
struct votes {
	GHashTable *count; /* base -> number */
	unsigned int voters;
};

static void vote(struct votes *v, const struct match *m, const struct kp_elf_sym *sym)
{
	size_t n = 0;
	const struct kp_sym *const *found = kp_symtab_find(m->symtab, sym->name, &n);
	uint64_t last = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t base = found[i]->addr - sym->value;
		void *key = (void *)(uintptr_t)base;

		if (i && base == last)
			continue;
		last = base;
		guint votes = GPOINTER_TO_UINT(g_hash_table_lookup(v->count, key));

		g_hash_table_insert(v->count, key, GUINT_TO_POINTER(votes + 1));
	}
	v->voters += n > 0;
}

static void take_bases(const struct match *m, struct unit *u, struct votes *v, guint number)
{
	GHashTableIter it;
	void *key, *value;

	g_hash_table_iter_init(&it, v->count);
	while (g_hash_table_iter_next(&it, &key, &value)) {
		uint64_t base = (uint64_t)(uintptr_t)key;

		if (GPOINTER_TO_UINT(value) == number && base_is_plausible(m, u->shndx, base))
			g_array_append_val(u->bases, base);
	}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void elect(const struct match *m, struct unit *u, struct votes *v)
{
	take_bases(m, u, v, v->voters);
	u->constrained = u->bases->len > 0;
	/* The names disagree (wrong source?): take the best, the contents will tell. */
	for (guint n = v->voters; n > 0 && u->bases->len < MAX_LOOSE_BASES && !u->constrained; n--)
		take_bases(m, u, v, n);
	if (!u->constrained && u->bases->len > MAX_LOOSE_BASES)
		g_array_set_size(u->bases, MAX_LOOSE_BASES);
	g_array_sort(u->bases, by_value);
}

static void find_bases(struct match *m, bool weak)
{
	g_autofree struct votes *votes = g_new0(struct votes, m->elf->nsections);

	for (uint32_t i = 1; i < m->elf->nsyms; i++) {
		const struct kp_elf_sym *sym = &m->elf->syms[i];
		struct unit *u = unit_of_symbol(m, sym);

		/* A weak definition may have lost against another one of that name. */
		if (!u || !symbol_is_interesting(sym) || (sym->bind == STB_WEAK) != weak ||
		    u->bases->len)
			continue;
		struct votes *v = &votes[u->shndx];

		if (!v->count)
			v->count = g_hash_table_new(NULL, NULL);
		vote(v, m, sym);
	}
	for (uint32_t s = 1; s < m->elf->nsections; s++) {
		if (!votes[s].count)
			continue;
		if (votes[s].voters) {
			elect(m, m->units[s], &votes[s]);
			m->units[s]->weak_only = weak;
			m->units[s]->constrained &= !weak;
		}
		g_hash_table_unref(votes[s].count);
	}
}

bool match_load(struct match *m, GError **err)
{
	m->units = g_new0(struct unit *, m->elf->nsections);
	m->implied = g_new0(uint64_t, m->elf->nsyms + 1);
	m->has_implied = g_new0(uint8_t, m->elf->nsyms + 1);
	m->conflict = g_new0(uint8_t, m->elf->nsyms + 1);
	m->implied_name = g_new0(const char *, m->elf->nsyms + 1);
	for (uint32_t i = 1; i < m->elf->nsections; i++) {
		if (!section_is_unit(&m->elf->sections[i]))
			continue;
		m->units[i] = unit_new(m, i, err);
		if (!m->units[i])
			return false;
	}
	if (!mark_jump_labels(m, err))
		return false;
	add_named_chunks(m);
	add_unnamed_chunks(m);
	find_bases(m, false);
	find_bases(m, true);
	return true;
}
