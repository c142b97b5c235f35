// SPDX-License-Identifier: GPL-2.0
/* What fields of a kernel and of a module refer to. */
#include "image.h"

#include <elf.h>

#include "elf-read.h"
#include "target-util.h"

static const char source[] =
	".text\n.globl f\nf: mov $data,%rax\n" /* 32S at +3 */
	"mov data+8(%rip),%rcx\n"	       /* PC32 at +10 */
	"call g\n"			       /* PLT32 at +15 */
	"ret\n.globl g\ng: ret\n"
	".data\n.globl data\ndata: .quad f, ext, 0\n"
	".section .data..ro_after_init,\"aw\"\n.globl sealed\nsealed: .quad 1\n"
	".section .init.text,\"ax\"\n.globl start\nstart: ret\n"
	".bss\n.globl zero\nzero: .skip 64\n";

static uint64_t addr_of(const struct kp_image *img, const char *name)
{
	size_t count = 0;
	const struct kp_sym *const *found = kp_symtab_find(kp_image_symtab(img), name, &count);

	return count ? found[0]->addr : 0;
}

/* What holds for both kinds of image. */
static void references(struct test *t, const struct kp_image *img, const char *kind)
{
	uint64_t f = addr_of(img, "f"), g = addr_of(img, "g"), data = addr_of(img, "data");
	struct kp_ref ref;
	g_autofree char *name = NULL;
	bool ok = kp_image_ref(img, f + 3, R_X86_64_32S, &ref) && ref.defined && ref.addr == data;

	name = g_strconcat(kind, "-absolute", NULL);
	check(t, ok, name, "wrong");
	ok = kp_image_ref(img, f + 10, R_X86_64_PC32, &ref) && ref.defined && ref.addr == data + 4;
	g_free(name);
	name = g_strconcat(kind, "-pc-relative", NULL);
	check(t, ok, name, "wrong");
	ok = kp_image_ref(img, f + 15, R_X86_64_PC32, &ref) && ref.defined && ref.addr == g - 4;
	g_free(name);
	name = g_strconcat(kind, "-call", NULL);
	check(t, ok, name, "wrong");
	ok = kp_image_ref(img, data, R_X86_64_64, &ref) && ref.defined && ref.addr == f;
	g_free(name);
	name = g_strconcat(kind, "-pointer", NULL);
	check(t, ok, name, "wrong");
	ok = kp_image_bytes(img, f, 1) && *kp_image_bytes(img, f, 1) == 0x48 &&
	     !kp_image_bytes(img, addr_of(img, "zero"), 1) && !kp_image_bytes(img, 42, 1) &&
	     !kp_image_bytes(img, f, 1 << 20) && !kp_image_bytes(img, UINT64_MAX, 2);
	g_free(name);
	name = g_strconcat(kind, "-bytes", NULL);
	check(t, ok, name, "wrong");
}

static void kernel(struct test *t)
{
	g_autofree char *path = in_dir(t, "kernel");

	link_kernel(t, "kernel",
		    "a.o --defsym=ext=0xffffffff81234560 "
		    "--defsym=__start_ro_after_init=sealed "
		    "--defsym=__end_ro_after_init=sealed+8 "
		    "--defsym=__init_begin=start --defsym=__init_end=start+1");
	g_autoptr(GError) err = NULL;
	g_autoptr(kp_image) img = kp_image_open(path, NULL, &err);

	if (!check(t, img && !kp_image_is_module(img), "kernel", "%s", err ? err->message : ""))
		return;
	references(t, img, "kernel");
	uint64_t sealed = addr_of(img, "sealed");

	check(t,
	      kp_image_ro_after_init(img, sealed) && !kp_image_ro_after_init(img, sealed + 8) &&
		      kp_image_is_init(img, addr_of(img, "start")) &&
		      !kp_image_is_init(img, addr_of(img, "f")),
	      "kernel-ranges", "wrong");
	check(t, !kp_image_has_relocs(img), "kernel-without-relocation-list", "has one");
}

static void module(struct test *t)
{
	g_autofree char *path = in_dir(t, "m.ko");
	struct kp_ref ref;

	link_module(t, "m.ko", "a.o");
	g_autoptr(GError) err = NULL;
	g_autoptr(kp_image) img = kp_image_open(path, NULL, &err);

	if (!check(t, img && kp_image_is_module(img), "module", "%s", err ? err->message : ""))
		return;
	references(t, img, "module");
	uint64_t f = addr_of(img, "f"), data = addr_of(img, "data");

	check(t,
	      kp_image_ref(img, data + 8, R_X86_64_64, &ref) && !ref.defined &&
		      strcmp(ref.undef, "ext") == 0 && ref.addend == 0,
	      "module-undefined", "wrong");
	check(t,
	      !kp_image_ref(img, data + 16, R_X86_64_64, &ref) &&
		      !kp_image_ref(img, f + 3, R_X86_64_PC32, &ref) &&
		      kp_image_reloc_type(img, f + 3) == R_X86_64_32S,
	      "module-no-such-reference", "found one");
	check(t,
	      kp_image_is_reloc_site(img, data) && !kp_image_is_reloc_site(img, data + 16) &&
		      kp_image_addr_is_taken(img, f) &&
		      !kp_image_addr_is_taken(img, addr_of(img, "g")),
	      "module-address-taken", "wrong");
	check(t,
	      kp_image_ro_after_init(img, addr_of(img, "sealed")) &&
		      !kp_image_ro_after_init(img, data) &&
		      kp_image_is_init(img, addr_of(img, "start")),
	      "module-ranges", "wrong");
	const struct kp_image_section *s = kp_image_section_at(img, data + 23);

	check(t, s && strcmp(s->name, ".data") == 0 && s->addr == data, "module-section", "%s",
	      s ? s->name : "none");
}

/* Symbols from `readelf -s` go with the file's own section addresses. */
static void module_with_text_symbols(struct test *t)
{
	g_autofree char *path = in_dir(t, "m.ko");
	g_autofree char *text = in_dir(t, "m.sym");
	g_autofree char *kernel_text = in_dir(t, "kernel.sym");
	GError *err = NULL;

	sh(t, "readelf -s --wide m.ko >m.sym && readelf -s --wide kernel >kernel.sym");
	g_autoptr(kp_image) img = kp_image_open(path, text, &err);
	g_autoptr(kp_image) plain = kp_image_open(path, NULL, NULL);

	check(t,
	      img && plain && addr_of(img, "data") == addr_of(plain, "data") &&
		      addr_of(img, "start") == addr_of(plain, "start"),
	      "module-text-symbols", "%s", err ? err->message : "addresses differ");
	g_clear_error(&err);
	g_autoptr(kp_image) mixed = kp_image_open(path, kernel_text, &err);

	check_error(t, "symbols-of-another-kind", &err, "symbols of a kernel");
}

static void compressed(struct test *t, const char *program, const char *suffix)
{
	g_autofree char *file = g_strconcat("m.ko", suffix, NULL);
	g_autofree char *path = in_dir(t, file);
	g_autofree char *found = g_find_program_in_path(program);

	if (!found) {
		printf("@skip %s no %s program\n", file, program);
		return;
	}
	sh(t, "%s -qkf m.ko", program);
	g_autoptr(GError) err = NULL;
	g_autoptr(kp_image) img = kp_image_open(path, NULL, &err);

	check(t, img && addr_of(img, "f"), file, "%s", err ? err->message : "no symbols");
	sh(t, "truncate -s -20 %s", file);
	g_autoptr(kp_image) cut = kp_image_open(path, NULL, NULL);

	check(t, !cut, "truncated-archive", "%s could be read", file);
}

static void refuses(struct test *t, const char *name, const char *file, const char *message)
{
	g_autofree char *path = in_dir(t, file);
	GError *err = NULL;
	g_autoptr(kp_image) img = kp_image_open(path, NULL, &err);

	check_error(t, name, &err, message);
}

int main(void)
{
	struct test t;

	test_start(&t);
	assemble(&t, "a", source);
	kernel(&t);
	module(&t);
	module_with_text_symbols(&t);
	compressed(&t, "xz", ".xz");
	compressed(&t, "gzip", ".gz");
	compressed(&t, "zstd", ".zst");
	sh(&t,
	   "head -c 300 m.ko >cut.ko; head -c 40 m.ko >tiny.ko; : >empty; "
	   "cp m.ko arm.ko; printf '\\267' | dd of=arm.ko bs=1 seek=18 conv=notrunc status=none; "
	   "strip -s -o stripped kernel");
	refuses(&t, "truncated-module", "cut.ko", "truncated");
	refuses(&t, "tiny-module", "tiny.ko", "truncated");
	refuses(&t, "empty-file", "empty", "not an ELF file");
	refuses(&t, "missing-file", "nothing", "cannot be read");
	refuses(&t, "other-machine", "arm.ko", "not an x86-64 ELF file");
	refuses(&t, "kernel-without-symbols", "stripped", "no usable kallsyms");
	return test_end(&t);
}
