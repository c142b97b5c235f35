// SPDX-License-Identifier: GPL-2.0
/* Which CVEs the running kernel is patched for: kpatch list and status against a made-up machine.
 */
#include "kpatch-machine.h"

static void run(struct machine *m, command_fn command, const char *arg)
{
	GError *error = NULL;

	json_object_clear(m->cmd.result);
	g_string_truncate(m->cmd.text, 0);
	command(&m->cmd, arg, &error);
	g_assert_no_error(error);
}

/* Install and load a patch NAME.ko with this much more of module information. */
static void load(struct machine *m, const char *name, const char *more)
{
	g_autofree char *info = g_strdup_printf("name=%s\nvermagic=" RELEASE
						" SMP \nlivepatch=Y\nkpatch.core=livepatch%s",
						name, more);
	g_autofree char *file = make_module(m, name, info);

	run(m, command_install, file);
	run(m, command_load, name);
}

static void expect_text(const struct machine *m, const char *words)
{
	if (!strstr(m->cmd.text->str, words))
		g_error("\"%s\" does not contain \"%s\"", m->cmd.text->str, words);
}

static void expect_json(const json_t *object, const char *key, const char *want)
{
	g_autofree char *got =
		json_dumps(json_object_get(object, key), JSON_COMPACT | JSON_ENCODE_ANY);

	g_assert_cmpstr(got, ==, want);
}

static const json_t *patch_called(const struct machine *m, const char *name)
{
	const json_t *patch;
	size_t i;

	json_array_foreach(json_object_get(m->cmd.result, "patches"), i, patch)
	{
		if (!strcmp(json_string_value(json_object_get(patch, "name")), name))
			return patch;
	}
	g_error("%s is not listed", name);
}

#define DIFF_SUM "\nkpatch.diff_sha256=00ff"
#define DEMO                                                                                       \
	DIFF_SUM "\nkpatch.title=One, two\nkpatch.title=Three\nkpatch.version=1.2"                 \
		 "\nkpatch.fixes=CVE-2024-1086\nkpatch.fixes=CVE-2023-0179"

static void test_list(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	m->notes = true;
	load(m, "demo", DEMO);
	load(m, "other", DIFF_SUM "\nkpatch.fixes=CVE-2024-1086\nkpatch.fixes=CVE-2024-0001");
	load(m, "plain", DIFF_SUM);
	load(m, "old", "");
	run(m, command_list, NULL);
	expect_text(m, "demo  enabled  (core livepatch)\n  fixes: CVE-2024-1086, CVE-2023-0179\n");
	expect_text(m, "plain  enabled  (core livepatch)\n  fixes: no CVE is named\n");
	/* A module that was made when nothing was recorded. */
	expect_text(m, "old  enabled  (core livepatch)\n  fixes: not known\n");
	expect_json(m->cmd.result, "fixes",
		    "[\"CVE-2023-0179\",\"CVE-2024-0001\",\"CVE-2024-1086\"]");
	expect_json(patch_called(m, "demo"), "fixes", "[\"CVE-2024-1086\",\"CVE-2023-0179\"]");
	expect_json(patch_called(m, "demo"), "titles", "[\"One, two\",\"Three\"]");
	expect_json(patch_called(m, "demo"), "patch_version", "\"1.2\"");
	expect_json(patch_called(m, "plain"), "fixes", "[]");
	expect_json(patch_called(m, "old"), "fixes", "null");
}

static void test_status(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	m->notes = true;
	load(m, "demo", DEMO);
	load(m, "plain", DIFF_SUM);
	run(m, command_status, NULL);
	expect_text(m, "demo  enabled  (core livepatch)\n  fixes: CVE-2024-1086, CVE-2023-0179\n");
	expect_text(m, "plain  enabled  (core livepatch)\n  fixes: no CVE is named\n");
	expect_json(m->cmd.result, "fixes", "[\"CVE-2023-0179\",\"CVE-2024-1086\"]");
	expect_json(patch_called(m, "demo"), "fixes", "[\"CVE-2024-1086\",\"CVE-2023-0179\"]");
	expect_json(patch_called(m, "demo"), "patch_version", "\"1.2\"");
}

/* Only the very file that is loaded tells. */
static void test_other_file(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	m->notes = true;
	load(m, "demo", DEMO);
	put_build_id(m, "sys/module/demo", "\xab\xce");
	run(m, command_list, NULL);
	expect_text(m, "  fixes: not known\n");
	expect_json(patch_called(m, "demo"), "fixes", "null");
	expect_json(patch_called(m, "demo"), "titles", "null");
	expect_json(m->cmd.result, "fixes", "[]");
	put_build_id(m, "sys/module/demo", "\xab\xcd");
	run(m, command_list, NULL);
	expect_text(m, "  fixes: CVE-2024-1086, CVE-2023-0179\n");
	run(m, command_uninstall, "demo");
	run(m, command_list, NULL);
	expect_text(m, "  fixes: not known\n");
	expect_json(m->cmd.result, "fixes", "[]");
}

/* What is not in force, or not for all tasks yet, fixes nothing. */
static void test_in_force(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	m->notes = true;
	load(m, "demo", DEMO);
	m->stall = -1;
	put_in_patch(m, "transition", "1\n");
	run(m, command_list, NULL);
	expect_text(m, "demo  enabling  (core livepatch)\n  fixes: CVE-2024-1086, CVE-2023-0179\n");
	expect_json(m->cmd.result, "fixes", "[]");
	m->stall = 0;
}

static void test_nothing(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	put(m, "sys/module/gone/initstate", "live\n");
	put(m, "sys/module/gone/taint", "OK\n");
	run(m, command_list, NULL);
	g_assert_cmpstr(m->cmd.text->str, ==, "gone  not in force\n");
	expect_json(m->cmd.result, "fixes", "[]");
	g_assert_null(json_object_get(patch_called(m, "gone"), "fixes"));
}

static void test_info(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(
		m, "demo",
		GOOD DEMO
		"\nkpatch.author=A <a@b>\nkpatch.source=debian 6.1-1\nkpatch.compiler=gcc \\33[2J");

	run(m, command_info, file);
	g_autofree char *head = g_strdup_printf(
		"demo\n  file: %s\n  title: One, two\n  title: Three\n  patch version: 1.2\n"
		"  patch author: A <a@b>\n  fixes: CVE-2024-1086, CVE-2023-0179\n  core: "
		"livepatch\n"
		"  kernel: " RELEASE "\n  built from source: debian 6.1-1\n"
		"  built by compiler: gcc ?[2J\n  diff, SHA-256: 00ff\n  cumulative: ",
		file);
	expect_text(m, head);
	expect_json(m->cmd.result, "titles", "[\"One, two\",\"Three\"]");
	expect_json(m->cmd.result, "authors", "[\"A <a@b>\"]");
	expect_json(m->cmd.result, "fixes", "[\"CVE-2024-1086\",\"CVE-2023-0179\"]");
	expect_json(m->cmd.result, "diffs_sha256", "[\"00ff\"]");
	expect_json(m->cmd.result, "source", "\"debian 6.1-1\"");

	g_autofree char *old = make_module(m, "demo", GOOD);

	run(m, command_info, old);
	expect_text(m, "  fixes: not known\n");
	expect_json(m->cmd.result, "fixes", "null");
	expect_json(m->cmd.result, "titles", "[]");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
	g_test_add("/kpatch-fixes/" #name, struct machine, NULL, setup, test_##name, teardown)
	TEST(list);
	TEST(status);
	TEST(other_file);
	TEST(in_force);
	TEST(nothing);
	TEST(info);
	return g_test_run();
}
