// SPDX-License-Identifier: GPL-2.0
/* What patches say of themselves: mails, series, prose; what is refused; C strings. */
#include <string.h>

#include "kpatch-build/fixes.h"
#include "error.h"
#include "source-patch.h"

#define DIFF                                                                                       \
	"--- a/fs/a.c\n+++ b/fs/a.c\n@@ -1,2 +1,2 @@\n-old\n+Subject: CVE-2001-0001\n CVE-2001-0002\n"
#define BEGIN "From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\n"

static const struct fixes_given nothing;

static struct kp_diags *diags;

/* What @text says, with @given before it. */
static struct fixes *collect(const struct fixes_given *given, const char *text)
{
	g_autoptr(GPtrArray) patches =
		g_ptr_array_new_with_free_func((GDestroyNotify)source_patch_free);
	GError *error = NULL;
	struct source_patch *patch =
		source_patch_parse("a.patch", g_strdup(text), strlen(text), &error);

	g_assert_no_error(error);
	g_ptr_array_add(patches, patch);
	if (diags)
		kp_diags_free(diags);
	diags = kp_diags_new();
	struct fixes *fixes = fixes_collect(given, patches, diags);

	/* always */
	g_assert_cmpuint(fixes->diffs->len, ==, 1);
	g_assert_cmpstr(fixes->diffs->pdata[0], ==, patch->sha256);
	return fixes;
}

static void expect_list(const GPtrArray *list, const char *want)
{
	g_autoptr(GString) got = g_string_new(NULL);

	for (guint i = 0; i < list->len; i++)
		g_string_append_printf(got, "%s%s", i ? "|" : "", (char *)list->pdata[i]);
	g_assert_cmpstr(got->str, ==, want);
}

static void test_headers(void)
{
	static const struct {
		const char *text, *titles, *authors;
	} cases[] = {
		{ DIFF, "", "" },
		{ "A change that fixes it: see below.\nSubject: no\n\n" DIFF, "", "" },
		{ BEGIN "From: A B <a@b>\nSubject: [PATCH 1/2] [net] x:\n  folded\n\tagain\n\nFrom here "
			"on it is text.\n---\n" DIFF,
		  "x: folded again", "A B <a@b>" },
		{ "Subject: t\r\nFrom: A\r\n\r\nx\r\n" DIFF, "t", "A" },
		{ "From: Sender <s@b>\nSubject: t\n\nFrom: Author <a@b>\n\ntext\n" DIFF, "t",
		  "Author <a@b>" },
		{ "From: A\nSubject: t\n\ntext\nFrom: B\nSubject: u\n" DIFF, "t", "A" },
		/* DEP-3 */
		{ "\nDescription: short\n and a long\n .\n text\nauthor: A <a@b>\nOrigin: x\n\n" DIFF,
		  "short", "A <a@b>" },
		/* git show */
		{ "commit 0123456789abcdef0123456789abcdef01234567\nAuthor: A <a@b>\nDate: x\n\n    "
		  "title\n\n" DIFF,
		  "", "A <a@b>" },
		/* a series; two of the same author */
		{ BEGIN "From: A\nSubject: one\n\nx\n---\n" DIFF "-- \n2.39\n\n" BEGIN
			"From: A\nSubject: two\n\n" DIFF,
		  "one|two", "A" },
		/* RFC 2047 */
		{ "From: =?UTF-8?q?Bj=C3=B6rn=20T?= <b@x>\n"
		  "Subject: =?utf-8?B?w6TDtg==?=\n =?ISO-8859-1?Q?=FC_x?= end\n\n" DIFF,
		  "äöü x end", "Björn T <b@x>" },
		{ "Subject: =?none?q?a?= =?UTF-8?q?=FF?= =?x\n\n" DIFF,
		  "=?none?q?a?= =?UTF-8?q?=FF?= =?x", "" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct fixes *fixes = collect(&nothing, cases[i].text);

		expect_list(fixes->titles, cases[i].titles);
		expect_list(fixes->authors, cases[i].authors);
		expect_list(fixes->cves, "");
		g_assert_cmpuint(diags->list->len, ==, 0);
		fixes_free(fixes);
	}
}

static void test_cves(void)
{
	static const struct {
		const char *text, *cves;
	} cases[] = {
		{ "Fixes: CVE-2024-1086\n" DIFF, "CVE-2024-1086" },
		{ "Subject: x (cve-2024-0002, CVE-2024-0001; CVE-2024-0002)\n\n" DIFF,
		  "CVE-2024-0001|CVE-2024-0002" },
		{ "https://x/CVE-2024-12345.\n" DIFF, "CVE-2024-12345" },
		{ "CVE-2024-123 XCVE-2024-1234 CVE-2024-1234x CVE-2024-12345678901234567890\n" DIFF,
		  "" },
		{ "CVE-2024-1234567890123456789\n\xff\xfe CVE-2025-0001\n" DIFF,
		  "CVE-2024-1234567890123456789|CVE-2025-0001" },
		{ "x\n" DIFF "-- \n2.39\n\n" BEGIN "Subject: y\n\nCVE-2024-9999\n" DIFF,
		  "CVE-2024-9999" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct fixes *fixes = collect(&nothing, cases[i].text);

		expect_list(fixes->cves, cases[i].cves);
		fixes_free(fixes);
	}
}

/* Not recorded, and that is said. */
static void expect_warning(const char *text, const char *words)
{
	struct fixes *fixes = collect(&nothing, text);

	expect_list(fixes->titles, "");
	expect_list(fixes->authors, "");
	g_assert_cmpuint(diags->list->len, ==, 1);
	g_assert_cmpuint(diags->errors, ==, 0);
	g_autofree char *got = kp_diag_format(diags->list->pdata[0]);

	if (!strstr(got, words))
		g_error("\"%s\" does not contain \"%s\"", got, words);
	fixes_free(fixes);
}

static void test_unusable(void)
{
	g_autofree char *line = g_strnfill(251, 'x');
	g_autofree char *longer = g_strdup_printf("Subject: %s\n\n" DIFF, line);
	g_autofree char *fits = g_strdup_printf("Subject: %s\n\n" DIFF, line + 1);

	expect_warning("Subject: \033[2J\n\n" DIFF,
		       "a.patch: the title is not recorded in the module: it has control "
		       "characters; --title gives another");
	expect_warning("Subject: =?UTF-8?q?a=0Alicense=3Dx?=\n\n" DIFF, "it has control characters");
	/* U+202E turns what follows around; U+200B is not seen */
	expect_warning("Subject: \xe2\x80\xae" "x\n\n" DIFF, "it has control characters");
	expect_warning("Subject: \xe2\x80\x8b\n\n" DIFF, "it has control characters");
	expect_warning("From: J\xfcrgen\n\n" DIFF, "the author is not recorded in the module: it is "
						   "not UTF-8; --author gives another");
	expect_warning("Subject: [PATCH]\n\n" DIFF, "it is empty");
	expect_warning(longer, "it is longer than 250 bytes");

	struct fixes *fixes = collect(&nothing, fits);

	expect_list(fixes->titles, line + 1);
	fixes_free(fixes);
}

static void test_given(void)
{
	struct fixes_given given = { .title = "T", .author = "A", .version = "1.0~rc1" };
	GError *error = NULL;

	g_assert_true(fixes_check_given(&given, &error));
	g_assert_true(fixes_add_given(&given, "cve-2024-0002, CVE-2024-0001", &error));
	g_assert_true(fixes_add_given(&given, "CVE-2024-0002", &error));
	g_assert_no_error(error);

	struct fixes *fixes = collect(&given, "From: \033\nSubject: x\n\nCVE-2020-0001\n" DIFF);

	expect_list(fixes->titles, "T");
	expect_list(fixes->authors, "A");
	expect_list(fixes->cves, "CVE-2024-0001|CVE-2024-0002");
	g_assert_cmpstr(fixes->version, ==, "1.0~rc1");
	g_assert_cmpuint(diags->list->len, ==, 0);
	fixes_free(fixes);
	fixes_clear_given(&given);

	struct fixes_given none = { 0 };

	g_assert_true(fixes_add_given(&none, "none", &error));
	fixes = collect(&none, "CVE-2020-0001\n" DIFF);
	expect_list(fixes->cves, "");
	fixes_free(fixes);
	fixes_clear_given(&none);
}

static void test_refused(void)
{
	static const char *const ids[] = { "",		     "CVE-2024-1",  "CVE-2024-0001,",
					   "CVE-2024-0001x", "none,none",   "CVE-2024-0001 CVE-2024-0002",
					   "DSA-5658-1",     "xCVE-2024-0001" };
	static const struct fixes_given others[] = {
		{ .title = "" },	  { .title = "a\nb" },	   { .author = "\xff" },
		{ .version = "" },	  { .version = "a b" },	   { .version = "-1" },
		{ .version = "1\"" },	  { .version = "1/2" },	   { .version = "\xc3\xa4" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
		struct fixes_given given = { 0 };
		GError *error = NULL;

		g_assert_false(fixes_add_given(&given, ids[i], &error));
		g_assert_cmpint(kp_exit_status(error), ==, KP_USAGE);
		g_clear_error(&error);
		fixes_clear_given(&given);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		GError *error = NULL;

		g_assert_false(fixes_check_given(&others[i], &error));
		g_assert_cmpint(kp_exit_status(error), ==, KP_USAGE);
		g_clear_error(&error);
	}
}

static void test_quote(void)
{
	g_autofree char *quoted = fixes_quote("a\"); b\\n\n1?\?=ä%s");

	g_assert_cmpstr(quoted, ==, "a\\042); b\\134n\\0121\\077\\077=\\303\\244%s");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/fixes/" #name, test_##name)
	TEST(headers);
	TEST(cves);
	TEST(unusable);
	TEST(given);
	TEST(refused);
	TEST(quote);
	int status = g_test_run();

	if (diags)
		kp_diags_free(diags);
	return status;
}
