// SPDX-License-Identifier: GPL-2.0
/* Symbol tables of every kind, and positions as the kernel counts them. */
#include "symtab.h"
#include "target-util.h"

static struct kp_symtab *open_text(struct test *t, const char *text, GError **err)
{
	g_autofree char *path = in_dir(t, "symbols");

	put_file(t, "symbols", text, -1);
	return kp_symtab_open(path, err);
}

static void refuses(struct test *t, const char *name, const char *text, const char *message)
{
	GError *err = NULL;
	g_autoptr(kp_symtab) tab = open_text(t, text, &err);

	check_error(t, name, &err, message);
}

static unsigned long position(const struct kp_symtab *tab, const char *name, uint64_t addr)
{
	size_t count = 0;
	const struct kp_sym *const *found = kp_symtab_find(tab, name, &count);

	for (size_t i = 0; i < count; i++)
		if (found[i]->addr == addr)
			return kp_symtab_sympos(tab, found[i]);
	return 999;
}

static void system_map(struct test *t)
{
	g_autoptr(kp_symtab) tab = open_text(t,
					     "0000000000001000 A percpu\n"
					     "ffffffff81000000 T _text\n"
					     "ffffffff81000100 t twin\n"
					     "ffffffff81000200 W weak\n"
					     "ffffffff81000300 T twin\n"
					     "ffffffff81000300 D alias\n",
					     NULL);

	if (!check(t, tab != NULL, "system-map", "refused"))
		return;
	check(t, kp_symtab_count(tab) == 6 && !kp_symtab_is_module(tab), "system-map-count", "%zu",
	      kp_symtab_count(tab));
	check(t,
	      position(tab, "twin", 0xffffffff81000100) == 1 &&
		      position(tab, "twin", 0xffffffff81000300) == 2 &&
		      position(tab, "_text", 0xffffffff81000000) == 0,
	      "positions-count-globals", "wrong");
	size_t first, count;
	const struct kp_sym *s = kp_symtab_find_before(tab, 0xffffffff810002ff);

	check(t,
	      s && strcmp(s->name, "weak") == 0 && s->weak &&
		      kp_symtab_next_addr(tab, s) == 0xffffffff81000300,
	      "before-and-next", "%s", s ? s->name : "none");
	check(t, kp_symtab_find_at(tab, 0xffffffff81000300, &first, &count) && count == 2,
	      "two-at-one-address", "%zu", count);
}

static void readelf_text(struct test *t)
{
	g_autoptr(kp_symtab) tab = open_text(
		t,
		"\nSymbol table '.dynsym' contains 1 entry:\n"
		"   Num:    Value          Size Type    Bind   Vis      Ndx Name\n"
		"     1: ffffffff81000500    32 FUNC    GLOBAL DEFAULT    1 dynamic\n"
		"\nSymbol table '.symtab' contains 6 entries:\n"
		"   Num:    Value          Size Type    Bind   Vis      Ndx Name\n"
		"     0: 0000000000000000     0 NOTYPE  LOCAL  DEFAULT  UND \n"
		"     1: 0000000000000000     0 FILE    LOCAL  DEFAULT  ABS a.c\n"
		"     2: ffffffff81000200    32 FUNC    LOCAL  DEFAULT    1 twin\n"
		"     3: 0000000000000000     0 FILE    LOCAL  DEFAULT  ABS b.c\n"
		"     4: ffffffff81000100 0x20 FUNC    LOCAL  DEFAULT    1 twin\n"
		"     5: ffffffff81000300   100 OBJECT  GLOBAL DEFAULT [<other>: 88]     2 data\n"
		"     6: 0000000000000000     0 NOTYPE  GLOBAL DEFAULT  UND missing\n",
		NULL);
	size_t count = 0;

	if (!check(t, tab != NULL && kp_symtab_count(tab) == 3, "readelf", "%zu symbols",
		   tab ? kp_symtab_count(tab) : 0))
		return;
	const struct kp_sym *const *twins = kp_symtab_find(tab, "twin", &count);

	check(t,
	      count == 2 && twins[0]->file == 2 && twins[1]->file == 1 && twins[0]->size == 32 &&
		      twins[0]->is_func && kp_symtab_sympos(tab, twins[0]) == 1,
	      "readelf-address-order", "count %zu", count);
	const struct kp_sym *const *data = kp_symtab_find(tab, "data", &count);

	check(t, count == 1 && data[0]->is_object && data[0]->global && data[0]->shndx == 2,
	      "readelf-other", "count %zu", count);
}

static void elf_kernel(struct test *t)
{
	g_autofree char *path = in_dir(t, "vmlinux");
	size_t count = 0;

	compile(t, "a",
		"static __attribute__((noinline)) int twin(void) { asm(\"\"); return 1; }\n"
		"int a(void) { return twin() + 2; } int data = 3;\n");
	compile(t, "b",
		"__attribute__((noinline)) int twin(void) { asm(\"\"); return 1; }\n"
		"int b(void) { return twin() + 2; }\n");
	link_kernel(t, "vmlinux", "a.o b.o");
	g_autoptr(kp_symtab) tab = kp_symtab_open(path, NULL);

	if (!check(t, tab && kp_symtab_kind(tab) == KP_SYMTAB_VMLINUX, "vmlinux", "refused"))
		return;
	const struct kp_sym *const *twins = kp_symtab_find(tab, "twin", &count);

	check(t,
	      count == 2 && !twins[0]->global && twins[1]->global &&
		      kp_symtab_sympos(tab, twins[1]) == 2,
	      "global-counts", "count %zu", count);
}

/* Order of .symtab, not of addresses, and the init twin makes positions move. */
static void module(struct test *t)
{
	g_autofree char *path = in_dir(t, "m.ko");
	size_t count = 0;

	assemble(t, "m",
		 ".section .init.text,\"ax\"\nstay: ret\ntwin: ret\n.text\n"
		 ".globl first\nfirst: ret\n.local gone\n");
	assemble(t, "n", ".text\ntwin: ret\n.globl last\nlast: ret\n");
	link_module(t, "m.ko", "m.o n.o");
	g_autoptr(kp_symtab) tab = kp_symtab_open(path, NULL);

	if (!check(t, tab && kp_symtab_is_module(tab), "module", "refused"))
		return;
	const struct kp_sym *const *twins = kp_symtab_find(tab, "twin", &count);

	check(t,
	      count == 2 && twins[0]->seq < twins[1]->seq && kp_symtab_sympos(tab, twins[1]) == 2,
	      "symtab-order", "count %zu", count);
	check(t, count == 2 && !kp_symtab_sympos_is_stable(tab, twins[1]), "init-twin-is-unstable",
	      "stable");
	const struct kp_sym *const *last = kp_symtab_find(tab, "last", &count);

	check(t,
	      count == 1 && kp_symtab_sympos_is_stable(tab, last[0]) &&
		      kp_symtab_sympos(tab, last[0]) == 0,
	      "unique-name-is-stable", "count %zu", count);
}

int main(void)
{
	struct test t;

	test_start(&t);
	system_map(&t);
	readelf_text(&t);
	elf_kernel(&t);
	module(&t);
	refuses(&t, "empty", "", "no symbols");
	refuses(&t, "debian-stub",
		"ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg "
		"package\n",
		"real System.map");
	refuses(&t, "malformed-map", "ffffffff81000000 T _text\nhello\n", "line 2");
	refuses(&t, "not-wide",
		"Symbol table '.symtab' contains 1 entry:\n"
		"     1: ffffffff81000200    32 FUNC    LOCAL  DEFAULT    1 "
		"a_rather_long_na[...]\n",
		"--wide");
	refuses(&t, "malformed-readelf", "Symbol table '.symtab'\n  1: zz 3\n", "line 2");
	GError *err = NULL;
	g_autofree char *path = in_dir(&t, "binary");

	put_file(&t, "binary", "\1\0\2\3", 4);
	g_autoptr(kp_symtab) tab = kp_symtab_open(path, &err);

	check_error(&t, "binary", &err, "neither");
	return test_end(&t);
}
