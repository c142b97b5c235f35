// SPDX-License-Identifier: GPL-2.0
/* The first link: what one object calls a symbol must not become another's. */
#include "post-link-util.h"

#include "klp.h"
#include "ko.h"
#include "link-merge.h"

#define RECORD(text)                                                                               \
	".section .kpatch.undef,\"\",@progbits\n"                                                  \
	".asciz \"" text "\"\n"

/* Links the objects and opens the result; NULL with @err. */
static struct ko *merge(const struct fixture *f, const char *a, const char *b,
			struct merge_result **result, GError **err)
{
	g_autofree char *dir = g_get_current_dir();
	g_autofree char *script = g_build_filename(g_getenv("KP_TOP") ? g_getenv("KP_TOP") : dir,
						   "kmod/patch/patch.lds", NULL);
	g_autofree char *out = in_fixture(f, "merged.o");
	g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(objects, assemble(f, "a.o", a));
	g_ptr_array_add(objects, assemble(f, "b.o", b));

	const struct merge_request rq = { .objects = objects,
					  .work_dir = f->dir,
					  .script = script,
					  .output = out,
					  .symvers = f->symvers,
					  .diags = f->diags };

	*result = merge_objects(&rq, NULL, err);
	return *result ? ko_read(out, err) : NULL;
}

/* What the relocation at @offset of .text stands for: "OBJNAME NAME SYMPOS". */
static char *meaning(const struct ko *ko, const struct klp_refs *refs, uint64_t offset)
{
	const struct ko_rela *rela = ko_rela_at(ko_section(ko, ".text"), offset);
	const struct klp_ref *ref = rela ? klp_ref_find(refs, rela->sym->name) : NULL;

	return ref ? g_strdup_printf("%s %s %lu", ref->objname, ref->name, ref->sympos)
		   : g_strdup(rela ? rela->sym->name : "");
}

static void assert_meaning(const struct ko *ko, const struct klp_refs *refs, uint64_t offset,
			   const char *want)
{
	g_autofree char *got = meaning(ko, refs, offset);

	g_assert_cmpstr(got, ==, want);
}

static void test_aliases(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	g_autoptr(merge_result) result = NULL;
	GError *error = NULL;
	g_autoptr(ko) ko = merge(
		f,
		/* foo, fresh, _printk: each means something else in b.o; same means the same */
		".section .text.a,\"ax\"\n"
		"call foo\ncall fresh\ncall same\ncall _printk\ncall dma_buf_get\n" RECORD(
			"foo vmlinux foo 1 0") RECORD("fresh vmlinux fresh 0 0")
			RECORD("same vmlinux same 3 0"),
		".section .text.b,\"ax\"\n"
		"call foo\n.globl fresh\nfresh: call same\ncall _printk\n"
		"call __SCT__tp_func_x\n" RECORD("foo vmlinux foo 2 0")
			RECORD("same vmlinux same 3 0") RECORD("_printk drv _printk 0 0")
				RECORD("__SCT__tp_func_x drv __SCT__tp_func_x 0 0"),
		&result, &error);

	g_assert_no_error(error);

	g_autoptr(klp_refs) refs = klp_refs_read(ko, &error);

	g_assert_no_error(error);
	assert_meaning(ko, refs, 1, "vmlinux foo 1");
	assert_meaning(ko, refs, 6, "vmlinux fresh 0");
	assert_meaning(ko, refs, 11, "vmlinux same 3");
	assert_meaning(ko, refs, 16, "_printk");
	assert_meaning(ko, refs, 21, "dma_buf_get");
	assert_meaning(ko, refs, 26, "vmlinux foo 2");
	assert_meaning(ko, refs, 31, "vmlinux same 3");
	assert_meaning(ko, refs, 36, "drv _printk 0");
	assert_meaning(ko, refs, 41, "drv __SCT__tp_func_x 0");
	/* objtool makes a static call site of what it finds under such a name */
	g_assert_null(ko_symbol(ko, "__SCT__tp_func_x"));
	g_assert_cmpuint(result->namespaces->len, ==, 1);
	g_assert_cmpstr(result->namespaces->pdata[0], ==, "DMA_BUF");
}

#define STRINGS ".section .kpatch.strings,\"a\"\nv: .asciz \"vmlinux\"\nn: .asciz "

/* Sections are merged, special ones kept, and the tables have no gaps. */
static void test_sections(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	g_autoptr(merge_result) result = NULL;
	GError *error = NULL;
	const char *a = ".section .text.f,\"ax\"\nf: ret\n"
			".section .text.unlikely.f,\"ax\"\nnop\n"
			".section .noinstr.text,\"ax\"\nnop\n"
			".section .data.x,\"aw\"\n.long 1\n.section .data..percpu,\"aw\"\n.long 1\n"
			".section .rodata.f.str1.1,\"aMS\",@progbits,1\n.asciz \"s\"\n"
			".section .rodata.y,\"a\"\n.long 1\n.section .bss.z,\"aw\",@nobits\n.zero "
			"8\n" STRINGS "\"f\"\n.section .kpatch.funcs,\"aw\"\n.balign 32\n"
			".quad f,1,0,1,0,n,v\n";
	const char *b = ".section .text.g,\"ax\"\ng: ret\n" STRINGS
			"\"g\"\n.section .kpatch.funcs,\"aw\"\n.balign 32\n.quad g,1,0,1,0,n,v\n";
	g_autoptr(ko) ko = merge(f, a, b, &result, &error);
	static const struct {
		const char *name;
		uint64_t size;
	} want[] = {
		{ ".noinstr.text", 1 },
		{ ".data", 4 },
		{ ".data..percpu", 4 },
		{ ".rodata.str1.1", 2 },
		{ ".rodata", 4 },
		{ ".bss", 8 },
		{ ".kpatch.funcs", 3 * 56 },
		{ ".kpatch.callbacks.pre_patch", 16 },
	};
	static const char *const starts[] = { "__kpatch_funcs", "__kpatch_callbacks_pre_patch",
					      "__kpatch_callbacks_post_patch",
					      "__kpatch_callbacks_pre_unpatch",
					      "__kpatch_callbacks_post_unpatch" };

	g_assert_no_error(error);
	for (size_t i = 0; i < G_N_ELEMENTS(want); i++) {
		g_assert_nonnull(ko_section(ko, want[i].name));
		g_assert_cmpuint(ko_section(ko, want[i].name)->size, ==, want[i].size);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		const struct ko_symbol *sym = ko_symbol(ko, starts[i]);

		g_assert_true(sym && sym->sec && g_str_has_prefix(sym->sec->name, ".kpatch."));
		g_assert_cmpuint(sym->value, ==, 0);
	}
	for (guint i = 0; i < ko->sections->len; i++)
		g_assert_false(g_str_has_prefix(((struct ko_section *)ko->sections->pdata[i])->name,
						".text."));

	const struct ko_section *funcs = ko_section(ko, ".kpatch.funcs");

	g_assert_cmpstr(ko_rela_string(funcs, 40), ==, "f");
	g_assert_cmpstr(ko_rela_string(funcs, 56 + 40), ==, "g");
	g_assert_null(ko_rela_at(funcs, 2 * 56));
}

static void test_twice(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	g_autoptr(merge_result) result = NULL;
	GError *error = NULL;
	const char *source = ".section .text.f,\"ax\"\nf: ret\n" STRINGS
			     "\"f\"\n.section .kpatch.funcs,\"aw\"\n.quad f,1,0,1,0,n,v\n";

	g_assert_null(merge(f, source, source, &result, &error));
	expect_error(&error, KP_UNPATCHABLE, "do not go together");
	expect_diag(f, "f", "replaced twice");
}

#define HOT_COLD(name)                                                                             \
	".section .text.a,\"ax\"\n.type " name ",@function\n" name ": jmp " name ".cold\n"         \
	".section .text.unlikely.a,\"ax\"\n.type " name ".cold,@function\n" name ".cold: ret\n"

/* The only symbol called @name; NULL if there are none or several. */
static const struct ko_symbol *only(const struct ko *ko, const char *name)
{
	const struct ko_symbol *found = NULL;

	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		if (strcmp(sym->name, name))
			continue;
		if (found)
			return NULL;
		found = sym;
	}
	return found;
}

/* Two static functions of one name, both with a cold part: objtool must tell them apart. */
static void test_cold(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	g_autoptr(merge_result) result = NULL;
	GError *error = NULL;
	g_autoptr(ko) ko = merge(f, HOT_COLD("f") HOT_COLD("own"), HOT_COLD("f") HOT_COLD("other"),
				 &result, &error);

	g_assert_no_error(error);
	g_assert_nonnull(only(ko, "own.cold"));
	g_assert_nonnull(only(ko, "other.cold"));
	g_assert_null(only(ko, "f"));
	g_assert_nonnull(only(ko, "f.kpatch1"));
	g_assert_nonnull(only(ko, "f.kpatch1.cold"));
	g_assert_nonnull(only(ko, "f.kpatch2"));
	g_assert_nonnull(only(ko, "f.kpatch2.cold"));
	g_assert_true(only(ko, "f.kpatch1.cold")->sec == only(ko, "f.kpatch2")->sec);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/merge/" #name, struct fixture, NULL, setup, test_##name, teardown)
	TEST(aliases);
	TEST(sections);
	TEST(twice);
	TEST(cold);
	return g_test_run();
}
