// SPDX-License-Identifier: GPL-2.0
/* Kept variables after the link: every reference becomes a row, and what cannot be one is refused. */
#include "post-link-util.h"

#include "klp.h"
#include "ko.h"
#include "late.h"

#include "kpatch-build/keep.h"

#define RECORD(text) ".section .kpatch.undef,\"\",@progbits\n.asciz \"" text "\"\n"
#define STRINGS                                                                                    \
	".section .rodata.str1.1,\"aMS\",@progbits,1\n"                                            \
	"file: .asciz \"fs/a.c\"\nother: .asciz \"fs/b.c\"\nobject: .asciz \"vmlinux\"\n"          \
	"one_name: .asciz \"one\"\ntwo_name: .asciz \"two\"\n"
#define TABLE ".section .kpatch.keep,\"aw\"\n"
/* struct kp_keep */
#define ENTRY(var, size, name, file, line)                                                         \
	".quad " var "," size ",8,0x1234," name "," file ",object\n.long " line ",0\n"
#define END    TABLE ".zero 64\n.section .kpatch.late,\"aw\"\n.zero 48\n"
#define ONE    ".section .data..kept.1,\"aw\"\n"
#define TWO    ".section .data..kept.2,\"aw\"\n"
#define VARS   ONE "one: .quad 5\n" TWO "two: .zero 24\n"
#define BOTH   STRINGS VARS TABLE ENTRY("one", "8", "one_name", "file", "3") ENTRY("two", "24", "two_name", "file", "4")
#define FUNC   ".text\n.type f,@function\nf:\n"

static struct ko *read_source(struct fixture *f, const char *source)
{
	GError *error = NULL;
	g_autofree char *path = assemble(f, "a.o", source);
	struct ko *ko = ko_read(path, &error);

	g_assert_no_error(error);
	return ko;
}

/* What the bundled core's conversion does with kept variables. */
static struct ko *convert(struct fixture *f, const char *source, GError **err)
{
	g_autoptr(ko) ko = read_source(f, source);
	g_autoptr(klp_refs) refs = klp_refs_read(ko, err);
	g_autoptr(keep) keep = keep_read(ko, err);

	if (!keep)
		return NULL;
	keep_check_values(ko, keep, refs, f->symvers, f->diags);
	return late_convert(ko, refs, keep, f->diags, err) ? g_steal_pointer(&ko) : NULL;
}

/* All rows of the table: "SECTION+OFFSET TYPE NAME ROW ADDEND;" */
static char *rows_of(const struct ko *ko)
{
	const struct ko_section *table = ko_section(ko, LATE_SECTION);
	GString *text = g_string_new(NULL);

	for (uint64_t at = 0; ko_rela_at(table, at); at += 48) {
		const struct ko_rela *place = ko_rela_at(table, at);
		uint64_t numbers[3];

		memcpy(numbers, table->data + at + 8, sizeof(numbers));
		g_assert_cmpstr(ko_rela_string(table, at + 40), ==, ".kept");
		g_string_append_printf(text, "%s+%d %d %s %d %d;", place->sym->sec->name,
				       (int)place->addend, (int)numbers[0],
				       ko_rela_string(table, at + 32), (int)numbers[1],
				       (int)numbers[2]);
	}
	return g_string_free(text, FALSE);
}

static void test_rows(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	GError *error = NULL;
	g_autoptr(ko) ko = convert(
		f,
		BOTH ".globl two\n" FUNC
		     "incl one(%rip)\nmov $two+24,%rax\nmovl $3,two+8(%rip)\nmov $two,%rax\n"
		     ".section .text.other,\"ax\"\nmovl $one,%eax\n"
		     /* the section's symbol, and the place behind the variable */
		     ".data\n.quad two+16, f, .data..kept.1+8\n" END,
		&error);

	g_assert_no_error(error);
	g_assert_cmpuint(f->diags->list->len, ==, 0);

	g_autofree char *rows = rows_of(ko);

	g_assert_cmpstr(rows, ==,
			".text+2 2 one 0 -4;.text+9 11 two 1 24;.text+15 2 two 1 0;"
			".text+26 11 two 1 0;.data+0 1 two 1 16;.data+16 1 one 0 8;"
			".text.other+1 10 one 0 0;");

	/* Nothing else is left but what the tables say. */
	for (guint i = 0; i < ko->sections->len; i++) {
		const struct ko_section *sec = ko->sections->pdata[i];
		const GArray *list =
			sec->relas->len ? ((struct ko_relas *)sec->relas->pdata[0])->list : NULL;

		for (guint k = 0; list && k < list->len; k++) {
			const struct ko_symbol *sym = g_array_index(list, struct ko_rela, k).sym;

			g_assert_true(!g_str_has_prefix(sym->sec->name, ".data..kept.") ||
				      !strcmp(sec->name, KEEP_SECTION));
		}
	}
}

/* Before the variable there may be padding: addends count from the variable. */
static void test_padding(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	GError *error = NULL;
	g_autoptr(ko) ko =
		convert(f,
			STRINGS ONE ".zero 4\none: .long 5\n" TABLE ENTRY("one", "4", "one_name",
									  "file", "3") FUNC
			"incl one(%rip)\n" END,
			&error);

	g_assert_no_error(error);

	g_autofree char *rows = rows_of(ko);

	g_assert_cmpstr(rows, ==, ".text+2 2 one 0 -4;");
}

#define VALUE(value) STRINGS ONE "one: .quad " value "\n" TABLE ENTRY("one", "8", "one_name", "file", "3")

/* What an initial value may point to, and what not. */
static void test_values(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	static const struct {
		const char *source, *problem; /* NULL: it is all right */
		const char *remedy;
	} cases[] = {
		{ VALUE("one+4") END, NULL, NULL },
		{ VALUE("two") TWO "two: .zero 24\n" TABLE ENTRY("two", "24", "two_name", "file",
								 "4") END,
		  NULL, NULL },
		{ VALUE("_printk") END, NULL, NULL },
		{ VALUE("klp") RECORD("klp vmlinux hidden 0 ffffffff81000010") END, NULL, NULL },
		{ VALUE("kp_shadow_get") END, NULL, NULL },
		{ VALUE("f") FUNC "ret\n.size f,1\n" END,
		  "the kept variable (fs/a.c:3) points to f of the patch, which goes with it",
		  "do not keep this variable: no function of a patch outlives it" },
		{ VALUE("var") ".data\n.type var,@object\nvar: .quad 1\n.size var,8\n" END,
		  "points to var of the patch", "if it points to a variable, keep that as well" },
		{ VALUE("file") END, "points to the string \"fs/a.c\" of the patch",
		  "let it be NULL, and set it up at run time to what outlives the patch; if" },
		{ VALUE("nft_do") END,
		  "points to nft_do of module nf_tables, which may go before it",
		  "let it be NULL, and set it up at run time to what outlives the patch" },
		{ VALUE("late") RECORD("late nf_tables priv 0 0") END,
		  "points to priv of module nf_tables", "let it be NULL" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		unsigned int before = f->diags->errors;
		GError *error = NULL;
		g_autoptr(ko) ko = convert(f, cases[i].source, &error);

		g_assert_no_error(error);
		g_assert_cmpuint(f->diags->errors - before, ==, cases[i].problem ? 1 : 0);
		if (!cases[i].problem)
			continue;
		expect_diag(f, "one", cases[i].problem);

		const struct kp_diag *last = f->diags->list->pdata[f->diags->list->len - 1];

		g_assert_true(g_str_has_prefix(last->remedy, cases[i].remedy) ||
			      g_str_has_suffix(last->remedy, cases[i].remedy));
	}
}

/* Sections that are read before the core has filled anything in. */
static void test_consumed(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	static const char *const sections[] = { "__jump_table", ".init.text", ".altinstr_replacement",
						".kpatch.callbacks.pre_patch" };

	for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
		GError *error = NULL;
		g_autofree char *source = g_strdup_printf(
			BOTH ".section %s,\"a\"\n.quad one\n" END, sections[i]);
		g_autofree char *problem = g_strdup_printf("%s+0x0 refers to the kept variable one; "
							   "%s is read when the patch is loaded",
							   sections[i], sections[i]);
		g_autoptr(ko) ko = convert(f, source, &error);

		g_assert_no_error(error);
		g_assert_cmpuint(f->diags->errors, ==, i + 1);
		expect_diag(f, NULL, problem);
	}
}

/* A type of relocation that the core does not know. */
static void test_relocation(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	GError *error = NULL;

	g_assert_null(convert(f, BOTH ".data\n.byte one\n" END, &error));
	expect_error(&error, KP_FAILED, "refers to one of KPATCH_KEEP() by a relocation of type 14");
}

/* Tables that do not go with their sections. */
static void test_table(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	static const struct {
		const char *source, *problem;
	} cases[] = {
		{ STRINGS VARS TABLE ENTRY("one", "8", "one_name", "file", "3") END,
		  "nothing in .kpatch.keep is about .data..kept.2" },
		{ BOTH TABLE ENTRY("one", "8", "two_name", "file", "3") END,
		  ".kpatch.keep+0x80 is not the entry of a variable in a section of its own" },
		{ STRINGS ".data\none: .quad 5\n" TABLE ENTRY("one", "8", "one_name", "file", "3")
			  END,
		  ".kpatch.keep+0x0 is not the entry" },
		{ STRINGS ONE "one: .quad 5, 6\n" TABLE ENTRY("one", "8", "one_name", "file", "3")
			  END,
		  ".data..kept.1, where one should be, has 16 bytes" },
		{ STRINGS ONE "one: .quad 5\n" TABLE ENTRY("one", "0", "one_name", "file", "3") END,
		  ".data..kept.1, where one should be, has 8 bytes" },
		{ STRINGS ONE "one: .quad 5\n" TABLE ENTRY("one", "8", "0", "file", "3") END,
		  ".kpatch.keep+0x0 is not the entry" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;

		g_assert_null(convert(f, cases[i].source, &error));
		expect_error(&error, KP_FAILED, cases[i].problem);
	}
}

static void check(struct fixture *f, const char *source, bool bundled)
{
	g_autoptr(ko) ko = read_source(f, source);

	keep_check(ko, bundled, f->diags);
}

static void test_check(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	check(f, BOTH TABLE ENTRY("one", "8", "one_name", "other", "5") END, true);
	g_assert_cmpuint(f->diags->errors, ==, 0);

	check(f, BOTH TABLE ENTRY("two", "8", "one_name", "file", "5") END, true);
	g_assert_cmpuint(f->diags->errors, ==, 1);
	expect_diag(f, "one", "kept variable (fs/a.c:5) of two objects of the patch");

	check(f, BOTH END, false);
	g_assert_cmpuint(f->diags->errors, ==, 3);
	expect_diag(f, "two", "the kernel's own livepatch keeps no variables (KPATCH_KEEP() at fs/a.c:4)");

	check(f, STRINGS VARS TABLE ENTRY("one", "8", "0", "file", "3") END, true);
	g_assert_cmpuint(f->diags->errors, ==, 4);
	expect_diag(f, NULL, "incomplete entry in .kpatch.keep");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/keep/" #name, struct fixture, NULL, setup, test_##name, teardown)
	TEST(rows);
	TEST(padding);
	TEST(values);
	TEST(consumed);
	TEST(relocation);
	TEST(table);
	TEST(check);
	return g_test_run();
}
