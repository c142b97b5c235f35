// SPDX-License-Identifier: GPL-2.0
/* Which differences between preprocessed sources can change an object. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "../../kpatch-build/identifiers.h"

static unsigned int failures;

static void affected(const char *name, bool wanted, const char *one, const char *two)
{
	GString *before = g_string_new(one), *after = g_string_new(two);
	g_autofree char *why = NULL;
	bool got = identifiers_unit_affected(before, after, &why);

	printf("%s %s%s%s\n", got == wanted ? "ok" : "FAIL", name,
	       got == wanted ? "" : got ? ": affected, by " : ": not affected", got && why ? why : "");
	failures += got != wanted;
	g_string_free(before, TRUE);
	g_string_free(after, TRUE);
}

/* @common comes after the declaration that differs. */
static void header(const char *name, bool wanted, const char *one, const char *two,
		   const char *common)
{
	g_autofree char *before = g_strconcat(one, common, NULL);
	g_autofree char *after = g_strconcat(two, common, NULL);

	affected(name, wanted, before, after);
}

int main(void)
{
	header("same", false, "int a(void);", "int  a( void );", "int f(void) { return a(); }");
	header("unused inline function", false, "static inline int a(int x) { return x; }\n",
	       "static inline int a(int x) { return x + 1; }\n", "int f(void) { return 1; }");
	header("used inline function", true, "static inline int a(int x) { return x; }\n",
	       "static inline int a(int x) { return x + 1; }\n", "int f(void) { return a(1); }");
	header("used through another one", true, "static inline int a(int x) { return x; }\n",
	       "static inline int a(int x) { return x + 1; }\n",
	       "static inline __attribute__((unused)) int b(void) { return a(2); }\n"
	       "int f(void) { return b(); }");
	header("a parameter of the same name", false,
	       "static inline int a(int x) { return x; }\n",
	       "static inline int a(int x) { return x + 1; }\n", "int f(int x, char *name) { return x; }");
	header("struct that is used", true, "struct s { int a; };", "struct s { int b, a; };",
	       "int f(struct s *p) { return p->a; }");
	header("struct inside another one, by a function's result", true, "struct s { int a; };",
	       "struct s { int b, a; };",
	       "struct t { struct s m; }; struct t *get(void); int f(void) { return get()->m.a; }");
	header("struct that is not used", false, "struct s { int a; };", "struct s { int b, a; };",
	       "struct t { struct s m; }; struct t *get(void); int f(void) { return 0; }");
	header("type of a parameter does not define the function's type", false,
	       "static inline unsigned long a(struct q *x) { return 1; }\n",
	       "static inline unsigned long a(struct q *x) { return 2; }\n",
	       "unsigned long f(struct q *x) { return 1; }");
	header("packed struct", false, "struct s { int a; } __attribute__((packed));",
	       "struct s { int b; } __attribute__((packed));", "int f(void) { return 0; }");
	header("enumerator", true, "enum { A, B };", "enum { Z, A, B };", "int f(void) { return B; }");
	header("nested enumerator", true, "struct s { enum { A, B } e; };",
	       "struct s { enum { Z, A, B } e; };", "int f(void) { return B; }");
	header("typedef", true, "typedef int t;", "typedef long t;", "t f(t x) { return x; }");
	header("pointer typedef", true, "typedef int (*t)(int);", "typedef long (*t)(int);",
	       "long f(t x) { return x(1); }");
	header("function pointer variable", true, "extern int (*ops)(int);",
	       "extern long (*ops)(int);", "long f(void) { return ops(1); }");
	header("name in assembly", true, "static inline int abc(void) { return 1; }\n",
	       "static inline int abc(void) { return 2; }\n", "void f(void) { asm(\"call abc\"); }");
	header("top-level assembly", true, "asm(\"nop\");", "asm(\"nop;nop\");", "int f;");
	header("new prototype", false, "", "int g(struct file *f);", "int f(void) { return 0; }");
	header("new variable", true, "", "static int g = 1;", "int f(void) { return 0; }");
	affected("line markers", false, "# 1 \"a.h\"\nint\n# 7 \"b.h\" 2\na; int f(void) {\n}\n",
		 "# 3 \"a.h\"\nint a; int f(void) {\n# 9 \"c.h\"\n}\n");
	affected("function body", true, "int f(void) { return 1; }", "int f(void) { return 2; }");
	affected("garbage", true, "int }}} ( ;", "{{{ \"");
	return failures != 0;
}
