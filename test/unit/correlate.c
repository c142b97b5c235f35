// SPDX-License-Identifier: GPL-2.0
/* Pairing functions and variables of two builds (create-diff-object/correlate.c, static-locals.c). */
#include "object-util.h"

#include "create-diff-object/compare.h"
#include "create-diff-object/correlate.h"

#define FUNCTION(name, body)                                                                       \
	".section .text." name ", \"ax\"\n.type " name ", @function\n" name ": " body             \
	"\nret\n.size " name ", . - " name "\n"
#define VARIABLE(name, value)                                                                      \
	".section .data." name ", \"aw\"\n.type " name ", @object\n" name ": .long " value        \
	"\n.size " name ", . - " name "\n"
#define TABLE(name, value)                                                                         \
	".section .rodata." name ", \"a\"\n.type " name ", @object\n" name ": .long " value       \
	"\n.size " name ", . - " name "\n"
#define USE(name) "incl " name "(%rip)\n"

/** struct pair - two builds. */
struct pair {
	object *orig, *patched;
};

static struct pair correlated(const char *orig, const char *patched)
{
	struct pair pair = { assemble_and_cut(orig), assemble_and_cut(patched) };

	correlate(pair.orig, pair.patched);
	compare_objects(pair.orig);
	return pair;
}

static void pair_clear(struct pair *pair)
{
	object_free(pair->orig);
	object_free(pair->patched);
}

/* Whether @a of the original is the same thing as @b of the patched object; NULL: as nothing. */
static bool twins(const struct pair *pair, const char *a, const char *b)
{
	struct atom *x = a ? atom_called(pair->orig, a) : NULL;
	struct atom *y = b ? atom_called(pair->patched, b) : NULL;

	return (!x || x->twin == y) && (!y || y->twin == x);
}

static void by_name(void)
{
	struct pair pair = correlated(FUNCTION("f", "nop") FUNCTION("gone", "nop") VARIABLE("v", "1"),
				      VARIABLE("v", "1") FUNCTION("new", "nop") FUNCTION("f", "hlt"));

	g_assert_true(twins(&pair, "f", "f") && twins(&pair, "v", "v"));
	g_assert_true(twins(&pair, "gone", NULL) && twins(&pair, NULL, "new"));
	g_assert_true(atom_called(pair.orig, "f")->changed && atom_called(pair.patched, "f")->changed);
	g_assert_false(atom_called(pair.orig, "v")->changed);
	pair_clear(&pair);
}

/* Clones: equal ones first, then the same name, then in order. */
static void clones(void)
{
	struct pair pair = correlated(
		FUNCTION("f.isra.0", "nop") FUNCTION("f.isra.1", "hlt") FUNCTION("f.part.0", "cli"),
		FUNCTION("f.isra.2", "nop") FUNCTION("f.isra.0", "sti") FUNCTION("f.constprop.0", "cli"));

	g_assert_true(twins(&pair, "f.isra.0", "f.isra.2"));
	g_assert_true(twins(&pair, "f.isra.1", "f.isra.0"));
	g_assert_true(twins(&pair, "f.part.0", NULL) && twins(&pair, NULL, "f.constprop.0"));
	pair_clear(&pair);
}

static void static_locals(void)
{
	/* by the function that uses them, its parts included */
	struct pair pair = correlated(
		VARIABLE("n.0", "1") VARIABLE("n.1", "1") FUNCTION("f", USE("n.0"))
			FUNCTION("g.part.0", USE("n.1")),
		VARIABLE("n.5", "1") VARIABLE("n.6", "1") VARIABLE("n.7", "1") FUNCTION("g", USE("n.6"))
			FUNCTION("f.cold", USE("n.7")) FUNCTION("h", USE("n.5")));

	g_assert_true(twins(&pair, "n.0", "n.7") && twins(&pair, "n.1", "n.6"));
	g_assert_true(twins(&pair, NULL, "n.5"));
	pair_clear(&pair);

	/* the function was inlined into another one */
	pair = correlated(VARIABLE("n.0", "1") FUNCTION("inlined", USE("n.0")) FUNCTION("f", "nop"),
			  VARIABLE("n.1", "1") FUNCTION("f", USE("n.1")));
	g_assert_true(twins(&pair, "n.0", "n.1"));
	pair_clear(&pair);

	/* several in one function: by their order, in which GCC numbers them */
	pair = correlated(VARIABLE("n.9", "1") VARIABLE("n.10", "1") FUNCTION("f", USE("n.9") USE("n.10")),
			  VARIABLE("n.3", "1") VARIABLE("n.2", "1") FUNCTION("f", USE("n.3") USE("n.2")));
	g_assert_true(twins(&pair, "n.9", "n.2") && twins(&pair, "n.10", "n.3"));
	pair_clear(&pair);

	/* one of two is gone: nothing tells which */
	pair = correlated(VARIABLE("n.0", "1") VARIABLE("n.1", "1") FUNCTION("f", USE("n.0") USE("n.1")),
			  VARIABLE("n.0", "1") FUNCTION("f", USE("n.0")));
	g_assert_true(twins(&pair, NULL, "n.0"));
	g_assert_true(atom_called(pair.patched, "n.0")->undecided);
	pair_clear(&pair);
}

static void tables(void)
{
	/* a changed table of numbers is part of the code that looks it up */
	struct pair pair = correlated(TABLE("t", "1, 2") FUNCTION("f", USE("t")),
				      TABLE("t", "1, 3") FUNCTION("f", USE("t")));

	g_assert_true(twins(&pair, "t", NULL) && atom_called(pair.patched, "f")->changed);
	pair_clear(&pair);

	/* one that others may have the address of is not */
	pair = correlated(TABLE("t", "1, 2") VARIABLE("p", "t - .") FUNCTION("f", USE("t")),
			  TABLE("t", "1, 3") VARIABLE("p", "t - .") FUNCTION("f", USE("t")));
	g_assert_true(twins(&pair, "t", "t") && atom_called(pair.patched, "t")->changed);
	g_assert_false(atom_called(pair.patched, "f")->changed);
	pair_clear(&pair);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/correlate/by-name", by_name);
	g_test_add_func("/correlate/clones", clones);
	g_test_add_func("/correlate/static-locals", static_locals);
	g_test_add_func("/correlate/tables", tables);
	return g_test_run();
}
