// SPDX-License-Identifier: GPL-2.0
/* Types of variables as text: from real objects of every compiler that is there, and damaged ones. */
#include "type-hash.h"

#include <glib/gstdio.h>
#include <string.h>

#include "error.h"

/* The compilers, and what shapes code or debug information. */
static const char *const compilers[] = { "gcc", "clang" };
static const char *const options[][4] = {
	{ "-O2", "-gdwarf-4" },
	{ "-Os", "-gdwarf-4" },
	{ "-O2", "-gdwarf-5" },
	{ "-O2", "-gdwarf-2", "-gstrict-dwarf" },
	{ "-O0", "-gdwarf-4", "-fno-eliminate-unused-debug-types" },
};

static char *object; /* the file under test */
static char *source;

static void compile(const char *compiler, const char *const *extra, const char *code)
{
	const char *argv[16] = { compiler, "-g", "-ffreestanding", "-fno-pic", "-mcmodel=kernel" };
	guint argc = 5;
	int status = -1;

	g_assert_true(g_file_set_contents(source, code, -1, NULL));
	while (extra && *extra)
		argv[argc++] = *extra++;
	argv[argc++] = "-c";
	argv[argc++] = "-o";
	argv[argc++] = object;
	argv[argc++] = source;
	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
				   NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
}

static char *describe(const char *symbol, uint64_t size, GError **err)
{
	g_autoptr(types) types = types_open(object, err);

	return types ? types_describe(types, symbol, size, err) : NULL;
}

/* What is common to the definitions below. */
#define COMMON                                                                                     \
	"typedef unsigned long ulong; struct list { struct list *next, *prev; };\n"                \
	"enum color { RED, GREEN }; typedef struct { int one; } pair_t; struct opaque;\n"            \
	"#define VAR(type, name) static type name __attribute__((used))\n"

#define LIST "struct list:16{0000000000:next:*struct list;0000000064:prev:*struct list;}"

static const struct {
	const char *code; /* defines x */
	uint64_t size;
	const char *text;
} cases[] = {
	{ "static int x __attribute__((used));", 4, "base:5:4" },
	{ "VAR(unsigned char, x);", 1, "base:8:1" },
	{ "VAR(volatile ulong, x);", 8, "base:7:8" },
	{ "VAR(_Bool, x);", 1, "base:2:1" },
	{ "VAR(struct list, x);", 16, LIST },
	{ "typedef struct list one, row[3]; static row x[2] __attribute__((used));", 96,
	  "[2][3]" LIST },
	{ "static struct list x[2][3] __attribute__((used));", 96, "[2][3]" LIST },
	{ "VAR(enum color, x);", 4, "enum color:4" },
	{ "VAR(pair_t, x);", 4, "struct :4{0000000000:one:base:5:4;}" },
	{ "static pair_t *x __attribute__((used));", 8, "*struct " },
	{ "static const volatile void *const *x __attribute__((used));", 8, "**void" },
	{ "VAR(struct opaque *, x);", 8, "*struct opaque" },
	{ "static ulong (*x)[4] __attribute__((used));", 8, "*[4]base:7:8" },
	{ "static int (*x)(struct opaque *, const char *, ...) __attribute__((used));", 8,
	  "*fn(*struct opaque,*base:6:1,...,)base:5:4" },
	{ "static void (*x[2])(void (*)(int), enum color) __attribute__((used));", 16,
	  "[2]*fn(*fn(base:5:4,)void,enum color,)void" },
	{ "VAR(struct { unsigned a : 3 COMMA b : 5; unsigned : 4; unsigned c : 20; long d : 33; }, "
	  "x);",
	  16,
	  "struct :16{0000000000/3:a:base:7:4;0000000003/5:b:base:7:4;0000000012/20:c:base:7:4;"
	  "0000000064/33:d:base:5:8;}" },
	{ "VAR(union u { int a; char b[3]; struct { short c COMMA d; }; }, x);", 4,
	  "union u:4{0000000000::struct :4{0000000000:c:base:5:2;0000000016:d:base:5:2;};"
	  "0000000000:a:base:5:4;0000000000:b:[3]base:6:1;}" },
	{ "VAR(struct f { int n; struct list tail[]; }, x);", 8,
	  "struct f:8{0000000000:n:base:5:4;0000000064:tail:[0]" LIST ";}" },
	{ "VAR(struct z { int n; char tail[0]; }, x);", 4,
	  "struct z:4{0000000000:n:base:5:4;0000000032:tail:[0]base:6:1;}" },
	{ "VAR(struct p { char a; int b; } __attribute__((packed)), x);", 5,
	  "struct p:5{0000000000:a:base:6:1;0000000008:b:base:5:4;}" },
	/* The order of definitions, and a declaration before. */
	{ "struct in { int i; }; extern struct in *other; struct in *get(void) { return other; }\n"
	  "extern struct out x; struct out { struct in in[2]; } x;",
	  8, "struct out:8{0000000000:in:[2]struct in:4{0000000000:i:base:5:4;};}" },
	{ "extern int x[]; int x[3];", 12, "[3]base:5:4" },
};

static void each_compiler(void (*fn)(const char *compiler, const char *const *extra))
{
	for (size_t c = 0; c < G_N_ELEMENTS(compilers); c++) {
		g_autofree char *path = g_find_program_in_path(compilers[c]);

		if (!path) {
			g_test_message("%s is not installed", compilers[c]);
			continue;
		}
		for (size_t o = 0; o < G_N_ELEMENTS(options); o++)
			fn(compilers[c], options[o]);
	}
}

static void check_texts(const char *compiler, const char *const *extra)
{
	g_autoptr(GString) code = g_string_new(COMMON "#define COMMA ,\n");

	/* All in one source, as x0, x1 ... */
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_string_append_printf(code, "#define x x%zu\n%s\n#undef x\n", i, cases[i].code);
	compile(compiler, extra, code->str);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = g_strdup_printf("x%zu", i);
		GError *error = NULL;
		g_autofree char *text = describe(name, cases[i].size, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

static void test_texts(void)
{
	each_compiler(check_texts);
}

/* The same name in several functions: which one is meant is told by the symbol. */
static void test_static_locals(void)
{
	static const char code[] =
		"int f(int a) { static int n; { static long n; n += a; a += n; } return n += a; }\n"
		"static inline __attribute__((always_inline)) int g(int a) { static char n; return n += a; }\n"
		"int h(int a) { return g(a) + g(a + 1); }\n";
	static const struct {
		const char *compiler, *symbols[3];
	} names[] = { { "gcc", { "n.1", "n.2", "n.0" } }, { "clang", { "f.n", "f.n.1", "g.n" } } };
	static const char *const texts[] = { "base:5:4", "base:5:8", "base:6:1" };
	static const uint64_t sizes[] = { 4, 8, 1 };
	static const char *const extra[] = { "-O2", NULL };

	for (size_t c = 0; c < G_N_ELEMENTS(names); c++) {
		g_autofree char *path = g_find_program_in_path(names[c].compiler);

		if (!path)
			continue;
		compile(names[c].compiler, extra, code);
		for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
			GError *error = NULL;
			g_autofree char *text =
				describe(names[c].symbols[i], sizes[i], &error);

			g_assert_no_error(error);
			g_assert_cmpstr(text, ==, texts[i]);
		}
	}
}

/* What has no bytes is where another variable is. */
static void test_shared_address(void)
{
	static const char code[] = "#define HERE __attribute__((used, section(\"here\")))\n"
				   "static struct { } before HERE;\nstatic int x HERE = 3;\n";
	static const char *const in_order[] = { "-fno-toplevel-reorder", NULL };

	for (size_t c = 0; c < G_N_ELEMENTS(compilers); c++) {
		g_autofree char *path = g_find_program_in_path(compilers[c]);
		GError *error = NULL;

		if (!path)
			continue;
		compile(compilers[c], strcmp(compilers[c], "gcc") ? NULL : in_order, code);

		g_autofree char *text = describe("x", 4, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(text, ==, "base:5:4");
	}
}

/* Types that differ only in what code relies on. */
static void test_different(void)
{
	static const char *const codes[] = {
		"struct s { int a, b; } x;",		"struct s { int b, a; } x;",
		"struct s { int a, c; } x;",		"struct t { int a, b; } x;",
		"struct s { unsigned a; int b; } x;",	"struct s { int a[2]; } x;",
		"union s { int a[2]; } x;",		"struct s { struct { int a; }; int b; } x;",
		"struct s { int a : 31, b; } x;",	"struct s { struct p { int a; } a; int b; } x;",
		"struct p; struct s { struct p *a; } x;", "union p; struct s { union p *a; } x;",
		"struct q; struct s { struct q *a; } x;", "struct p; struct s { struct p **a; } x;",
		"struct s { void (*a)(int); } x;",	"struct s { void (*a)(long); } x;",
		"struct s { int (*a)(int); } x;",	"struct s { void (*a)(int, ...); } x;",
	};
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
		GError *error = NULL;

		compile("gcc", NULL, codes[i]);

		char *text = describe("x", 8, &error);

		g_assert_no_error(error);
		g_assert_true(g_hash_table_add(seen, text));
	}
}

static void refuse(const char *code, const char *symbol, uint64_t size, const char *problem)
{
	GError *error = NULL;
	const char *const extra[] = { "-O2", NULL };

	compile("gcc", extra, code);

	g_autofree char *text = describe(symbol, size, &error);

	g_assert_null(text);
	g_assert_cmpint(error->code, ==, KP_FAILED);
	if (!strstr(error->message, problem))
		g_error("'%s' expected in '%s'", problem, error->message);
	g_clear_error(&error);
}

static void test_refused(void)
{
	const char *const none[] = { "-g0", NULL };
	const char *const packed[] = { "-gz=zlib", NULL };
	GError *error = NULL;

	refuse("int y;", "x", 4, "there is no variable x");
	refuse("int y; int f(void) { return y; }", "f", 4, "does not have the variable f");
	refuse("int x;", "x", 8, "says that x has 4 bytes, not 8");
	refuse("struct s x __attribute__((common)); struct s { int a; };", "x", 4,
	       "there is no variable x");

	compile("gcc", none, "int x;");
	g_assert_null(describe("x", 4, &error));
	g_assert_nonnull(strstr(error->message, "no debug information"));
	g_clear_error(&error);

	/* so much that it becomes smaller */
	g_autoptr(GString) code = g_string_new("struct s {");

	for (int i = 0; i < 300; i++)
		g_string_append_printf(code, "int member%d;", i);
	g_string_append(code, "} x;");
	compile("gcc", packed, code->str);
	g_assert_null(describe("x", 4, &error));
	g_assert_nonnull(strstr(error->message, "is compressed"));
	g_clear_error(&error);
}

/*
 * DWARF by hand: what compilers do not write. The variable is at x; its type is what the test gives, the first
 * entry behind the variable.
 */
#define ABBREV                                                                                     \
	".section .debug_abbrev,\"\",@progbits\n"                                                  \
	".uleb128 1,0x11\n.byte 1\n.uleb128 0,0\n"                    /* compile unit */           \
	".uleb128 2,0x34\n.byte 0\n.uleb128 2,0x18,0x49,0x13,0,0\n"   /* variable: exprloc, ref4 */ \
	".uleb128 3,0x16\n.byte 0\n.uleb128 0x49,0x13,0,0\n"          /* typedef */                \
	".uleb128 4,0x13\n.byte 1\n.uleb128 0xb,0xb,0,0\n"            /* struct with size */       \
	".uleb128 5,0xd\n.byte 0\n.uleb128 0x49,0x13,0x38,0xb,0,0\n"  /* member at a byte */       \
	".uleb128 6,0xf\n.byte 0\n.uleb128 0x49,0x13,0,0\n"           /* pointer */                \
	".uleb128 7,0x12\n.byte 0\n.uleb128 0,0\n"                    /* string type */            \
	".uleb128 8,0x24\n.byte 0\n.uleb128 0x3e,0xb,0xb,0xb,0x3,0x8,0,0\n" /* base with name */   \
	".uleb128 9,0x1\n.byte 1\n.uleb128 0x49,0x13,0,0\n"           /* array */                  \
	".uleb128 10,0x21\n.byte 0\n.uleb128 0x2f,0x18,0,0\n"         /* range by expression */    \
	".uleb128 11,0x13\n.byte 1\n.uleb128 0x3,0x8,0xb,0xb,0,0\n"   /* struct with name */       \
	".uleb128 12,0x21\n.byte 0\n.uleb128 0x37,0x7,0,0\n"          /* range by count */         \
	".uleb128 0\n"
#define HEAD                                                                                       \
	".data\nx: .quad 0\n" ABBREV ".section .debug_info,\"\",@progbits\n"                       \
	"start: .long end-begin\nbegin: .value 4\n.long 0\n.byte 8\n.uleb128 1\n"                  \
	".uleb128 2,9\n.byte 3\n.quad x\n.long type-start\n"
#define TAIL ".uleb128 0\nend:\n"

static void test_malformed(void)
{
	static const struct {
		const char *entries, *problem; /* NULL: it is right */
	} dwarf[] = {
		{ "type: .uleb128 8\n.byte 5,8\n.asciz \"long\"\n", NULL },
		{ "type: .uleb128 3\n.long type-start\n", "does not end" },
		{ "type: .uleb128 6\n.long type-start\n", "does not end" },
		{ "type: .uleb128 4\n.byte 8\n.uleb128 5\n.long type-start\n.byte 0\n.uleb128 0\n",
		  "does not end" },
		/* Each level twice: 2^60 entries. */
		{ ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29\n"
		  ".if \\n == 0\ntype:\n.endif\n10\\n: .uleb128 4\n.byte 0\n"
		  ".uleb128 5\n.long level_\\n-start\n.byte 0\n.uleb128 5\n.long level_\\n-start\n.byte 0\n"
		  ".uleb128 0\nlevel_\\n:\n.endr\n.uleb128 4\n.byte 0\n.uleb128 0\n",
		  "does not end" },
		{ "type: .uleb128 7\n", "(DWARF tag 0x12)" },
		{ "type: .uleb128 99\n", "" },
		{ "type=start+0x10000\n", "refers to nothing" },
		/* Not the start of an entry, but bytes that could be one. */
		{ ".uleb128 11\n.ascii \"n\"\ntype: .ascii \"\\010\\005\\010n\"\n.byte 0,8\n.uleb128 0\n",
		  "refers to nothing" },
		{ "type: .uleb128 4\n.byte 4\n.uleb128 5\n.long base-start\n.byte 0\n.uleb128 0\n"
		  "base: .uleb128 8\n.byte 5,8\n.asciz \"long\"\n",
		  "a member outside of its structure" },
		{ "type: .uleb128 11\n.asciz \"not a name\"\n.byte 8\n.uleb128 0\n",
		  "has a name that is none" },
		{ "type: .uleb128 9\n.long base-start\n.uleb128 10,1\n.byte 0x30\n.uleb128 0\n"
		  "base: .uleb128 8\n.byte 5,8\n.asciz \"long\"\n",
		  "" },
		{ "type: .uleb128 9\n.long base-start\n.uleb128 0\n"
		  "base: .uleb128 8\n.byte 5,8\n.asciz \"long\"\n",
		  "an array without length" },
		{ "type: .uleb128 9\n.long base-start\n.uleb128 12\n.quad 0x2000000000000001\n"
		  ".uleb128 0\nbase: .uleb128 8\n.byte 5,8\n.asciz \"long\"\n",
		  "an array that is too large" },
	};
	const char *argv[] = { "as", "--64", "-o", object, source, NULL };

	for (size_t i = 0; i < G_N_ELEMENTS(dwarf); i++) {
		g_autofree char *text = g_strconcat(HEAD, dwarf[i].entries, TAIL, NULL);
		GError *error = NULL;
		int status = -1;

		g_assert_true(g_file_set_contents(source, text, -1, NULL));
		g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
					   NULL, NULL, NULL, &status, NULL));
		g_assert_cmpint(status, ==, 0);

		g_autofree char *type = describe("x", 8, &error);

		if (!dwarf[i].problem) {
			g_assert_no_error(error);
			g_assert_cmpstr(type, ==, "base:5:8");
			continue;
		}
		g_assert_null(type);
		if (!strstr(error->message, dwarf[i].problem))
			g_error("'%s' expected in '%s'", dwarf[i].problem, error->message);
		g_clear_error(&error);
	}
}

int main(int argc, char **argv)
{
	g_autofree char *dir = g_dir_make_tmp("type-hash.XXXXXX", NULL);

	g_test_init(&argc, &argv, NULL);
	object = g_build_filename(dir, "object.o", NULL);
	source = g_build_filename(dir, "source.c", NULL);
	g_test_add_func("/type-hash/texts", test_texts);
	g_test_add_func("/type-hash/static-locals", test_static_locals);
	g_test_add_func("/type-hash/shared-address", test_shared_address);
	g_test_add_func("/type-hash/different", test_different);
	g_test_add_func("/type-hash/refused", test_refused);
	g_test_add_func("/type-hash/malformed", test_malformed);

	int status = g_test_run();

	g_unlink(object);
	g_unlink(source);
	g_rmdir(dir);
	g_free(object);
	g_free(source);
	return status;
}
