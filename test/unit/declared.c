// SPDX-License-Identifier: GPL-2.0
/* Declarations of several objects that do or do not go together. */
#include "post-link-util.h"

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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
	g_test_add("/declared/" #name, struct fixture, NULL, setup, test_##name, teardown)
	TEST(states);
	TEST(state_twice);
	TEST(state_clash);
	TEST(state_plain);
	return g_test_run();
}
