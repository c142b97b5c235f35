// SPDX-License-Identifier: GPL-2.0
/*
 * kallsyms tables in both layouts, encoded here as scripts/kallsyms.c does, in a
 * small ELF file; then damaged in every part, which must be noticed.
 */
#include "kallsyms.h"

#include "target-util.h"

#define BASE  0xffffffff81000000ULL
#define COUNT 1000

/** struct blob - a .rodata that is being written. Positions are remembered for the damage. */
struct blob {
	GByteArray *data;
	size_t offsets, base, num_syms, names, markers, seqs, tokens, index;
};

static size_t label(struct blob *b)
{
	static const uint8_t zero[8];

	g_byte_array_append(b->data, zero, (guint)(-b->data->len & 7));
	return b->data->len;
}

static void put32(struct blob *b, uint32_t v)
{
	g_byte_array_append(b->data, (const uint8_t *)&v, 4);
}

/* nm has no letter for a symbol of an empty section. */
static char symbol_type(unsigned int i)
{
	if (i == 700)
		return '?';
	return i < 10 ? 'A' : i % 3 ? 't' : 'T';
}

/* Some names occur more than once; one needs a two-byte length. */
static char *symbol_name(unsigned int i)
{
	if (i == 500)
		return g_strnfill(200, 'x');
	return g_strdup_printf("name_%u", i < 900 ? i : i / 10);
}

static uint64_t symbol_addr(unsigned int i)
{
	return i < 10 ? i * 8 : BASE + (i - 10) * 64;
}

/* Token 1 stands for "name", all other tokens of use for their own character. */
static void put_names(struct blob *b, uint32_t *markers)
{
	size_t start = b->names = label(b);

	for (unsigned int i = 0; i < COUNT; i++) {
		g_autofree char *name = symbol_name(i);
		const char *rest = g_str_has_prefix(name, "name") ? name + 4 : name;
		size_t len = (rest != name ? 2U : 1U) + strlen(rest);
		uint8_t head[2] = { (uint8_t)len, 0 };

		if (i % 256 == 0)
			markers[i / 256] = (uint32_t)(b->data->len - start);
		if (len > 0x7f) {
			head[0] = (uint8_t)((len & 0x7f) | 0x80);
			head[1] = (uint8_t)(len >> 7);
		}
		g_byte_array_append(b->data, head, len > 0x7f ? 2 : 1);
		uint8_t type = (uint8_t)symbol_type(i), token = 1;

		g_byte_array_append(b->data, &type, 1);
		if (rest != name)
			g_byte_array_append(b->data, &token, 1);
		g_byte_array_append(b->data, (const uint8_t *)rest, (guint)strlen(rest));
	}
}

static void put_markers(struct blob *b, const uint32_t *markers)
{
	b->markers = label(b);
	for (unsigned int i = 0; i < (COUNT + 255) / 256; i++)
		put32(b, markers[i]);
}

static void put_tokens(struct blob *b)
{
	uint16_t index[256];

	b->tokens = label(b);
	for (unsigned int i = 0; i < 256; i++) {
		char text[2] = { i >= 0x20 && i < 0x7f ? (char)i : 0, 0 };
		const char *token = i == 1 ? "name" : text;

		index[i] = (uint16_t)(b->data->len - b->tokens);
		g_byte_array_append(b->data, (const uint8_t *)token, (guint)strlen(token) + 1);
	}
	b->index = label(b);
	g_byte_array_append(b->data, (const uint8_t *)index, sizeof(index));
}

static void put_offsets(struct blob *b)
{
	uint64_t base = BASE;

	b->offsets = label(b);
	for (unsigned int i = 0; i < COUNT; i++)
		put32(b, i < 10 ? (uint32_t)symbol_addr(i) : (uint32_t)(BASE - 1 - symbol_addr(i)));
	b->base = label(b);
	g_byte_array_append(b->data, (const uint8_t *)&base, 8);
}

static int by_name(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;
	g_autofree char *nx = symbol_name(x);
	g_autofree char *ny = symbol_name(y);
	int cmp = strcmp(nx, ny);

	return cmp ? cmp : (x < y ? -1 : 1);
}

static void put_seqs(struct blob *b)
{
	unsigned int order[COUNT];

	for (unsigned int i = 0; i < COUNT; i++)
		order[i] = i;
	qsort(order, COUNT, sizeof(order[0]), by_name);
	b->seqs = label(b);
	for (unsigned int i = 0; i < COUNT; i++) {
		uint8_t seq[3] = { (uint8_t)(order[i] >> 16), (uint8_t)(order[i] >> 8),
				   (uint8_t)order[i] };

		g_byte_array_append(b->data, seq, 3);
	}
}

static struct blob encode(bool new_layout, bool seqs)
{
	struct blob b = { .data = g_byte_array_new() };
	uint32_t markers[(COUNT + 255) / 256];

	g_byte_array_append(b.data, (const uint8_t *)"other read-only data", 20);
	if (!new_layout)
		put_offsets(&b);
	b.num_syms = label(&b);
	put32(&b, COUNT);
	put_names(&b, markers);
	put_markers(&b, markers);
	if (!new_layout && seqs)
		put_seqs(&b);
	put_tokens(&b);
	if (new_layout) {
		put_offsets(&b);
		put_seqs(&b);
	}
	label(&b);
	g_byte_array_append(b.data, (const uint8_t *)"and more of it", 14);
	return b;
}

/* A vmlinux without .symtab whose only section with contents is .rodata. */
static struct kp_elf *wrap(const uint8_t *rodata, size_t len)
{
	static const char names[] = "\0.rodata\0.shstrtab";
	GByteArray *file = g_byte_array_new();
	Elf64_Shdr sh[3] = {
		[1] = { .sh_name = 1,
			.sh_type = SHT_PROGBITS,
			.sh_flags = SHF_ALLOC,
			.sh_addr = 0xffffffff82000000,
			.sh_offset = sizeof(Elf64_Ehdr),
			.sh_size = len },
		[2] = { .sh_name = 9,
			.sh_type = SHT_STRTAB,
			.sh_offset = sizeof(Elf64_Ehdr) + len,
			.sh_size = sizeof(names) },
	};
	Elf64_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(eh),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 3,
		.e_shstrndx = 2,
		.e_shoff = sizeof(eh) + len + sizeof(names),
	};

	g_byte_array_append(file, (const uint8_t *)&eh, sizeof(eh));
	g_byte_array_append(file, rodata, (guint)len);
	g_byte_array_append(file, (const uint8_t *)names, sizeof(names));
	g_byte_array_append(file, (const uint8_t *)sh, sizeof(sh));
	g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(file);
	g_autoptr(GError) err = NULL;
	struct kp_elf *elf = kp_elf_from_bytes(bytes, "vmlinux", &err);

	if (!elf)
		g_error("%s", err->message);
	return elf;
}

static struct kp_kallsyms *decode(const uint8_t *rodata, size_t len, GError **err)
{
	g_autoptr(kp_elf) elf = wrap(rodata, len);

	return kp_kallsyms_decode(elf, err);
}

static void reads(struct test *t, const char *name, bool new_layout, bool seqs)
{
	struct blob b = encode(new_layout, seqs);
	g_autoptr(GError) err = NULL;
	g_autoptr(kp_kallsyms) ks = decode(b.data->data, b.data->len, &err);
	unsigned int right = 0;

	for (unsigned int i = 0; ks && i < ks->count && i < COUNT; i++) {
		g_autofree char *want = symbol_name(i);

		right += strcmp(ks->entries[i].name, want) == 0 &&
			 ks->entries[i].addr == symbol_addr(i) &&
			 ks->entries[i].type == symbol_type(i);
	}
	check(t, right == COUNT && ks->count == COUNT, name, "%u symbols are right: %s", right,
	      err ? err->message : "");
	g_byte_array_unref(b.data);
}

static void damaged(struct test *t, bool new_layout)
{
	struct blob b = encode(new_layout, true);
	const struct {
		const char *name;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ "token-table", b.tokens + 68, 'x' },	{ "token-index", b.index + 101, 0x55 },
		{ "num-syms", b.num_syms, 0x11 },	{ "marker", b.markers + 8, 0x11 },
		{ "name-length", b.names, 0x10 },	{ "base", b.base + 7, 0 },
		{ "offset-order", b.offsets + 403, 0 }, { "seqs", b.seqs + 302, 0xee },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		uint8_t was = b.data->data[cases[i].at];
		GError *err = NULL;

		b.data->data[cases[i].at] = cases[i].value;
		g_autoptr(kp_kallsyms) ks = decode(b.data->data, b.data->len, &err);
		g_autofree char *name =
			g_strdup_printf("%s-layout-%s", new_layout ? "new" : "old", cases[i].name);

		check_error(t, name, &err, "no usable kallsyms");
		b.data->data[cases[i].at] = was;
	}
	g_byte_array_unref(b.data);
}

static void mutations(struct test *t, bool new_layout)
{
	struct blob b = encode(new_layout, true);
	uint32_t seed = 7;
	unsigned int refused = 0;

	for (int i = 0; i < 1500; i++) {
		g_autoptr(GBytes) bytes = mutate(b.data->data, b.data->len, &seed);
		gsize len = 0;
		const uint8_t *data = g_bytes_get_data(bytes, &len);
		g_autoptr(GError) err = NULL;
		g_autoptr(kp_kallsyms) ks = decode(data, len, &err);

		refused += ks == NULL;
		if (!ks && !err)
			t->failures++;
	}
	check(t, refused > 500, new_layout ? "mutations-new-layout" : "mutations-old-layout",
	      "%u refused", refused);
	g_byte_array_unref(b.data);
}

int main(void)
{
	struct test t;
	GError *err = NULL;

	test_start(&t);
	reads(&t, "old-layout", false, true);
	reads(&t, "old-layout-without-index", false, false);
	reads(&t, "new-layout", true, true);
	damaged(&t, false);
	damaged(&t, true);
	mutations(&t, false);
	mutations(&t, true);
	g_autoptr(kp_kallsyms) none = decode((const uint8_t *)"nothing of the kind", 20, &err);

	check_error(&t, "no-kallsyms", &err, "CONFIG_KALLSYMS");
	return test_end(&t);
}
