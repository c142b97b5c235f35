// SPDX-License-Identifier: GPL-2.0
/* What compilers do to names (create-diff-object/names.c). */
#include <glib.h>

#include "create-diff-object/names.h"
#include "create-diff-object/object.h"

static void keys(void)
{
	static const struct {
		const char *name, *key, *base;
		bool numbered;
	} cases[] = {
		{ "plain", "plain", "plain", false },
		{ "count.0", "count", "count", true },
		{ "count.12345", "count", "count", true },
		{ "foo.isra.3", "foo.isra", "foo", true },
		{ "foo.constprop.0.isra.1", "foo.constprop.isra", "foo", true },
		{ "foo.part.7.cold", "foo.part.cold", "foo", true },
		{ "foo.cold", "foo.cold", "foo", false },
		{ "foo.cold.9", "foo.cold", "foo", true },
		{ "foo.llvm.123", "foo.llvm", "foo", true },
		{ "__UNIQUE_ID_ddebug381.5", "__UNIQUE_ID_ddebug", "__UNIQUE_ID_ddebug381", true },
		{ "__UNIQUE_ID___addressable_init412", "__UNIQUE_ID___addressable_init",
		  "__UNIQUE_ID___addressable_init412", true },
		{ "v4l2_1080p59_94", "v4l2_1080p59_94", "v4l2_1080p59_94", false },
		{ "ends.with.", "ends.with.", "ends", false },
		{ "foo.2bar", "foo.2bar", "foo", false },
		{ ".L1", ".L1", ".L1", false },
		{ "", "", "", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *key = name_key(cases[i].name), *base = name_base(cases[i].name);

		g_assert_cmpstr(key, ==, cases[i].key);
		g_assert_cmpstr(base, ==, cases[i].base);
		g_assert_cmpint(name_is_numbered(cases[i].name), ==, cases[i].numbered);
	}
}

static bool special(const char *name, const char *section, unsigned char bind)
{
	struct section sec = { .name = section };
	struct symbol sym = { .name = name, .bind = bind, .sec = &sec };
	struct atom atom = { .sec = &sec, .kind = ATOM_DATA, .sym = &sym };

	return atom_is_special_static(&atom);
}

static void variables(void)
{
	g_assert_true(name_is_variable("x", "x"));
	g_assert_true(name_is_variable("x.3", "x"));
	g_assert_true(name_is_variable("f.x", "x"));
	g_assert_true(name_is_variable("f.x.3", "x"));
	g_assert_true(name_is_variable("x.x", "x"));
	g_assert_false(name_is_variable("x", "y"));
	g_assert_false(name_is_variable("xy", "x"));
	g_assert_false(name_is_variable("x", "xy"));
	g_assert_false(name_is_variable("f.xy", "x"));
	g_assert_false(name_is_variable("x.y.3", "x"));
	g_assert_false(name_is_variable("x.3a", "x"));
}

static void special_statics(void)
{
	g_assert_true(special("__func__.3", ".rodata.__func__.3", STB_LOCAL));
	g_assert_true(special("__already_done.0", ".data.once", STB_LOCAL));
	g_assert_true(special("__key.12", ".bss.__key.12", STB_LOCAL));
	g_assert_true(special("_rs.1", ".data._rs.1", STB_LOCAL));
	g_assert_true(special("CSWTCH.44", ".rodata.CSWTCH.44", STB_LOCAL));
	g_assert_true(special("any", "__dyndbg", STB_LOCAL));
	g_assert_true(special("any", ".data..once", STB_LOCAL));
	/* clang puts the function in front */
	g_assert_true(special("do_open.__func__", ".rodata", STB_LOCAL));
	g_assert_true(special("do_open._rs.5", ".data", STB_LOCAL));
	/* only the whole name counts */
	g_assert_false(special("__key", ".bss.__key", STB_LOCAL));
	g_assert_false(special("my__key.1", ".bss.my__key.1", STB_LOCAL));
	g_assert_false(special("__keys.1", ".bss.__keys.1", STB_LOCAL));
	g_assert_false(special("count.1", ".bss.count.1", STB_LOCAL));
	g_assert_false(special("__func__.3", ".rodata", STB_GLOBAL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/names/keys", keys);
	g_test_add_func("/names/variables", variables);
	g_test_add_func("/names/special-statics", special_statics);
	return g_test_run();
}
