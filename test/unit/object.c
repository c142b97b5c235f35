// SPDX-License-Identifier: GPL-2.0
/* Reading objects and cutting them into atoms (create-diff-object/read.c, atoms.c, tables.c). */
#include "object-util.h"

#include <string.h>

#include "create-diff-object/tables.h"

static void cut_data(void)
{
	g_autoptr(object) obj = assemble_and_cut(
		".section .data..read_mostly, \"aw\"\n"
		".type one, @object\none: .long 1\n.size one, 4\n"
		".balign 16\n"
		".globl two\n.type two, @object\ntwo: alias: .long 2, 3\n.size two, 8\n"
		"inside = two + 4\n.type inside, @object\n.size inside, 4\n"
		".section .text.f, \"ax\"\n.type f, @function\n"
		"f: mov .data..read_mostly+20(%rip), %eax\n"
		"movl $1, .data..read_mostly+16(%rip)\n"
		"lea one+2(%rip), %rax\n"
		"mov $.data..read_mostly+2, %eax\nret\n.size f, . - f\n");
	struct atom *one = atom_called(obj, "one"), *two = atom_called(obj, "two");
	struct atom *f = atom_called(obj, "f");

	/* padding belongs to nobody */
	g_assert_cmpuint(one->start, ==, 0);
	g_assert_cmpuint(one->size, ==, 4);
	g_assert_cmpuint(two->start, ==, 16);
	g_assert_cmpuint(two->size, ==, 8);
	g_assert_true(atom_called(obj, "inside") == two && atom_called(obj, "alias") == two);
	g_assert_cmpstr(atom_name(two), ==, "two");
	g_assert_false(atom_is_local(two));
	g_assert_true(atom_is_local(one) && atom_is_writable(one));

	/* section + offset means a place in the variable there, an immediate after the field or not */
	g_assert_cmpuint(f->refs->len, ==, 4);
	g_assert_true(ref_at(f, 0)->atom == two && ref_at(f, 0)->at == 4 && ref_at(f, 0)->bias == -4);
	g_assert_true(ref_at(f, 1)->atom == two && ref_at(f, 1)->at == 0 && ref_at(f, 1)->bias == -8);
	g_assert_true(ref_at(f, 2)->atom == one && ref_at(f, 2)->at == 2);
	g_assert_true(ref_at(f, 3)->atom == one && ref_at(f, 3)->at == 2 && ref_at(f, 3)->bias == 0);
}

static void cut_code(void)
{
	g_autoptr(object) obj = assemble_and_cut(
		".section .sched.text, \"ax\"\n"
		".type a, @function\na: nop\ncall b\nret\n.size a, . - a\n"
		".type b, @function\nb: .L1: jmp .L1\njmp c\n.size b, . - b\n"
		".type c, @function\nc: {disp32} jne a+1\ncall outside\nret\n.size c, . - c\n");
	struct atom *a = atom_called(obj, "a"), *b = atom_called(obj, "b"), *c = atom_called(obj, "c");

	/* a branch that the assembler resolved is a reference like others */
	g_assert_cmpuint(a->refs->len, ==, 1);
	g_assert_true(ref_at(a, 0)->atom == b && ref_at(a, 0)->branch && ref_at(a, 0)->at == 0);
	g_assert_cmpuint(ref_at(a, 0)->offset, ==, 2);
	g_assert_false(a->stuck);
	/* a short one cannot become one, unless it stays inside */
	g_assert_true(b->stuck);
	g_assert_false(c->stuck);
	g_assert_cmpuint(c->refs->len, ==, 2);
	g_assert_true(ref_at(c, 0)->atom == a && ref_at(c, 0)->at == 1);
	g_assert_true(!ref_at(c, 1)->atom && ref_at(c, 1)->branch);
}

/* What is behind a sized symbol is no padding if it holds something, or something refers to it. */
static void not_padding(void)
{
	g_autoptr(object) obj = assemble_and_cut(
		".section .data.s, \"aw\"\n"
		".type a, @object\na: .long 1\n.size a, 4\n.long 7\n"
		".type b, @object\nb: .long 1\n.size b, 4\n.quad a\n"
		".type c, @object\nc: .long 1\n.size c, 4\n.zero 8\n"
		".type d, @object\nd: .long 1\n.size d, 4\n.zero 8\n"
		".data\n.quad c + 8, d + 4\n");

	g_assert_cmpuint(atom_called(obj, "a")->size, ==, 8);
	g_assert_cmpuint(atom_called(obj, "b")->size, ==, 12);
	g_assert_cmpuint(atom_called(obj, "c")->size, ==, 12);
	g_assert_cmpuint(atom_called(obj, "d")->size, ==, 4);
}

static void strings(void)
{
	g_autoptr(object) obj = assemble_and_cut(
		".section .rodata.str1.1, \"aMS\", @progbits, 1\n"
		"s1: .asciz \"one\"\ns2: .asciz \"two\"\n"
		".data\n.type v, @object\nv: .quad s2, s1, s1 + 1, s2\n.size v, 32\n");
	struct atom *v = atom_called(obj, "v");

	g_assert_cmpuint(v->refs->len, ==, 4);
	g_assert_cmpstr((const char *)atom_bytes(ref_at(v, 0)->atom), ==, "two");
	g_assert_cmpstr((const char *)atom_bytes(ref_at(v, 1)->atom), ==, "one");
	g_assert_cmpstr((const char *)atom_bytes(ref_at(v, 2)->atom), ==, "ne");
	g_assert_true(ref_at(v, 0)->atom == ref_at(v, 3)->atom);
}

static void wide_strings(void)
{
	g_autoptr(object) obj = assemble_and_cut(
		".section .rodata.str2.2, \"aMS\", @progbits, 2\n"
		"s1: .short 0x100, 0x200, 0\ns2: .short 3, 0\n"
		".data\n.type v, @object\nv: .quad s1, s2\n.size v, 16\n");
	struct atom *v = atom_called(obj, "v");

	g_assert_cmpuint(ref_at(v, 0)->atom->size, ==, 6);
	g_assert_cmpuint(ref_at(v, 1)->atom->size, ==, 4);
}

static void cold_parts(void)
{
	g_autoptr(object) obj = assemble_and_cut(
		".text\n.type f, @function\nf: jmp f.cold\n.size f, . - f\n"
		".type f.part.0, @function\nf.part.0: ret\n.size f.part.0, 1\n"
		".section .text.unlikely, \"ax\"\n"
		".type f.cold, @function\nf.cold: ud2\n.size f.cold, . - f.cold\n"
		".type orphan.cold, @function\norphan.cold: ud2\n.size orphan.cold, 2\n");
	struct atom *f = atom_called(obj, "f"), *cold = atom_called(obj, "f.cold");

	g_assert_true(cold->parent == f && atom_root(cold) == f);
	g_assert_cmpuint(f->children->len, ==, 1);
	/* .part is a function of its own, with an fentry call of its own */
	g_assert_null(atom_called(obj, "f.part.0")->parent);
	g_assert_null(atom_called(obj, "orphan.cold")->parent);
}

/* A table of @count entries of the form @entry, and @rest after them; -1: it is refused. */
static long entry_size(const char *name, unsigned int count, const char *entry, const char *rest)
{
	g_autoptr(GString) text = g_string_new(".text\nf: nop\ng: nop\n");
	size_t size = 0;

	g_string_append_printf(text, ".section %s, \"a\"\n", name);
	for (unsigned int i = 0; i < count; i++)
		g_string_append_printf(text, "%s%s", i ? rest : "", entry);
	g_autoptr(object) obj = assemble(text->str, NULL, NULL);
	struct section *sec = g_hash_table_lookup(obj->sec_by_name, name);

	g_assert_nonnull(sec);
	return table_entry_size(sec, &size, NULL) ? (long)size : -1;
}

static void tables(void)
{
	const char *para = ".quad f\n.byte 1, 2\n", *pad = ".balign 8\n";

	for (unsigned int n = 1; n < 12; n++) {
		g_assert_cmpint(entry_size("__ex_table", n, ".long f - ., g - ., 7\n", ""), ==, 12);
		g_assert_cmpint(entry_size("__bug_table", n, ".long f - ., g - .\n.word 1, 2\n", ""), ==, 12);
		g_assert_cmpint(entry_size("__jump_table", n, ".long f - ., g - .\n.quad k - .\n", ""), ==, 16);
		g_assert_cmpint(entry_size(".altinstructions", n,
					   ".long f - ., g - .\n.word 1\n.byte 2, 3\n", ""), ==, 12);
		g_assert_cmpint(entry_size(".smp_locks", n, ".long f - .\n", ""), ==, 4);
		/* the last entry may lack its padding */
		g_assert_cmpint(entry_size(".parainstructions", n, para, pad), ==, n == 1 ? 10 : 16);
	}
	g_assert_cmpint(entry_size("__jump_table", 1, ".long f - ., g - .\n.quad 0\n", ""), ==, -1);
	g_assert_cmpint(entry_size("__ex_table", 3, ".long f - ., g - .\n", ".long 0\n"), ==, -1);
	g_assert_cmpint(entry_size(".smp_locks", 1, ".long 0\n", ""), ==, -1);
	g_setenv("EX_STRUCT_SIZE", "16", TRUE);
	g_assert_cmpint(entry_size("__ex_table", 2, ".long f - ., g - ., 7\n", ""), ==, -1);
	g_setenv("EX_STRUCT_SIZE", "0", TRUE);
	g_assert_cmpint(entry_size("__ex_table", 2, ".long f - ., g - ., 7\n", ""), ==, -1);
	g_unsetenv("EX_STRUCT_SIZE");
}

static void entries(void)
{
	g_autoptr(object) obj = assemble_and_cut(
		".section .text.f, \"ax\"\n.type f, @function\nf: ud2\nret\n.size f, . - f\n"
		".section .text.g, \"ax\"\n.type g, @function\ng: ret\n.size g, . - g\n"
		".section __ex_table, \"a\"\n.long f - ., f + 2 - ., 1\n.long g - ., g - ., 2\n"
		".section .orc_unwind_ip, \"a\"\n.long f - ., g - .\n"
		".section .orc_unwind, \"a\"\n.long 10, 20\n.word 1, 2\n");
	struct atom *f = atom_called(obj, "f"), *g = atom_called(obj, "g");

	g_assert_cmpuint(f->entries->len, ==, 3);
	g_assert_cmpuint(g->entries->len, ==, 3);
	struct atom *orc = g_ptr_array_index(g->entries, 1);

	/* parallel arrays go together */
	g_assert_cmpstr(orc->sec->name, ==, ".orc_unwind");
	g_assert_cmpuint(orc->start, ==, 6);
	g_assert_cmpuint(orc->size, ==, 6);
}

/* Each truncation of a good object is an error with a message, or still good. */
static void truncated(void)
{
	g_autofree char *bytes = NULL;
	gsize size = 0;
	object *obj = assemble(".text\n.type f, @function\nf: call g\n.size f, . - f\n.data\n.quad f\n",
			       &bytes, &size);

	object_free(obj);
	for (gsize len = 0; len < size; len += 7) {
		g_autoptr(GError) err = NULL;
		g_autofree char *path = NULL;
		int fd = g_file_open_tmp("kpatch-unit.XXXXXX", &path, NULL);

		g_assert_cmpint(fd, >=, 0);
		g_close(fd, NULL);
		g_assert_true(g_file_set_contents(path, bytes, (gssize)len, NULL));
		obj = object_read(path, &err);
		g_assert_true(!obj == (err != NULL));
		if (err)
			g_assert_nonnull(strstr(err->message, path));
		object_free(obj);
		g_unlink(path);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/object/data", cut_data);
	g_test_add_func("/object/code", cut_code);
	g_test_add_func("/object/not-padding", not_padding);
	g_test_add_func("/object/strings", strings);
	g_test_add_func("/object/wide-strings", wide_strings);
	g_test_add_func("/object/cold-parts", cold_parts);
	g_test_add_func("/object/tables", tables);
	g_test_add_func("/object/entries", entries);
	g_test_add_func("/object/truncated", truncated);
	return g_test_run();
}
