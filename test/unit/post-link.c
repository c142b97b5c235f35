// SPDX-License-Identifier: GPL-2.0
/* The post-link step on small objects: every relocation, symbol and table entry that it makes. */
#include "post-link-util.h"

#include "klp.h"
#include "ko.h"
#include "post-link.h"

#define RECORD(text)                                                                               \
	".section .kpatch.undef,\"\",@progbits\n"                                                  \
	".asciz \"" text "\"\n"

#define FUNC(name) ".text\n.type " name ",@function\n" name ":\n"
#define END(name)  ".size " name ",.-" name "\n"

static bool link_as(const struct fixture *f, const char *source, struct objtool_needs needs,
		    struct ko **out, GError **err)
{
	g_autofree char *in = assemble(f, "in.o", source);
	g_autofree char *path = in_fixture(f, "out.ko");
	const struct post_link_request rq = { .input = in,
					      .output = path,
					      .core = patch_core_find("livepatch"),
					      .symvers = f->symvers,
					      .needs = needs,
					      .diags = f->diags };

	g_unlink(path);
	if (!post_link(&rq, err)) {
		g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
		return false;
	}
	if (out) {
		*out = ko_read(path, err);
		g_assert_nonnull(*out);
	}
	return true;
}

static bool link_plain(const struct fixture *f, const char *source, struct ko **out, GError **err)
{
	return link_as(f, source, (struct objtool_needs){ 0 }, out, err);
}

/* "OFFSET TYPE SYMBOL+ADDEND" of each relocation in the section NAME that applies to SECTION. */
static char *relas_of(const struct ko *ko, const char *section, const char *name)
{
	const struct ko_section *sec = ko_section(ko, section);
	GString *text = g_string_new(NULL);

	g_assert_nonnull(sec);
	for (guint i = 0; i < sec->relas->len; i++) {
		const struct ko_relas *relas = sec->relas->pdata[i];

		for (guint j = 0; !strcmp(relas->name, name) && j < relas->list->len; j++) {
			const struct ko_rela *r = &g_array_index(relas->list, struct ko_rela, j);

			g_string_append_printf(text, "%d %u %s%+d;", (int)r->offset, r->type,
					       r->sym->name, (int)r->addend);
		}
	}
	return g_string_free(text, FALSE);
}

static void assert_relas(const struct ko *ko, const char *section, const char *name,
			 const char *want)
{
	g_autofree char *got = relas_of(ko, section, name);

	g_assert_cmpstr(got, ==, want);
}

static void test_convert(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	g_autoptr(ko) ko = NULL;
	GError *error = NULL;

	link_plain(
		f,
		FUNC("f") "call show_val\ncall _printk\ncall nft_priv\nmov nft_priv+8(%rip),%eax\n"
			  "call show_val\n" END(
				  "f") ".data\n.quad show_val+4\n.quad local\nlocal: .quad 0\n"
				       ".section .comment\n.asciz \"x\"\n"
				       ".section .debug_info\n.quad show_val\n" RECORD(
					       "show_val vmlinux show_val.isra.0 2 "
					       "ffffffff81000010")
					       RECORD("nft_priv nf_tables nft_priv 0 0")
						       OBJECT("nf_tables") RECORD(
							       "show_val vmlinux show_val.isra.0 2 "
							       "ffffffff81000010")
							       RECORD("unused vmlinux unused 0 0"),
		&ko, &error);
	g_assert_no_error(error);

	assert_relas(ko, ".text", ".rela.text", "6 4 _printk-4;");
	assert_relas(ko, ".text", ".klp.rela.vmlinux..text",
		     "1 4 .klp.sym.vmlinux.show_val.isra.0,2-4;"
		     "22 4 .klp.sym.vmlinux.show_val.isra.0,2-4;");
	assert_relas(ko, ".text", ".klp.rela.nf_tables..text",
		     "11 4 .klp.sym.nf_tables.nft_priv,0-4;17 2 .klp.sym.nf_tables.nft_priv,0+4;");
	assert_relas(ko, ".data", ".klp.rela.vmlinux..data",
		     "0 1 .klp.sym.vmlinux.show_val.isra.0,2+4;");
	assert_relas(ko, ".data", ".rela.data", "8 1 +16;");
	g_assert_null(ko_section(ko, ".kpatch.undef"));
	g_assert_null(ko_section(ko, ".comment"));
	g_assert_null(ko_section(ko, ".debug_info"));

	const struct ko_relas *klp =
		ko_section(ko, ".text")->relas->pdata[ko_section(ko, ".text")->relas->len - 1];

	g_assert_cmphex(klp->flags, ==, SHF_ALLOC | KO_SHF_RELA_LIVEPATCH);
	for (guint i = 0, globals = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		g_assert_cmpstr(sym->name, !=, "unused");
		globals |= ko_symbol_is_global(sym);
		g_assert_true(!globals || ko_symbol_is_global(sym));
		if (g_str_has_prefix(sym->name, ".klp.sym."))
			g_assert_cmphex(sym->shndx, ==, KO_SHN_LIVEPATCH);
	}
}

static void test_records(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *name56 = g_strnfill(56, 'm');
	g_autofree char *name512 = g_strnfill(512, 's');
	g_autofree char *long_object =
		g_strdup_printf(".text\ncall a\n" RECORD("a %s b 0 0"), name56);
	g_autofree char *long_symbol =
		g_strdup_printf(".text\ncall a\n" RECORD("a vmlinux %s 0 0"), name512);
	const struct {
		const char *source, *error;
	} cases[] = {
		{ ".text\ncall a\n" RECORD("a vmlinux b 0"), "malformed record" },
		{ ".text\ncall a\n" RECORD("a vmlinux b -1 0"), "malformed record" },
		{ ".text\ncall a\n" RECORD("a vmlinux b 0 xyz"), "malformed record" },
		{ ".text\ncall a\n" RECORD("a  b 0 0"), "malformed record" },
		{ ".text\ncall a\n" RECORD("a vmlinux b 1 0") RECORD("a vmlinux b 2 0"),
		  "a stands for b (vmlinux, position 1) and for b (vmlinux, position 2)" },
		{ ".text\ncall a\n" RECORD("a my.mod b 0 0"), "no dot" },
		{ ".text\ncall a\n" RECORD("a vmlinux b,c 0 0"), "no comma" },
		{ long_object, "at most 55 characters" },
		{ long_symbol, "at most 511 characters" },
		{ ".text\ncall a\n.section .kpatch.undef,\"\",@progbits\n.ascii \"a vmlinux b 0 "
		  "0\"\n",
		  "complete record" },
		{ ".text\n.globl a\na: call a\n" RECORD("a vmlinux b 0 0"),
		  "defined by the patch" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;

		g_assert_false(link_plain(f, cases[i].source, NULL, &error));
		expect_error(&error, KP_FAILED, cases[i].error);
	}
}

#define JUMP_ENTRY(key)                                                                            \
	".section __jump_table,\"aw\"\n.align 8\n.long site-.\n.long target-.\n.quad " key "-.\n"

static void test_late(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	GError *error = NULL;
	const char *source = FUNC("drv_open") "nop\nsite: jmp target\ntarget: ret\n" END("drv_open")
		JUMP_ENTRY("key");
	g_autofree char *late =
		g_strconcat(source, RECORD("key drv drv_key 0 0") OBJECT("drv"), NULL);
	g_autofree char *early = g_strconcat(source, RECORD("key vmlinux drv_key 0 0"), NULL);
	const char *init =
		".section .init.text,\"ax\"\n.type g,@function\ng: call a\n.size g,.-g\n" RECORD(
			"a drv a 0 0") OBJECT("drv");

	g_assert_true(link_plain(f, early, NULL, &error));
	g_assert_false(link_plain(f, late, NULL, &error));
	expect_error(&error, KP_UNPATCHABLE, "1 error");
	expect_diag(f, "drv_open", "__jump_table+0x8 refers to drv_key of module drv");
	g_assert_false(link_plain(f, init, NULL, &error));
	expect_error(&error, KP_UNPATCHABLE, "1 error");
	expect_diag(f, "g", ".init.text+0x1 refers to a of module drv");
}

/* The cores fill in references to the modules of a patch, and nobody those to others. */
static void test_lost(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	const char *source = FUNC("f") "call a\ncall b\ncall c\n" END("f") RECORD("a vmlinux a 0 0")
		RECORD("b drv b 0 0")
			OBJECT("drv") ".section .kpatch.undef\n.asciz \"c other c 0 0\"\n";

	GError *error = NULL;

	g_assert_false(link_plain(f, source, NULL, &error));
	expect_error(&error, KP_UNPATCHABLE, "1 error");
	expect_diag(f, NULL, "the patch refers to c, but changes nothing in this module");
}

static void test_undefined(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	GError *error = NULL;

	g_assert_true(
		link_plain(f, ".weak maybe\n.text\ncall maybe\ncall _printk\n", NULL, &error));
	g_assert_false(link_plain(f, FUNC("f") "call nowhere\n" END("f"), NULL, &error));
	expect_error(&error, KP_UNPATCHABLE, "1 error");
	expect_diag(f, "f", "undefined symbol nowhere");
}

static void test_static_call(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	GError *error = NULL;
#define SITE(key)                                                                                  \
	".text\nsite: call __SCT__" key "\n.section .static_call_sites,\"aw\"\n"                   \
	".long site-.\n.long __SCT__" key "-.\n"

	g_assert_true(link_plain(f, SITE("cond_resched"), NULL, &error));
	g_assert_false(link_plain(
		f, SITE("hidden") RECORD("__SCT__hidden vmlinux __SCT__hidden 0 0"), NULL, &error));
	expect_error(&error, KP_UNPATCHABLE, "1 error");
	expect_diag(f, "__SCT__hidden", "static call whose key is not in the patch");
}

#define VERSION(name) ".quad 1\n.asciz \"" name "\"\n.balign 64\n"

static void test_imports(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	g_autoptr(ko) ko = NULL;
	GError *error = NULL;

	/* nft_do is exported by a module, but the patch reaches it by klp. */
	link_plain(
		f,
		".text\ncall nft_do\ncall _printk\n"
		".section __versions,\"a\"\n.balign 64\n" VERSION("module_layout") VERSION("nft_do")
			VERSION("_printk") ".section .modinfo,\"a\"\n.asciz \"license=GPL\"\n"
					   ".asciz \"depends=nf_tables\"\n.asciz "
					   "\"name=x\"\n" RECORD("nft_do nf_tables nft_do 0 0")
						   OBJECT("nf_tables"),
		&ko, &error);
	g_assert_no_error(error);

	const struct ko_section *versions = ko_section(ko, "__versions");
	const struct ko_section *modinfo = ko_section(ko, ".modinfo");

	g_assert_cmpuint(versions->size, ==, 2 * 64);
	g_assert_cmpstr((char *)versions->data + 8, ==, "module_layout");
	g_assert_cmpstr((char *)versions->data + 64 + 8, ==, "_printk");
	g_assert_cmpuint(modinfo->size, ==, 12 + 18 + 7);
	g_assert_true(!memcmp(modinfo->data, "license=GPL\0depends=\0\0\0\0\0\0\0\0\0\0name=x",
			      modinfo->size));
	ko_free(g_steal_pointer(&ko));

	/* Imported in the ordinary way: the dependency stays. */
	link_plain(f,
		   ".text\ncall nft_do\n.section .modinfo,\"a\"\n"
		   ".asciz \"depends=nfnetlink,nf-tables\"\n",
		   &ko, &error);
	g_assert_no_error(error);
	g_assert_cmpstr((char *)ko_section(ko, ".modinfo")->data, ==, "depends=nf-tables");
}

static void test_objtool(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	GError *error = NULL;
	const char *code = FUNC("f") "nop\njmp __x86_return_thunk\n" END("f")
		FUNC("g") "nop\njmp __x86_return_thunk\n" END("g");
	g_autofree char *orc =
		g_strconcat(code,
			    /* f is covered, at g the data ends */
			    ".section .orc_unwind,\"a\"\n.byte 8,0,0,0,0,5\n.zero 6\n"
			    ".section .orc_unwind_ip,\"a\"\n.long f-.\n.long g-.\n",
			    NULL);

	g_assert_false(link_as(f, code, (struct objtool_needs){ .orc = true, .rethunk = true },
			       NULL, &error));
	expect_error(&error, KP_UNPATCHABLE, "2 errors");
	expect_diag(f, NULL, "no unwind data (.orc_unwind)");
	expect_diag(f, NULL, "made no .return_sites");
	g_assert_true(link_as(f, orc, (struct objtool_needs){ .orc = true }, NULL, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(f->diags->list->len, ==, 3);
	expect_diag(f, "g", "no unwind data");
}

#define STRINGS ".section .kpatch.strings,\"a\"\nv: .asciz \"vmlinux\"\nn: .asciz \"f\"\n"

static void test_tables(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *path =
		assemble(f, "in.o",
			 FUNC("f") "ret\n" END("f") STRINGS
			 ".section .kpatch.funcs,\"aw\"\n.quad f,1,0,1,0,n,v\n.quad "
			 "f,1,0,1,0,n,v\n.zero 56\n"
			 ".section .kpatch.callbacks.pre_patch,\"aw\"\n.quad f,v\nc: .quad f,v\n.quad "
			 "f,0\n.zero 16\n.section .kpatch.places,\"aw\"\n.quad f,n,8,c,n,7\n"
			 ".section .kpatch.callbacks.post_patch,\"aw\"\n.quad f,v\n.zero 16\n");
	GError *error = NULL;
	g_autoptr(ko) ko = ko_read(path, &error);

	g_assert_no_error(error);
	patch_check_tables(ko, f->diags);
	g_assert_cmpuint(f->diags->errors, ==, 3);
	expect_diag(f, "f", "replaced twice");
	expect_diag(f, NULL, "more than one pre_patch callback for this object: f and f (f:7)");
	expect_diag(f, "f", "pre_patch callback without the name of its object");
}

/* Damaged objects are refused or worked on, nothing else. */
static void test_damaged(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *path =
		assemble(f, "good.o",
			 FUNC("f") "call a\ncall b\njmp __x86_return_thunk\n" END("f") STRINGS
			 ".section .kpatch.funcs,\"aw\"\n.quad f,1,0,1,0,n,v\n.zero 56\n"
			 ".section .kpatch.callbacks.pre_patch,\"aw\"\n.quad f,v\n.zero 16\n"
			 ".section .orc_unwind,\"a\"\n.byte 8,0,0,0,0,5\n"
			 ".section .orc_unwind_ip,\"a\"\n.long f-.\n"
			 ".section __versions,\"a\"\n.balign 64\n" VERSION(
				 "b") ".section .modinfo,\"a\"\n.asciz "
				      "\"depends=nf_tables\"\n" RECORD("a vmlinux a 0 0")
					      RECORD("b nf_tables b 0 0") OBJECT("nf_tables"));
	g_autofree char *bad = in_fixture(f, "bad.o");
	g_autofree char *out = in_fixture(f, "out.ko");
	g_autofree char *good = NULL;
	gsize len;
	guint refused = 0;
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);

	g_assert_true(g_file_get_contents(path, &good, &len, NULL));
	for (guint i = 0; i < 600; i++) {
		g_autofree char *copy = g_memdup2(good, len);
		g_autoptr(GError) error = NULL;
		gsize size = i % 4 ? len : (gsize)g_rand_int_range(rand, 0, (gint32)len);

		for (guint k = 0; i % 4 && k <= i % 5; k++)
			copy[g_rand_int_range(rand, 0, (gint32)len)] ^=
				(char)g_rand_int_range(rand, 1, 256);
		g_assert_true(g_file_set_contents(bad, copy, (gssize)size, NULL));

		const struct post_link_request rq = { .input = bad,
						      .output = out,
						      .core = patch_core_find("livepatch"),
						      .symvers = f->symvers,
						      .needs = { .orc = true, .rethunk = true },
						      .diags = f->diags };
		g_autoptr(ko) ko = ko_read(bad, NULL);

		if (ko)
			patch_check_tables(ko, f->diags);
		if (!post_link(&rq, &error)) {
			g_assert_nonnull(error);
			refused++;
		}
	}
	g_assert_cmpuint(refused, >, 100);
}

/* The same bytes whatever the name of the input, and again from its own output. */
static void test_same_bytes(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *a = assemble(f, "a.o", FUNC("f") "call _printk\n" END("f"));
	g_autofree char *b = in_fixture(f, "b.o");
	g_autofree char *c = in_fixture(f, "c.o");
	g_autofree char *one = NULL, *two = NULL;
	gsize len1, len2;
	GError *error = NULL;
	g_autoptr(ko) first = ko_read(a, &error);

	g_assert_true(ko_write(first, b, &error));

	g_autoptr(ko) second = ko_read(b, &error);

	g_assert_true(ko_write(second, c, &error));
	g_assert_true(g_file_get_contents(b, &one, &len1, NULL));
	g_assert_true(g_file_get_contents(c, &two, &len2, NULL));
	g_assert_cmpuint(len1, ==, len2);
	g_assert_true(!memcmp(one, two, len1));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
	g_test_add("/post-link/" #name, struct fixture, NULL, setup, test_##name, teardown)
	TEST(convert);
	TEST(records);
	TEST(late);
	TEST(lost);
	TEST(undefined);
	TEST(static_call);
	TEST(imports);
	TEST(objtool);
	TEST(tables);
	TEST(damaged);
	TEST(same_bytes);
	return g_test_run();
}
