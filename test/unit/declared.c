// SPDX-License-Identifier: GPL-2.0
/* Declarations of several objects that do or do not go together. */
#include "post-link-util.h"

#include <string.h>

#include "declared-layout.h"
#include "kpatch-build/declared.h"
#include "ko.h"

/* struct kpatch_patch_state; functions may be 0. */
#define STATE(name, id, setup, line, block)                                                        \
	".quad " name "," id "," setup ",0,0,0,file,object\n.long 0," line "\n.byte " block        \
	",0,0,0,0,0,0,0\n"
#define NAMES                                                                                      \
	".section .rodata.str1.1,\"aMS\",@progbits,1\n"                                            \
	"file: .asciz \"fs/a.c\"\nobject: .asciz \"vmlinux\"\n"                                    \
	"one: .asciz \"one\"\nother: .asciz \"one\"\ntwo: .asciz \"two\"\n"                        \
	".section .text.f,\"ax\"\n.type f,@function\nf: ret\n.size f,1\n"

static void check(struct fixture *f, const char *source, bool bundled)
{
	GError *error = NULL;
	g_autofree char *path = assemble(f, "a.o", source);
	g_autoptr(ko) ko = ko_read(path, &error);

	g_assert_no_error(error);
	declared_check(ko, bundled, f->diags);
}

#define STATES NAMES ".section .kpatch.states,\"aw\"\n"
#define END    ".zero 80\n"

static void test_states(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	check(f, STATES STATE("one", "1", "f", "3", "1") STATE("two", "2", "0", "4", "0") END,
	      true);
	g_assert_cmpuint(f->diags->list->len, ==, 0);
}

static void test_state_twice(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	check(f, STATES STATE("one", "1", "0", "3", "0") STATE("other", "1", "0", "4", "0") END,
	      true);
	g_assert_cmpuint(f->diags->errors, ==, 1);
	expect_diag(f, "one", "declared twice: fs/a.c:3 of vmlinux and fs/a.c:4 of vmlinux");
}

static void test_state_clash(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	check(f, STATES STATE("one", "1", "0", "3", "0") STATE("two", "1", "0", "4", "0") END,
	      true);
	g_assert_cmpuint(f->diags->errors, ==, 1);
	expect_diag(f, "two",
		    "has the same id as state one: fs/a.c:3 of vmlinux and fs/a.c:4 of vmlinux");
}

static void test_state_plain(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	check(f, STATES STATE("one", "1", "0", "3", "0") END, false);
	g_assert_cmpuint(f->diags->errors, ==, 0);
	check(f, STATES STATE("one", "1", "f", "3", "0") STATE("two", "2", "0", "4", "1") END,
	      false);
	g_assert_cmpuint(f->diags->errors, ==, 2);
	expect_diag(f, "one", "knows no callbacks of states (fs/a.c:3 of vmlinux)");
	expect_diag(f, "two", "knows no block_disable of states (fs/a.c:4 of vmlinux)");
}

#define FUNCTION(name, callee)                                                                     \
	".type " name ",@function\n" name ": call " callee "\nret\n.size " name ",6\n"
#define TYPES NAMES FUNCTIONS ".section .kpatch.shadow_types,\"aw\"\n"
#define ENTRY(id, ctor, dtor, state, size, line, how)                                              \
	".quad 0," id "," ctor "," dtor ",one,file,object," state "," size "\n.long " line "," how \
	"\n"
#define CALL(id, ctor, dtor, line, how) ENTRY(id, ctor, dtor, "0", "0", line, how)
#define TYPE(id, ctor, dtor, line)	CALL(id, ctor, dtor, line, "0")
/* Two that are equal, one that is not. */
#define FUNCTIONS                                                                                  \
	".section .text.g,\"ax\"\n" FUNCTION("g1", "kfree") FUNCTION("g2", "kfree")                \
		FUNCTION("g3", "vfree")
#define TYPE_END ".zero 80\n"

static void test_shadow_types(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	check(f,
	      TYPES TYPE("1", "f", "g1", "3") TYPE("1", "f", "g1", "4") TYPE("1", "0", "0", "5")
		      TYPE("2", "0", "f", "6") TYPE_END,
	      true);
	g_assert_cmpuint(f->diags->list->len, ==, 0);
}

static void test_shadow_differs(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	check(f,
	      TYPES TYPE("1", "0", "f", "3") TYPE("1", "0", "0", "4") TYPE("1", "0", "g1", "5")
		      TYPE_END,
	      true);
	g_assert_cmpuint(f->diags->errors, ==, 1);
	expect_diag(f, "one",
		    "0x1 with two dtors: fs/a.c:3 of vmlinux has f, fs/a.c:5 of vmlinux has g1");
}

/* A static function in a header comes with each object. */
static void test_shadow_copies(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	GError *error = NULL;
	g_autofree char *path =
		assemble(f, "a.o",
			 TYPES TYPE("1", "0", "g1", "3") TYPE("1", "0", "g2", "4")
				 TYPE("2", "0", "g2", "5") TYPE("2", "0", "g3", "6") TYPE_END);
	g_autoptr(ko) ko = ko_read(path, &error);

	g_assert_no_error(error);
	declared_check(ko, true, f->diags);
	g_assert_cmpuint(f->diags->errors, ==, 2);

	/* What the assembler cannot: several symbols of one name. */
	for (guint i = 0; i < ko->symbols->len; i++) {
		struct ko_symbol *sym = ko->symbols->pdata[i];

		if (!strcmp(sym->name, "g2") || !strcmp(sym->name, "g3"))
			sym->name[1] = '1';
	}
	declared_check(ko, true, f->diags);
	g_assert_cmpuint(f->diags->errors, ==, 3);
}

#define COPY(name, body) ".type " name ",@function\n" name ": " body "ret\n.size " name ",.-" name "\n"

/* Copies refer to their own object's strings and static functions. */
static void test_shadow_copies_refer(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	static const struct {
		const char *first, *second;
		bool same;
	} cases[] = {
		{ "mov $s1,%rdi\n", "mov $s2,%rdi\n", true },
		{ "mov $s1+2,%rdi\n", "mov $s2+2,%rdi\n", true },
		{ "mov $s1,%rdi\n", "mov $s3,%rdi\n", false },
		{ "mov $s1,%rdi\n", "mov $s2+1,%rdi\n", false },
		{ "lea s1(%rip),%rsi\n", "lea s2(%rip),%rsi\n", true },
		{ "lea s1(%rip),%rsi\n", "lea s3(%rip),%rsi\n", false },
		/* where it ends takes a disassembler */
		{ "cmpb $1,s1(%rip)\n", "cmpb $1,s2(%rip)\n", false },
		{ "call g1\n", "call g2\n", true },
		{ "jne g1\n", "jne g2\n", true },
		{ "call g1\n", "call g3\n", false },
		{ "mov $h1+3,%rdi\n", "mov $h2+3,%rdi\n", true },
		{ "mov $h1+3,%rdi\n", "mov $h2+4,%rdi\n", false },
		{ "call k1\n", "call k2\n", false }, /* they never end */
		{ "incl d1(%rip)\n", "incl d2(%rip)\n", false },
		{ "mov $d1,%rdi\n", "mov $d2,%rdi\n", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;
		g_autofree char *source = g_strconcat(
			NAMES FUNCTIONS
			".section .rodata.str1.1,\"aMS\",@progbits,1\n"
			"s1: .asciz \"text\"\n.asciz \"x\"\ns2: .asciz \"text\"\ns3: .asciz \"test\"\n"
			".data\nd1: .asciz \"text\"\nd2: .asciz \"text\"\n.section .text.h,\"ax\"\n",
			".type h1,@function\nh1: ", cases[i].first, "ret\n.size h1,.-h1\n"
			".type h2,@function\nh2: ", cases[i].second, "ret\n.size h2,.-h2\n", ".section .text.k,\"ax\"\n",
			COPY("k1", "mov $m1,%rax\n"), COPY("k2", "mov $m2,%rax\n"),
			".section .text.m,\"ax\"\n", COPY("m1", "mov $k1,%rax\n"),
			COPY("m2", "mov $k2,%rax\n"),
			".section .kpatch.shadow_types,\"aw\"\n" TYPE("1", "0", "h1", "3")
				TYPE("1", "0", "h2", "4") TYPE_END,
			NULL);
		g_autofree char *path = assemble(f, "a.o", source);
		g_autoptr(ko) ko = ko_read(path, &error);
		unsigned int before = f->diags->errors;

		g_assert_no_error(error);
		for (guint k = 0; k < ko->symbols->len; k++) {
			char *name = ((struct ko_symbol *)ko->symbols->pdata[k])->name;

			if (strlen(name) == 2 && strchr("ghkm", *name))
				name[1] = '1';
		}
		declared_check(ko, true, f->diags);
		if (f->diags->errors - before != !cases[i].same)
			g_error("%s and %s", cases[i].first, cases[i].second);
	}

	const struct kp_diag *last = f->diags->list->pdata[f->diags->list->len - 1];

	g_assert_nonnull(strstr(last->remedy, "define it in one source, not static"));
}

/* One note an id, also where klp_shadow_free_all() is recorded. */
static void test_shadow_plain(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	check(f,
	      TYPES TYPE("1", "0", "f", "3") TYPE("1", "0", "f", "4") CALL("1", "0", "f", "5", "3")
		      TYPE_END,
	      false);
	g_assert_cmpuint(f->diags->errors, ==, 0);
	g_assert_cmpuint(f->diags->list->len, ==, 1);
	expect_diag(f, "one", "variables 0x1 are freed when the patch is disabled and no other");
}

#define OWNED(id, state, size, line) ENTRY(id, "0", "0", state, size, line, "0")
#define ALLOC(id, size, line)	     ENTRY(id, "0", "0", "0", size, line, "1")
#define WITH_STATES                                                                                \
	STATES STATE("one", "1", "0", "3", "0") STATE("two", "2", "0", "4", "0") END FUNCTIONS     \
		".section .kpatch.shadow_types,\"aw\"\n"

static void test_shadow_owned(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	check(f,
	      WITH_STATES OWNED("1", "one", "0", "5") TYPE("1", "0", "0", "6")
		      OWNED("1", "other", "0", "7") TYPE_END,
	      true);
	g_assert_cmpuint(f->diags->list->len, ==, 0);
	check(f, WITH_STATES OWNED("1", "one", "0", "5") OWNED("1", "two", "0", "6") TYPE_END,
	      true);
	g_assert_cmpuint(f->diags->errors, ==, 1);
	expect_diag(f, "one",
		    "0x1 of two states: fs/a.c:5 of vmlinux says one, fs/a.c:6 of vmlinux says "
		    "two");
	check(f, TYPES OWNED("1", "two", "0", "5") TYPE_END, true);
	g_assert_cmpuint(f->diags->errors, ==, 2);
	expect_diag(f, "one",
		    "0x1 is to belong to state two, which the patch does not declare (fs/a.c:5");
	check(f, WITH_STATES OWNED("1", "two", "0", "5") TYPE_END, false);
	g_assert_cmpuint(f->diags->errors, ==, 3);
	expect_diag(f, "one", "no shadow variables that belong to a state (fs/a.c:5 of vmlinux)");
}

/* Calls may have several sizes, but none that the author denies. */
static void test_shadow_sizes(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	check(f,
	      TYPES ALLOC("1", "8", "3") ALLOC("1", "16", "4") OWNED("2", "0", "8", "5")
		      ALLOC("2", "8", "6") ALLOC("2", "0", "7") TYPE_END,
	      true);
	g_assert_cmpuint(f->diags->list->len, ==, 0);
	check(f, TYPES OWNED("2", "0", "8", "5") ALLOC("2", "16", "6") TYPE_END, true);
	g_assert_cmpuint(f->diags->errors, ==, 1);
	expect_diag(f, "one",
		    "0x2 of two sizes: fs/a.c:5 of vmlinux has 8 bytes, fs/a.c:6 of vmlinux has "
		    "16");
}

/* Reading them is no declaration, but somebody must have one. */
static void test_shadow_read(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	check(f, TYPES CALL("1", "0", "0", "3", "4") CALL("1", "0", "f", "4", "2") TYPE_END, true);
	g_assert_cmpuint(f->diags->list->len, ==, 0);
	check(f, TYPES CALL("2", "0", "0", "3", "4") TYPE_END, false);
	g_assert_cmpuint(f->diags->list->len, ==, 0);
	check(f, TYPES CALL("2", "0", "0", "3", "4") CALL("2", "0", "0", "4", "4") TYPE_END, true);
	g_assert_cmpuint(f->diags->errors, ==, 1);
	expect_diag(f, "one",
		    "reads shadow variables 0x2, but neither makes nor frees any: they would go "
		    "with the patch that does (fs/a.c:3 of vmlinux)");
}

/* What is freed when the other object has gone must be freed in the same way. */
static void test_shadow_objects(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
#define OTHERS(dtor) ".quad 0,1,0," dtor ",one,file,one,0,0\n.long 9,0\n" TYPE("2", "0", "f", "10")
	check(f, TYPES TYPE("1", "0", "f", "3") TYPE("1", "0", "0", "4") OTHERS("f") TYPE_END,
	      true);
	g_assert_cmpuint(f->diags->list->len, ==, 0);
	check(f, TYPES TYPE("1", "0", "f", "3") OTHERS("0") TYPE_END, true);
	g_assert_cmpuint(f->diags->errors, ==, 1);
	expect_diag(f, "one",
		    "0x1 has a dtor in one object and none in the other: fs/a.c:3 of vmlinux, "
		    "fs/a.c:9 of one");
	check(f, TYPES TYPE("1", "0", "f", "3") OTHERS("0") TYPE_END, false);
	g_assert_cmpuint(f->diags->errors, ==, 2);
	/* Reading needs none. */
	check(f,
	      TYPES TYPE("1", "0", "f", "3") ".quad 0,1,0,0,one,file,one,0,0\n.long 9,4\n" TYPE_END,
	      true);
	g_assert_cmpuint(f->diags->errors, ==, 2);
}

/* In the module that is written all entries of an id say the same. */
static void test_shadow_merged(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	static const struct {
		uint64_t size;
		const char *state;
	} want[] = {
		{ 8, NULL },   { 8, NULL },   { 0, NULL },   { 0, NULL }, { 0, NULL }, { 0, NULL },
		{ 24, "two" }, { 24, "two" }, { 24, "two" }, { 0, NULL }, { 0, NULL },
	};
	GError *error = NULL;
	g_autofree char *path = assemble(
		f, "a.o",
		WITH_STATES ALLOC("1", "8", "3") CALL("1", "0", "0", "4", "2") /* free: no word */
		ALLOC("2", "8", "5") ALLOC("2", "16", "6")		       /* two */
		ALLOC("3", "8", "7") ALLOC("3", "0", "8")		       /* not constant */
		ALLOC("4", "24", "9") OWNED("4", "two", "24", "10") ALLOC("4", "0", "11")
			ENTRY("5", "0", "0", "0", "0", "12", "0x400") ALLOC("5", "8", "13")
				TYPE_END);
	g_autofree char *written = g_strconcat(path, ".out", NULL);

	for (int round = 0; round < 2; round++) {
		g_autoptr(ko) ko = ko_read(round ? written : path, &error);

		g_assert_no_error(error);
		g_assert_cmpint(declared_merge(ko), ==, !round);
		g_assert_true(ko_write(ko, written, &error));
	}

	g_autoptr(ko) ko = ko_read(written, &error);
	const struct ko_section *sec = ko_section(ko, ".kpatch.shadow_types");

	for (size_t i = 0; i < G_N_ELEMENTS(want); i++) {
		uint64_t at = i * SHADOW_SIZE, size;

		memcpy(&size, sec->data + at + SHADOW_BYTES, sizeof(size));
		g_assert_cmpuint(size, ==, want[i].size);
		g_assert_cmpstr(ko_rela_string(sec, at + SHADOW_STATE), ==, want[i].state);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
	g_test_add("/declared/" #name, struct fixture, NULL, setup, test_##name, teardown)
	TEST(states);
	TEST(state_twice);
	TEST(state_clash);
	TEST(state_plain);
	TEST(shadow_types);
	TEST(shadow_differs);
	TEST(shadow_copies);
	TEST(shadow_copies_refer);
	TEST(shadow_plain);
	TEST(shadow_owned);
	TEST(shadow_sizes);
	TEST(shadow_read);
	TEST(shadow_objects);
	TEST(shadow_merged);
	return g_test_run();
}
