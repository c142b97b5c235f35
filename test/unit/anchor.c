// SPDX-License-Identifier: GPL-2.0
/* Modules for the bundled core: anchors, late references, stamps, on a kernel made of a few lines.
 */
#include "post-link-util.h"

#include "core-exports.h"
#include "ko.h"
#include "post-link.h"

#define RELEASE "6.1.0-test"

/* _text is where x86-64 kernels are linked; per-CPU symbols count from 0. */
static const char kernel_source[] =
	".text\n.globl _text, _printk, hidden, ns_export, __init_begin, __init_end, __per_cpu_end\n"
	"_text: .zero 0x100\n_printk: .zero 0x100\nhidden: .zero 0x10\ntwice: .zero 0x10\n"
	"ns_export: .zero 0x10\n"
	".data\n.globl hidden_data, linux_banner\n"
	"hidden_data: .quad 0\nlinux_banner: .asciz \"Linux version " RELEASE " (x@y) #1\"\n"
	".zero 64\n__init_begin:\n.globl boot_only\nboot_only: .quad 0\n__init_end: .quad 0\n"
	".globl percpu_var, absolute\n"
	"percpu_var = 0x120\n__per_cpu_end = 0x1000\nabsolute = 0x123456\n";
static const char other_source[] = ".text\n.zero 0x40\ntwice: .zero 0x10\n";

struct kernel {
	struct fixture f;
	struct kp_image *image;
};

static uint64_t address(const struct kernel *k, const char *name, size_t which)
{
	size_t count = 0;
	const struct kp_sym *const *found = kp_symtab_find(kp_image_symtab(k->image), name, &count);

	g_assert_cmpuint(count, >, which);
	return found[which]->addr;
}

static int64_t distance(const struct kernel *k, const char *name)
{
	return (int64_t)(address(k, name, 0) - address(k, "_printk", 0));
}

static void make_kernel(const struct fixture *f, const char *name, const char *extra)
{
	g_autofree char *source = g_strconcat(kernel_source, extra, NULL);
	g_autofree char *a = assemble(f, "a.o", source);
	g_autofree char *b = assemble(f, "b.o", other_source);
	g_autofree char *out = in_fixture(f, name);
	const char *argv[] = { "ld",
			       "-Ttext=0xffffffff81000000",
			       "--build-id=sha1",
			       "-e",
			       "_text",
			       "-o",
			       out,
			       a,
			       b,
			       NULL };
	int status = -1;

	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
				   NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
}

static void start(struct kernel *k, gconstpointer arg)
{
	g_autofree char *path = NULL;
	GError *error = NULL;

	setup(&k->f, arg);
	make_kernel(&k->f, "vmlinux", "");
	path = in_fixture(&k->f, "vmlinux");
	k->image = kp_image_open(path, NULL, &error);
	g_assert_no_error(error);
}

static void end(struct kernel *k, gconstpointer arg)
{
	kp_image_free(k->image);
	teardown(&k->f, arg);
}

#define IDENT ".section .kpatch.ident,\"a\"\n.zero 28\n"
#define INFO  ".section .modinfo,\"a\"\n.asciz \"vermagic=" RELEASE " SMP\"\n.asciz \"depends=\"\n"
#define LATE  ".section .kpatch.late,\"aw\"\n.zero 48\n"
#define RECORD(text)                                                                               \
	".section .kpatch.undef,\"\",@progbits\n"                                                  \
	".asciz \"" text "\"\n"
#define EXPORTS                                                                                    \
	".section __ksymtab_gpl,\"a\"\n.irp n,kp_enable_patch,kp_shadow_get,kp_shadow_alloc,"      \
	"kp_shadow_get_or_alloc,kp_shadow_free,kp_shadow_free_all,kp_klp_shadow_alloc,"            \
	"kp_klp_shadow_get_or_alloc,kp_klp_shadow_free,kp_klp_shadow_free_all,kp_get_state,"       \
	"kp_get_prev_state\n__ksymtab_\\n: .quad 0\n.endr\n"                                       \
	".section __kcrctab_gpl,\"a\"\n.long 1, 2\n"

static bool run(const struct kernel *k, const char *source, bool core, struct ko **out,
		GError **err)
{
	g_autofree char *all = g_strconcat(source, "\n", IDENT INFO, NULL);
	g_autofree char *in = assemble(&k->f, "in.o", all);
	g_autofree char *path = in_fixture(&k->f, "out.ko");
	const struct post_link_request rq = { .input = in,
					      .output = path,
					      .core = patch_core_find("kpatch"),
					      .symvers = k->f.symvers,
					      .image = k->image,
					      .diags = k->f.diags };

	g_unlink(path);
	if (!(core ? post_link_core : post_link)(&rq, err)) {
		g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
		return false;
	}
	if (out)
		*out = ko_read(path, err);
	return true;
}

static const struct ko_rela *rela_at(const struct ko *ko, const char *section, uint64_t offset)
{
	const struct ko_rela *rela = ko_rela_at(ko_section(ko, section), offset);

	g_assert_nonnull(rela);
	return rela;
}

static void assert_anchored(const struct ko *ko, const char *section, uint64_t offset,
			    int64_t addend)
{
	const struct ko_rela *rela = rela_at(ko, section, offset);

	g_assert_cmpstr(rela->sym->name, ==, "_printk");
	g_assert_null(rela->sym->sec);
	g_assert_cmpint(rela->addend, ==, addend);
}

static const struct ko_symbol *any_symbol(const struct ko *ko, const char *name)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		if (!strcmp(sym->name, name))
			return sym;
	}
	return NULL;
}

#define VERSIONS ".section __versions,\"a\"\n.quad 1\n.asciz \"module_layout\"\n.balign 64\n"

static void test_core(struct kernel *k, gconstpointer arg G_GNUC_UNUSED)
{
	g_autoptr(ko) ko = NULL;
	GError *error = NULL;

	run(k,
	    ".text\ncall hidden\nmov hidden_data+4(%rip),%eax\nmov $hidden_data,%rdi\n"
	    "mov %gs:percpu_var(%rip),%rax\ncall nft_do\ncall ns_export\n"
	    ".data\n.quad hidden_data\n" EXPORTS VERSIONS,
	    true, &ko, &error);
	g_assert_no_error(error);
	assert_anchored(ko, ".text", 1, distance(k, "hidden") - 4);
	assert_anchored(ko, ".text", 7, distance(k, "hidden_data"));
	assert_anchored(ko, ".text", 14, distance(k, "hidden_data"));
	assert_anchored(ko, ".text", 32, distance(k, "ns_export") - 4);
	assert_anchored(ko, ".data", 0, distance(k, "hidden_data"));
	g_assert_cmpstr(rela_at(ko, ".text", 27)->sym->name, ==, "nft_do");

	const struct ko_rela *percpu = rela_at(ko, ".text", 22);

	g_assert_cmpuint(percpu->sym->shndx, ==, SHN_ABS);
	g_assert_cmphex(percpu->sym->value, ==, 0x120);
	g_assert_cmpint(percpu->addend, ==, -4);
	g_assert_null(any_symbol(ko, "hidden"));
	g_assert_null(any_symbol(ko, "ns_export"));

	/* The anchor is imported since now, with its checksum. */
	const struct ko_section *versions = ko_section(ko, "__versions");
	bool found = false;

	for (uint64_t at = 0; at < versions->size; at += 64) {
		uint64_t crc;

		memcpy(&crc, versions->data + at, sizeof(crc));
		found |= !strcmp((char *)versions->data + at + 8, "_printk") && crc == 0x11111111;
	}
	g_assert_true(found);

	const uint32_t *ident = (const uint32_t *)(void *)ko_section(ko, ".kpatch.ident")->data;
	g_autoptr(GString) hex = g_string_new(NULL);

	g_assert_cmphex(ident[0], ==, CORE_IDENT_MAGIC);
	g_assert_cmphex(ident[1], ==, CORE_IDENT_VERSION);
	for (size_t i = 0; i < CORE_BUILD_ID_SIZE; i++)
		g_string_append_printf(hex, "%02x", ((const uint8_t *)(ident + 2))[i]);
	g_assert_cmpstr(hex->str, ==, kp_image_build_id(k->image));

	const uint32_t *crcs = (const uint32_t *)(void *)ko_section(ko, "__kcrctab_gpl")->data;

	g_assert_cmphex(crcs[0], ==, CORE_EXPORTS_CRC);
	g_assert_cmphex(crcs[1], ==, CORE_EXPORTS_CRC);
}

static void test_refused(struct kernel *k, gconstpointer arg G_GNUC_UNUSED)
{
	const struct {
		const char *code, *symbol, *finding;
		bool patch_too; /* with a record */
	} cases[] = {
		{ ".text\nf: call twice\n", ".text", "twice means 2 symbols", true },
		{ ".text\nf: call nowhere\n", ".text", "undefined symbol nowhere", true },
		{ ".text\nmov boot_only(%rip),%eax\n", ".text", "frees at the end of its start",
		  true },
		{ ".text\nmov $absolute,%rax\n", ".text", "is an absolute symbol", true },
		{ ".text\nmov $hidden,%edi\n", NULL, "cannot hold an address", true },
		{ ".data\n.word hidden\n", NULL, "cannot hold an address", true },
		{ ".text\nmov hidden+0x7f000000(%rip),%eax\n", NULL, "leaves the kernel's image",
		  true },
		{ ".text\nmov %gs:percpu_var+0x7f000000(%rip),%eax\n", NULL,
		  "leaves the per-CPU area", true },
		{ ".section __jump_table,\"aw\"\n.quad hidden_data-.\n", NULL,
		  "before anything can check", false },
		{ ".section .static_call_sites,\"aw\"\n.long hidden_data-.\n", NULL,
		  "before anything can check", false },
	};
	static const char *const names[] = { "hidden", "hidden_data", "boot_only", "percpu_var",
					     "absolute" };

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *core = g_strconcat(cases[i].code, EXPORTS, NULL);
		g_autoptr(GString) patch = g_string_new(cases[i].code);
		GError *error = NULL;

		for (size_t n = 0; n < G_N_ELEMENTS(names); n++)
			g_string_append_printf(patch, RECORD("%s vmlinux %s 0 %lx"), names[n],
					       names[n], address(k, names[n], 0));
		g_assert_false(run(k, core, true, NULL, &error));
		expect_error(&error, KP_UNPATCHABLE, "error");
		expect_diag(&k->f, cases[i].symbol, cases[i].finding);
		kp_diags_free(k->f.diags);
		k->f.diags = kp_diags_new();
		g_string_append(patch, LATE);
		g_assert_cmpint(run(k, patch->str, false, NULL, &error), !=, cases[i].patch_too);
		g_clear_error(&error);
	}
}

/* Which of two symbols of a name is meant, and whether it is there. */
static void test_records(struct kernel *k, gconstpointer arg G_GNUC_UNUSED)
{
	GError *error = NULL;

	for (size_t i = 0; i < 4; i++) {
		g_autoptr(ko) ko = NULL;
		size_t which = i % 2;
		g_autofree char *source =
			g_strdup_printf(".text\ncall t\n" RECORD("t vmlinux twice %zu %lx") LATE,
					which + 1, i < 2 ? address(k, "twice", which) : 0);

		run(k, source, false, &ko, &error);
		g_assert_no_error(error);
		assert_anchored(ko, ".text", 1,
				(int64_t)(address(k, "twice", which) - address(k, "_printk", 0)) -
					4);
	}
	g_assert_false(run(k, ".text\ncall t\n" RECORD("t vmlinux hidden 0 ffffffff81000001") LATE,
			   false, NULL, &error));
	expect_error(&error, KP_UNPATCHABLE, "1 error");
	expect_diag(&k->f, ".text", "has another address in this kernel image");
	/* Without a record a patch means an export, or nothing. */
	g_assert_false(run(k, ".text\ncall hidden\n" LATE, false, NULL, &error));
	expect_error(&error, KP_UNPATCHABLE, "1 error");
	expect_diag(&k->f, ".text", "undefined symbol hidden");
}

#define STRINGS                                                                                    \
	".section .kpatch.strings,\"a\"\nv: .asciz \"vmlinux\"\nd: .asciz \"drv\"\nn: .asciz "     \
	"\"f\"\n"

static void test_originals(struct kernel *k, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *source =
		g_strdup_printf(".text\nf: ret\n" STRINGS LATE ".section .kpatch.funcs,\"aw\"\n"
				".quad f,1,0x%lx,1,0,n,v\n.quad f,1,0x5000,1,0,n,d\n.quad "
				"f,1,0,1,0,n,v\n.zero 56\n",
				address(k, "hidden", 0));
	g_autoptr(ko) ko = NULL;
	GError *error = NULL;
	uint64_t field;

	run(k, source, false, &ko, &error);
	g_assert_no_error(error);
	assert_anchored(ko, ".kpatch.funcs", 16, distance(k, "hidden"));
	/* The loader wants zero where it relocates. */
	for (uint64_t at = 16; at < 224; at += 56) {
		memcpy(&field, ko_section(ko, ".kpatch.funcs")->data + at, sizeof(field));
		g_assert_cmphex(field, ==, 0);
	}
	g_assert_null(ko_rela_at(ko_section(ko, ".kpatch.funcs"), 56 + 16));
	g_assert_null(ko_rela_at(ko_section(ko, ".kpatch.funcs"), 112 + 16));
	g_assert_false(run(k,
			   ".text\nf: ret\n" STRINGS LATE
			   ".section .kpatch.funcs,\"aw\"\n.quad f,1,0x1234,1,0,n,v\n.zero 56\n",
			   false, NULL, &error));
	expect_error(&error, KP_FAILED, "0x1234 is not in the kernel's image");
}

static uint64_t number(const struct ko_section *sec, uint64_t at)
{
	uint64_t value;

	memcpy(&value, sec->data + at, sizeof(value));
	return value;
}

static void test_late(struct kernel *k, gconstpointer arg G_GNUC_UNUSED)
{
	const char *source = ".text\nnop\ncall a\n.data\n.quad 0\n.quad b+8\n.quad hidden\n"
			     ".globl __kpatch_late\n" LATE RECORD("a drv a_name 2 0") OBJECT("drv")
				     RECORD("b nf_tables b 0 0") OBJECT("nf_tables")
					     RECORD("hidden vmlinux hidden 0 0");
	static const struct {
		const char *section, *name, *objname;
		uint64_t place, type, sympos;
		int64_t addend;
	} rows[] = {
		{ ".text", "a_name", "drv", 2, R_X86_64_PLT32, 2, -4 },
		{ ".data", "b", "nf_tables", 8, R_X86_64_64, 0, 8 },
	};
	g_autoptr(ko) ko = NULL;
	GError *error = NULL;

	run(k, source, false, &ko, &error);
	g_assert_no_error(error);

	const struct ko_section *table = ko_section(ko, ".kpatch.late");

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct ko_rela *place = rela_at(ko, ".kpatch.late", i * 48);

		g_assert_cmpstr(place->sym->sec->name, ==, rows[i].section);
		g_assert_cmpuint(place->sym->value + (uint64_t)place->addend, ==, rows[i].place);
		g_assert_cmpuint(number(table, i * 48 + 8), ==, rows[i].type);
		g_assert_cmpuint(number(table, i * 48 + 16), ==, rows[i].sympos);
		g_assert_cmpint((int64_t)number(table, i * 48 + 24), ==, rows[i].addend);
		g_assert_cmpstr(ko_rela_string(table, i * 48 + 32), ==, rows[i].name);
		g_assert_cmpstr(ko_rela_string(table, i * 48 + 40), ==, rows[i].objname);
	}
	for (uint64_t at = 96; at < 144; at += 8) {
		g_assert_cmpuint(number(table, at), ==, 0);
		g_assert_null(ko_rela_at(table, at));
	}
	g_assert_null(ko_rela_at(ko_section(ko, ".text"), 2));
	g_assert_null(ko_rela_at(ko_section(ko, ".data"), 8));
	assert_anchored(ko, ".data", 16, distance(k, "hidden"));
	g_assert_null(any_symbol(ko, "a"));

	/* Where it would be too late, or where the bytes are only copied from. */
	static const char *const consumed[] = { "__jump_table", ".altinstr_replacement",
						".data..percpu", ".init.data", "__ex_table" };

	for (size_t i = 0; i < G_N_ELEMENTS(consumed); i++) {
		g_autofree char *bad = g_strdup_printf(
			".section %s,\"aw\"\n.quad a\n" LATE RECORD("a drv a 0 0") OBJECT("drv"),
			consumed[i]);

		g_assert_false(run(k, bad, false, NULL, &error));
		expect_error(&error, KP_UNPATCHABLE, "1 error");
		expect_diag(&k->f, NULL, consumed[i]);
	}
	g_assert_false(run(k, ".data\n.quad a-.\n" LATE RECORD("a drv a 0 0") OBJECT("drv"), false,
			   NULL, &error));
	expect_error(&error, KP_FAILED, "a relocation of type 24, which is not known");
	g_assert_false(run(k, ".data\n.quad a\n" RECORD("a drv a 0 0") OBJECT("drv"), false, NULL,
			   &error));
	expect_error(&error, KP_FAILED, ".kpatch.late is missing");
}

static void test_stamp(struct kernel *k, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *out = in_fixture(&k->f, "out.ko");
	g_autofree char *again = in_fixture(&k->f, "again.ko");
	g_autofree char *other = in_fixture(&k->f, "other");
	g_autofree char *no_ident = assemble(&k->f, "no-ident.o", ".text\nnop\n" EXPORTS INFO);
	struct post_link_request rq = { .input = out,
					.output = again,
					.symvers = k->f.symvers,
					.image = k->image,
					.diags = k->f.diags };
	GError *error = NULL;

	g_assert_true(run(k, ".text\ncall hidden\n" EXPORTS, true, NULL, &error));
	/* Once more changes nothing. */
	g_assert_true(post_link_core(&rq, &error));

	g_autofree char *first = NULL, *second = NULL;
	gsize len1, len2;

	g_assert_true(g_file_get_contents(out, &first, &len1, NULL));
	g_assert_true(g_file_get_contents(again, &second, &len2, NULL));
	g_assert_true(len1 == len2 && !memcmp(first, second, len1));

	/* The same release, another build: its references would be wrong. */
	make_kernel(&k->f, "other", ".data\n.quad 1\n");
	g_autoptr(kp_image) image = kp_image_open(other, NULL, &error);

	g_assert_no_error(error);
	rq.image = image;
	g_assert_false(post_link_core(&rq, &error));
	expect_error(&error, KP_FAILED, "another build of this kernel");
	rq.image = k->image;
	rq.input = no_ident;
	g_assert_false(post_link_core(&rq, &error));
	expect_error(&error, KP_FAILED, ".kpatch.ident of 28 bytes is missing");
	g_assert_false(run(k, ".text\nf: nop\n", true, NULL, &error));
	expect_error(&error, KP_FAILED, "does not export kp_enable_patch");
}

static void test_exports(struct kernel *k, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *path = in_fixture(&k->f, "core.symvers");
	g_autofree char *text = core_exports_symvers();
	g_autofree char *in = assemble(&k->f, "in.o",
				       ".text\ncall klp_shadow_get\ncall klp_shadow_alloc\n"
				       ".globl klp_get_state\nklp_get_state: ret\n");
	GError *error = NULL;
	g_autoptr(ko) ko = ko_read(in, &error);

	g_assert_no_error(error);
	g_assert_true(core_exports_rename(ko));
	g_assert_false(core_exports_rename(ko));
	g_assert_cmpstr(rela_at(ko, ".text", 1)->sym->name, ==, "kp_shadow_get");
	g_assert_cmpstr(rela_at(ko, ".text", 6)->sym->name, ==, "kp_klp_shadow_alloc");
	/* The patch's own function. */
	g_assert_nonnull(ko_symbol(ko, "klp_get_state"));

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_autoptr(kp_symvers) symvers = kp_symvers_open(path, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(kp_symvers_count(symvers), ==, 12);
	g_assert_cmphex(kp_symvers_find(symvers, "kp_get_state")->crc, ==, CORE_EXPORTS_CRC);
	g_assert_true(core_exports_has("kp_enable_patch"));
	g_assert_false(core_exports_has("klp_shadow_get"));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(struct kernel *, gconstpointer);
	} tests[] = {
		{ "/anchor/core", test_core },	     { "/anchor/refused", test_refused },
		{ "/anchor/records", test_records }, { "/anchor/originals", test_originals },
		{ "/anchor/late", test_late },	     { "/anchor/stamp", test_stamp },
		{ "/anchor/exports", test_exports },
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].name, struct kernel, NULL, start, tests[i].fn, end);
	return g_test_run();
}
