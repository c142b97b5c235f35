// SPDX-License-Identifier: GPL-2.0
/*
 * Two layouts (scripts/kallsyms.c, write_src()), every table aligned to 8 bytes:
 *   up to 6.3:  offsets relative_base num_syms names markers [seqs_of_names] token_table
 * token_index since 6.4:  num_syms names markers token_table token_index offsets relative_base
 * seqs_of_names
 */
#include "kallsyms.h"

#include <string.h>

#include "error.h"

#define TOKENS	  256
#define MAX_SYMS  (1U << 22)
#define KSYM_NAME 512 /* KSYM_NAME_LEN */

/** struct tables - what was found so far; positions are offsets into @data. */
struct tables {
	const uint8_t *data;
	size_t size;
	size_t token_table, token_index, after_index;
	const char *tokens[TOKENS];
	size_t token_len[TOKENS];
	size_t names, names_end, markers, markers_end;
	uint32_t count;
	size_t offsets, relative_base;
	uint64_t base;
	bool absolute_percpu;
};

static size_t align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static uint32_t get32(const struct tables *t, size_t at)
{
	uint32_t v;

	memcpy(&v, t->data + at, sizeof(v));
	return v;
}

/* The table of 256 strings that starts at @at and the u16 index that must follow it. */
static bool try_tokens(struct tables *t, size_t at)
{
	uint32_t offset[TOKENS];
	size_t pos = at;

	for (int i = 0; i < TOKENS; i++) {
		const uint8_t *nul = pos < t->size ? memchr(t->data + pos, 0, t->size - pos) : NULL;

		if (!nul)
			return false;
		offset[i] = (uint32_t)(pos - at);
		t->tokens[i] = (const char *)t->data + pos;
		t->token_len[i] = (size_t)(nul - t->data) - pos;
		if (t->token_len[i] > KSYM_NAME)
			return false;
		pos = (size_t)(nul - t->data) + 1;
	}
	size_t index = align8(pos);

	if (index > t->size || t->size - index < TOKENS * 2)
		return false;
	for (size_t i = 0; i < TOKENS; i++) {
		uint16_t v;

		memcpy(&v, t->data + index + i * 2, sizeof(v));
		if (v != offset[i])
			return false;
	}
	t->token_table = at;
	t->token_index = index;
	t->after_index = align8(index + TOKENS * 2);
	return true;
}

/*
 * Token 48 is "0": step back 47 strings to the start of token 1, then try every aligned start of
 * token 0, because what precedes the table need not be a zero byte.
 */
static bool tokens_before(struct tables *t, size_t zero)
{
	size_t pos = zero;

	for (int i = 47; i >= 1; i--) {
		if (pos < 2)
			return false;
		pos--; /* the NUL that ends token i */
		while (pos > 0 && t->data[pos - 1] != 0)
			pos--;
	}
	if (pos == 0)
		return false;
	size_t end = pos - 1; /* the NUL that ends token 0 */

	for (size_t start = end; end - start <= KSYM_NAME; start--) {
		if (start % 8 == 0 && try_tokens(t, start))
			return true;
		if (start == 0 || t->data[start - 1] == 0)
			break;
	}
	return false;
}

static bool find_tokens(struct tables *t)
{
	static const char digits[] = "0\0"
				     "1\0"
				     "2\0"
				     "3\0"
				     "4\0"
				     "5\0"
				     "6\0"
				     "7\0"
				     "8\0"
				     "9";
	size_t from = 0;

	while (from < t->size) {
		const uint8_t *hit = memmem(t->data + from, t->size - from, digits, sizeof(digits));

		if (!hit)
			return false;
		if (tokens_before(t, (size_t)(hit - t->data)))
			return true;
		from = (size_t)(hit - t->data) + 1;
	}
	return false;
}

/* Length of the entry at @at and where its bytes start; 0 if it is not one. */
static size_t entry_len(const struct tables *t, size_t at, size_t end, size_t *bytes)
{
	if (at >= end)
		return 0;
	size_t len = t->data[at++];

	if (len & 0x80) { /* two-byte ULEB128 */
		if (at >= end)
			return 0;
		len = (len & 0x7f) | (size_t)t->data[at++] << 7;
	}
	*bytes = at;
	return len <= end - at ? len : 0;
}

/* Walks all names from @names; the markers must tell the offset of every 256th. */
static bool names_agree(const struct tables *t, size_t names, uint32_t count, size_t markers)
{
	size_t at = names;

	for (uint32_t i = 0; i < count; i++) {
		size_t bytes = 0;

		if (i % 256 == 0 && get32(t, markers + (size_t)(i / 256) * 4) != at - names)
			return false;
		size_t len = entry_len(t, at, markers, &bytes);

		if (len == 0)
			return false;
		at = bytes + len;
	}
	return align8(at) == markers;
}

/* Number of u32 from @at on that look like markers: 0, then steps that 256 names can take. */
static size_t marker_run(const struct tables *t, size_t at)
{
	size_t n = 1;

	if (get32(t, at) != 0)
		return 0;
	while (at + (n + 1) * 4 <= t->token_table) {
		uint32_t prev = get32(t, at + (n - 1) * 4), v = get32(t, at + n * 4);

		if (v <= prev || v - prev < 256 * 2 || v - prev > 256 * KSYM_NAME)
			break;
		n++;
	}
	return n;
}

/* num_syms (u32, padded) is directly before the names, which end at @markers. */
static bool names_before(struct tables *t, size_t markers, size_t run)
{
	size_t last = get32(t, markers + (run - 1) * 4);
	size_t slack = 256 * (KSYM_NAME + 2);

	if (last + 8 > markers)
		return false;
	size_t high = (markers - last) & ~(size_t)7;
	size_t low = high > slack + 8 ? high - slack : 8;

	for (size_t names = high; names >= low; names -= 8) {
		uint32_t count = get32(t, names - 8);
		size_t need = ((size_t)count + 255) / 256;

		if (count == 0 || count > MAX_SYMS || get32(t, names - 4) != 0 || need != run)
			continue;
		if (!names_agree(t, names, count, markers))
			continue;
		t->names = names;
		t->names_end = markers;
		t->markers = markers;
		t->markers_end = align8(markers + need * 4);
		t->count = count;
		return true;
	}
	return false;
}

static bool find_names(struct tables *t)
{
	/* The markers are before the token table, with at most seqs_of_names in between. */
	size_t span = (size_t)MAX_SYMS * 3 + (MAX_SYMS / 256) * 4 + 64;
	size_t low = t->token_table > span ? t->token_table - span : 8;

	for (size_t at = t->token_table; at > low + 8;) {
		at -= 8;
		size_t run = get32(t, at) == 0 ? marker_run(t, at) : 0;

		/* A run may be too long by what follows by chance, or end in padding. */
		for (size_t n = run; n > 0 && n + 2 > run; n--)
			if ((n > 1 || t->token_table - at <= 4096) && names_before(t, at, n))
				return true;
	}
	return false;
}

static uint64_t entry_addr(const struct tables *t, uint32_t i)
{
	uint32_t raw = get32(t, t->offsets + (size_t)i * 4);

	if (!t->absolute_percpu)
		return t->base + raw;
	int32_t v = (int32_t)raw;

	/* kernel/kallsyms.c, kallsyms_sym_address() */
	return v >= 0 ? (uint64_t)v : t->base - 1 - (uint64_t)(int64_t)v;
}

/* Addresses ascend from table to table, and the base is the lowest relative one. */
static bool try_offsets(struct tables *t, size_t offsets)
{
	size_t base_at = align8(offsets + (size_t)t->count * 4);
	bool has_base = false;

	if (offsets > t->size || base_at > t->size || t->size - base_at < 8)
		return false;
	memcpy(&t->base, t->data + base_at, 8);
	if (t->base < 0xffffffff80000000ULL || t->base >= 0xffffffffc0000000ULL)
		return false;
	t->offsets = offsets;
	t->relative_base = base_at;
	t->absolute_percpu = false;
	for (uint32_t i = 0; i < t->count; i++)
		if (get32(t, offsets + (size_t)i * 4) >> 31)
			t->absolute_percpu = true;
	for (uint32_t i = 0; i < t->count; i++) {
		uint64_t addr = entry_addr(t, i);

		if (i && addr < entry_addr(t, i - 1))
			return false;
		has_base |= addr == t->base;
	}
	return has_base;
}

static bool find_offsets(struct tables *t)
{
	size_t num_syms = t->names - 8, len = align8((size_t)t->count * 4);

	if (num_syms >= len + 8 && try_offsets(t, num_syms - 8 - len))
		return t->relative_base == num_syms - 8;
	return try_offsets(t, t->after_index);
}

/* Expands an entry into @out; the first character is the type. Returns its length, 0 if too long.
 */
static size_t expand(const struct tables *t, size_t at, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t token = t->data[at + i];

		if (n + t->token_len[token] >= KSYM_NAME + 1)
			return 0;
		memcpy(out + n, t->tokens[token], t->token_len[token]);
		n += t->token_len[token];
	}
	out[n] = '\0';
	return n;
}

static struct kp_kallsyms *decode_entries(const struct tables *t)
{
	g_autoptr(kp_kallsyms) ks = g_new0(struct kp_kallsyms, 1);
	g_autoptr(GByteArray) names = g_byte_array_sized_new(t->count * 24);
	g_autofree size_t *start = g_new(size_t, t->count);
	size_t at = t->names;

	ks->entries = g_new0(struct kp_kallsyms_entry, t->count);
	for (uint32_t i = 0; i < t->count; i++) {
		char text[KSYM_NAME + 2];
		size_t bytes = 0, len = entry_len(t, at, t->names_end, &bytes);
		size_t n = expand(t, bytes, len, text);

		/* nm has no letter for some empty sections. */
		if (n < 2 || !(g_ascii_isalpha(text[0]) || text[0] == '?'))
			return NULL;
		start[i] = names->len;
		g_byte_array_append(names, (const uint8_t *)text + 1, (guint)n);
		ks->entries[i].type = text[0];
		ks->entries[i].addr = entry_addr(t, i);
		at = bytes + len;
	}
	ks->count = t->count;
	ks->names = (char *)g_byte_array_free(g_steal_pointer(&names), FALSE);
	for (uint32_t i = 0; i < t->count; i++)
		ks->entries[i].name = ks->names + start[i];
	return g_steal_pointer(&ks);
}

/* seqs_of_names: the kernel's own index, 3 bytes big-endian each, sorted by name, then position. */
static bool seqs_agree(const struct tables *t, const struct kp_kallsyms *ks, size_t at)
{
	g_autofree uint8_t *seen = g_new0(uint8_t, t->count);
	uint32_t prev = 0;

	if (at > t->size || t->size - at < (size_t)t->count * 3)
		return false;
	for (uint32_t i = 0; i < t->count; i++) {
		const uint8_t *p = t->data + at + (size_t)i * 3;
		uint32_t seq = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		if (seq >= t->count || seen[seq]++)
			return false;
		if (i) {
			int cmp = strcmp(ks->entries[prev].name, ks->entries[seq].name);

			if (cmp > 0 || (cmp == 0 && prev > seq))
				return false;
		}
		prev = seq;
	}
	return true;
}

static bool check_seqs(const struct tables *t, const struct kp_kallsyms *ks)
{
	if (t->offsets > t->token_table)
		return seqs_agree(t, ks, align8(t->relative_base + 8));
	/* Before the index was introduced the markers are directly before the tokens. */
	if (t->markers_end == t->token_table)
		return true;
	return align8(t->markers_end + (size_t)t->count * 3) == t->token_table &&
	       seqs_agree(t, ks, t->markers_end);
}

static struct kp_kallsyms *decode_section(const struct kp_elf_section *s, const char **stage)
{
	g_autofree struct tables *t = g_new0(struct tables, 1);
	g_autoptr(kp_kallsyms) ks = NULL;

	t->data = s->data;
	t->size = (size_t)s->size;
	*stage = "no token table";
	if (!find_tokens(t))
		return NULL;
	*stage = "a token table, but no names that go with it";
	if (!find_names(t))
		return NULL;
	*stage = "names, but no addresses that go with them";
	if (!find_offsets(t))
		return NULL;
	*stage = "names that cannot be expanded";
	ks = decode_entries(t);
	if (!ks)
		return NULL;
	*stage = "tables whose index by name does not agree";
	return check_seqs(t, ks) ? g_steal_pointer(&ks) : NULL;
}

struct kp_kallsyms *kp_kallsyms_decode(const struct kp_elf *elf, GError **err)
{
	const char *best = "no read-only data";

	for (uint32_t i = 1; i < elf->nsections; i++) {
		const struct kp_elf_section *s = &elf->sections[i];
		const char *stage = NULL;

		if (!s->data || s->type != SHT_PROGBITS || !g_str_has_prefix(s->name, ".rodata"))
			continue;
		/* tables are aligned within the section as they are in memory */
		if (s->addr % 8 != 0)
			continue;
		struct kp_kallsyms *ks = decode_section(s, &stage);

		if (ks)
			return ks;
		best = stage;
	}
	kp_fail(err, KP_FAILED,
		"%s: no usable kallsyms: %s; the kernel must have CONFIG_KALLSYMS, or give a "
		"vmlinux with symbols or a System.map",
		elf->path, best);
	return NULL;
}

void kp_kallsyms_free(struct kp_kallsyms *ks)
{
	if (!ks)
		return;
	g_free(ks->entries);
	g_free(ks->names);
	g_free(ks);
}
