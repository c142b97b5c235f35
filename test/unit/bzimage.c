// SPDX-License-Identifier: GPL-2.0
/* vmlinuz files: made here with every compression, damaged ones, and the installed ones. */
#include "bzimage.h"

#include "elf-read.h"
#include "image.h"
#include "target-util.h"

/* The lists of arch/x86/tools/relocs.c for the kernel below. */
static const uint32_t relocs3[] = { 0, 0x81000010, 0x81000020, 0, 0x81000030, 0, 0x81000040 };
static const uint32_t relocs2[] = { 0, 0x81000010, 0x81000020, 0, 0x81000040 };

/* A boot header and @payload, as far as the boot protocol says where the payload is. */
static void put_bzimage(const struct test *t, const char *name, const char *payload,
			uint32_t extra_len)
{
	g_autofree char *path = in_dir(t, payload);
	g_autofree char *data = NULL;
	gsize len = 0;

	g_file_get_contents(path, &data, &len, NULL);
	uint8_t *image = g_malloc0(1024 + 0x40 + len);
	uint32_t offset = 0x40, length = (uint32_t)len + extra_len;

	image[0x1f1] = 1;
	memcpy(image + 0x1fe, "\x55\xaa", 2);
	memcpy(image + 0x202, "HdrS\x0f\x02", 6);
	memcpy(image + 0x248, &offset, 4);
	memcpy(image + 0x24c, &length, 4);
	memcpy(image + 1024 + 0x40, data, len);
	put_file(t, name, image, (gssize)(1024 + 0x40 + len));
	g_free(image);
}

/* NAME.bin: the kernel and its relocation list; NAME.bin.METHOD with the length behind it */
static void make_payloads(const struct test *t)
{
	compile(t, "a", "int one(int x) { return x + 1; } int data[1000] = { 1, 2, 3 };\n");
	link_kernel(t, "kernel", "a.o --build-id=0x1122334455667788");
	put_file(t, "relocs3", relocs3, sizeof(relocs3));
	put_file(t, "relocs2", relocs2, sizeof(relocs2));
	put_file(t, "relocs-bad", "\1\2\3\4", 4);
	sh(t, "for r in relocs3 relocs2 relocs-bad; do cat kernel $r >$r.bin; gzip -nk $r.bin; "
	      "xz -k --check=crc32 --x86 --lzma2 $r.bin; "
	      "len() { s=$(stat -c %%s $1); for i in 1 2 3 4; do printf \"\\\\$(printf %%o $((s %% "
	      "256)))\"; "
	      "s=$((s / 256)); done; }; len $r.bin >>$r.bin.xz; "
	      "if command -v zstd >/dev/null; then zstd -qk $r.bin && len $r.bin >>$r.bin.zst; fi; "
	      "done");
}

static struct kp_relocs *unpack(const struct test *t, const char *name, GError **err)
{
	g_autofree char *path = in_dir(t, name);
	g_autoptr(GBytes) bytes = kp_map_file(path, err);
	g_autoptr(GBytes) unpacked = bytes ? kp_bzimage_unpack(bytes, path, err) : NULL;
	g_autoptr(kp_elf) elf = unpacked ? kp_elf_from_bytes(unpacked, path, err) : NULL;

	return elf ? kp_relocs_parse(elf->data + elf->extent, elf->size - elf->extent, path, err)
		   : NULL;
}

static void reads(struct test *t, const char *payload)
{
	g_autoptr(GError) err = NULL;
	bool three = g_str_has_prefix(payload, "relocs3");

	put_bzimage(t, "vmlinuz", payload, 0);
	g_autoptr(kp_relocs) r = unpack(t, "vmlinuz", &err);

	if (!check(t, r != NULL, payload, "%s", err ? err->message : ""))
		return;
	check(t,
	      r->abs64->len == 2 && r->inverse->len == (three ? 1 : 0) && r->abs32->len == 1 &&
		      g_array_index(r->abs32, uint64_t, 0) == 0xffffffff81000040ULL,
	      "relocation-lists", "%u %u %u", r->abs64->len, r->inverse->len, r->abs32->len);
}

static void refuses(struct test *t, const char *name, const char *file, const char *message)
{
	GError *err = NULL;
	g_autoptr(kp_relocs) r = unpack(t, file, &err);

	check_error(t, name, &err, message);
}

static void extracts(struct test *t)
{
	g_autofree char *vmlinuz = in_dir(t, "vmlinuz");
	g_autofree char *out = in_dir(t, "out");
	g_autoptr(GError) err = NULL;

	put_bzimage(t, "vmlinuz", "relocs3.bin.xz", 0);
	if (!check(t, kp_bzimage_extract(vmlinuz, out, &err), "extract", "%s",
		   err ? err->message : ""))
		return;
	sh(t, "cmp out kernel && cmp out.relocs relocs3");
	g_autoptr(kp_image) direct = kp_image_open(vmlinuz, NULL, NULL);
	g_autoptr(kp_image) extracted = kp_image_open(out, NULL, NULL);

	check(t,
	      direct && extracted && kp_image_is_reloc_site(direct, 0xffffffff81000020ULL) &&
		      kp_image_is_reloc_site(extracted, 0xffffffff81000020ULL) &&
		      !kp_image_is_reloc_site(extracted, 0xffffffff81000021ULL),
	      "relocation-sites", "missing");
	check(t, extracted && g_strcmp0(kp_image_build_id(extracted), "1122334455667788") == 0,
	      "build-id", "%s", extracted ? kp_image_build_id(extracted) : "");
}

static void mutations(struct test *t, const char *payload)
{
	g_autofree char *path = in_dir(t, "vmlinuz");
	g_autofree char *bad = in_dir(t, "bad");
	g_autofree char *data = NULL;
	gsize len = 0;
	uint32_t seed = 3;
	unsigned int refused = 0;

	put_bzimage(t, "vmlinuz", payload, 0);
	g_file_get_contents(path, &data, &len, NULL);
	for (int i = 0; i < 400; i++) {
		g_autoptr(GBytes) bytes = mutate((const uint8_t *)data, len, &seed);

		put_file(t, "bad", g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes));
		g_autoptr(GError) err = NULL;
		g_autoptr(kp_image) img = kp_image_open(bad, NULL, &err);

		refused += img == NULL;
		if (!img && !err)
			t->failures++;
	}
	g_autofree char *name = g_strdup_printf("mutations-%s", payload);

	check(t, refused > 50, name, "%u refused", refused);
}

static void installed_kernel(struct test *t, const char *path)
{
	g_autoptr(GError) err = NULL;
	g_autofree char *base = g_path_get_basename(path);
	g_autoptr(kp_image) img = kp_image_open(path, NULL, &err);

	if (!check(t, img != NULL, base, "%s", err ? err->message : ""))
		return;
	const struct kp_symtab *tab = kp_image_symtab(img);
	size_t count = 0;
	const struct kp_sym *const *text = kp_symtab_find(tab, "_text", &count);

	check(t,
	      kp_symtab_count(tab) > 50000 && count == 1 && text[0]->addr >= 0xffffffff80000000ULL,
	      "installed-symbols", "%zu symbols", kp_symtab_count(tab));
	const struct kp_sym *const *show = kp_symtab_find(tab, "meminfo_proc_show", &count);

	/* proc_create_single() is given its address: an absolute field */
	check(t,
	      count == 1 && kp_image_has_relocs(img) &&
		      kp_image_addr_is_taken(img, show[0]->addr) &&
		      !kp_image_addr_is_taken(img, show[0]->addr + 1),
	      "installed-address-taken", "not found");
	const struct kp_sym *const *ro = kp_symtab_find(tab, "__start_ro_after_init", &count);

	check(t,
	      count == 1 && kp_image_ro_after_init(img, ro[0]->addr) &&
		      !kp_image_ro_after_init(img, ro[0]->addr - 1),
	      "installed-ro-after-init", "not found");
	check(t, kp_image_build_id(img) && strlen(kp_image_build_id(img)) == 40,
	      "installed-build-id", "%s", kp_image_build_id(img));
}

int main(void)
{
	struct test t;
	g_autoptr(GPtrArray) kernels = installed("/boot/vmlinuz-*-amd64");

	test_start(&t);
	make_payloads(&t);
	reads(&t, "relocs3.bin.gz");
	reads(&t, "relocs3.bin.xz");
	reads(&t, "relocs2.bin.xz");
	g_autofree char *zst = in_dir(&t, "relocs3.bin.zst");

	if (g_file_test(zst, G_FILE_TEST_EXISTS))
		reads(&t, "relocs3.bin.zst");
	else
		puts("@skip relocs3.bin.zst no zstd program");
	extracts(&t);
	put_bzimage(&t, "vmlinuz", "relocs-bad.bin.xz", 0);
	refuses(&t, "bad-relocation-list", "vmlinuz", "relocation list");
	put_bzimage(&t, "vmlinuz", "relocs3.bin.gz", 1);
	refuses(&t, "payload-beyond-end", "vmlinuz", "truncated");
	sh(&t, "printf '\\002\\041\\114\\030 and so on for a while ' >lz4");
	put_bzimage(&t, "vmlinuz", "lz4", 0);
	refuses(&t, "lz4", "vmlinuz", "lz4");
	refuses(&t, "not-a-bzimage", "kernel", "not a bzImage");
	mutations(&t, "relocs3.bin.gz");
	mutations(&t, "relocs3.bin.xz");
	if (g_file_test(zst, G_FILE_TEST_EXISTS))
		mutations(&t, "relocs3.bin.zst");
	if (kernels->len == 0)
		puts("@skip installed-kernel no Debian kernel image is installed");
	for (guint i = 0; i < kernels->len; i++)
		installed_kernel(&t, g_ptr_array_index(kernels, i));
	return test_end(&t);
}
