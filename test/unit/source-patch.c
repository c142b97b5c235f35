// SPDX-License-Identifier: GPL-2.0
/* Reading unified diffs, strictly, and applying them to files in memory. */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../kpatch-build/apply.h"
#include "../../kpatch-build/line.h"
#include "../../kpatch-build/source-patch.h"

static unsigned int failures;

static void check(bool ok, const char *name, const char *why)
{
	if (ok) {
		printf("ok %s\n", name);
		return;
	}
	printf("FAIL %s: %s\n", name, why);
	failures++;
}

static struct source_patch *parse(const char *text, GError **err)
{
	return source_patch_parse("t.patch", g_strdup(text), strlen(text), err);
}

/* The text must be refused with a message that has @wanted in it. */
static void refused(const char *name, const char *text, const char *wanted)
{
	g_autoptr(GError) error = NULL;
	struct source_patch *patch = parse(text, &error);

	check(!patch && error && strstr(error->message, wanted), name,
	      error ? error->message : "accepted");
	source_patch_free(patch);
}

static void reads_all_forms(void)
{
	g_autoptr(GError) error = NULL;
	struct source_patch *patch = parse(
		"From: someone\nSubject: x\n\n--- a mail's separator\n"
		"diff --git a/fs/a.c b/fs/a.c\nindex 1..2 100644\n--- a/fs/a.c\n+++ b/fs/a.c\n"
		"@@ -1,2 +1,2 @@ int f(void)\n one\n-two\n+TWO\n"
		"diff --git a/fs/new.c b/fs/new.c\nnew file mode 100644\nindex 0..2\n"
		"--- /dev/null\n+++ b/fs/new.c\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n"
		"diff --git a/fs/old.c b/fs/old.c\ndeleted file mode 100644\n"
		"--- a/fs/old.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
		"diff --git a/fs/m.c b/fs/m.c\nold mode 100644\nnew mode 100755\n"
		"diff --git a/fs/p.c b/fs/q.c\nsimilarity index 100%\nrename from fs/p.c\n"
		"rename to fs/q.c\n"
		"--- linux/mm/b.c\t2020-01-01 00:00:00\n+++ new/mm/b.c\t2020-01-02 00:00:00\n"
		"@@ -3 +3 @@\n-a\n+b\n-- \n2.39.2\n",
		&error);
	static const struct {
		enum sp_kind kind;
		const char *path;
	} wanted[] = {
		{ SP_MODIFIED, "fs/a.c" }, { SP_NEW, "fs/new.c" },     { SP_DELETED, "fs/old.c" },
		{ SP_MODIFIED, "fs/m.c" }, { SP_RENAMED, "fs/q.c" }, { SP_MODIFIED, "mm/b.c" },
	};

	check(patch && patch->files->len == G_N_ELEMENTS(wanted), "reads all forms",
	      error ? error->message : "wrong number of files");
	for (guint i = 0; patch && i < patch->files->len && i < G_N_ELEMENTS(wanted); i++) {
		struct sp_file *file = patch->files->pdata[i];

		check(file->kind == wanted[i].kind && !strcmp(sp_file_path(file), wanted[i].path),
		      wanted[i].path, sp_file_path(file));
	}
	source_patch_free(patch);
}

static void refuses_what_it_does_not_understand(void)
{
	refused("empty", "nothing here\n", "no unified diff");
	refused("short hunk", "--- a/f.c\n+++ b/f.c\n@@ -1,3 +1,3 @@\n a\n-b\n", "ends in the middle");
	refused("cut hunk", "--- a/f.c\n+++ b/f.c\n@@ -1,3 +1,3 @@\n a\n-b\nXX\n", "shorter than");
	refused("long hunk", "--- a/f.c\n+++ b/f.c\n@@ -1,2 +1,1 @@\n a\n+b\n", "longer than");
	refused("bad header", "--- a/f.c\n+++ b/f.c\n@@ -1,x +1 @@\n a\n", "malformed @@");
	refused("no hunks", "--- a/f.c\n+++ b/f.c\nxyz\n", "no @@ line");
	refused("huge numbers", "--- a/f.c\n+++ b/f.c\n@@ -99999999999 +1 @@\n a\n", "malformed @@");
	refused("crlf", "--- a/f.c\r\n+++ b/f.c\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n", "CRLF");
	refused("binary", "diff --git a/f b/f\nindex 1..2\nBinary files a/f and b/f differ\n", "binary");
	refused("git binary", "diff --git a/f b/f\nindex 1..2\nGIT binary patch\n", "binary");
	refused("context diff", "*** a/f.c\n--- b/f.c\n***************\n", "context diff");
	refused("absolute", "--- /etc/f.c\n+++ /etc/f.c\n@@ -1 +1 @@\n-a\n+b\n", "a/fs/namei.c");
	refused("dot dot", "--- a/../f.c\n+++ b/../f.c\n@@ -1 +1 @@\n-a\n+b\n", "out of the source");
	refused("dot git", "--- a/.git/f\n+++ b/.git/f\n@@ -1 +1 @@\n-a\n+b\n", "out of the source");
	refused("rename out of the tree",
		"diff --git a/f.c b/g.c\nrename from f.c\nrename to ../g.c\n", "out of the source");
	refused("combined", "diff --cc f.c\n", "combined");
	refused("orphan hunk", "@@ -1 +1 @@\n-a\n+b\n", "without file names");
}

/* Apply patches to one file that has the text @before; the result or the error's message. */
static char *apply(const char *before, const char *const *patches, struct src_range *first)
{
	g_autofree char *dir = g_dir_make_tmp("kpatch-test-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "f.c", NULL);
	struct overlay *overlay = overlay_new(dir);
	struct kp_diags *diags = kp_diags_new();
	g_autoptr(GPtrArray) kept =
		g_ptr_array_new_with_free_func((GDestroyNotify)source_patch_free);
	g_autoptr(GError) error = NULL;
	char *result = NULL;

	g_file_set_contents(path, before, -1, NULL);
	for (guint i = 0; patches[i] && !error; i++) {
		struct source_patch *patch = parse(patches[i], &error);

		if (!patch)
			break;
		g_ptr_array_add(kept, patch);
		for (guint n = 0; n < patch->files->len && !error; n++)
			overlay_apply(overlay, patch, patch->files->pdata[n], diags, &error);
	}
	overlay_finish(overlay);
	const struct src_file *file = overlay_find(overlay, "f.c");

	if (first)
		memset(first, 0, sizeof(*first));
	if (error) {
		result = g_strdup(error->message);
	} else if (!file) {
		result = g_strdup("unchanged");
	} else {
		if (first && file->ranges->len)
			*first = g_array_index(file->ranges, struct src_range, 0);
		result = g_string_free(line_plain(file->lines), FALSE);
	}
	overlay_free(overlay);
	kp_diags_free(diags);
	g_unlink(path);
	g_rmdir(dir);
	return result;
}

static void applied(const char *name, const char *before, const char *one, const char *two,
		    const char *wanted)
{
	const char *const patches[] = { one, two, NULL };
	g_autofree char *result = apply(before, patches, NULL);

	check(!strcmp(result, wanted), name, result);
}

static void failed(const char *name, const char *before, const char *one, const char *wanted)
{
	const char *const patches[] = { one, NULL };
	g_autofree char *result = apply(before, patches, NULL);

	check(strstr(result, wanted) != NULL, name, result);
}

#define NAMES "--- a/f.c\n+++ b/f.c\n"

static void applies(void)
{
	applied("modify", "1\n2\n3\n", NAMES "@@ -2 +2 @@\n-2\n+two\n", NULL, "1\ntwo\n3\n");
	applied("offset", "0\n0\n1\n2\n3\n", NAMES "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n", NULL,
		"0\n0\n1\ntwo\n3\n");
	applied("two hunks", "1\n2\n3\n4\n5\n",
		NAMES "@@ -1 +1,2 @@\n 1\n+a\n@@ -5 +6 @@\n-5\n+b\n", NULL, "1\na\n2\n3\n4\nb\n");
	applied("insert without context", "1\n2\n", NAMES "@@ -1,0 +2 @@\n+a\n", NULL, "1\na\n2\n");
	applied("no newline", "1\n2", NAMES "@@ -2 +2 @@\n-2\n\\ No newline at end of file\n+b\n",
		NULL, "1\nb\n");
	applied("empty context line", "1\n\n3\n", NAMES "@@ -1,3 +1,3 @@\n 1\n\n-3\n+x\n", NULL,
		"1\n\nx\n");
	applied("second patch on the first", "1\n2\n3\n", NAMES "@@ -1,2 +1,3 @@\n 1\n+a\n 2\n",
		NAMES "@@ -1,3 +1,3 @@\n 1\n-a\n+b\n 2\n", "1\nb\n2\n3\n");
	applied("second patch takes the first back", "1\n2\n3\n", NAMES "@@ -2 +2 @@\n-2\n+x\n",
		NAMES "@@ -2 +2 @@\n-x\n+2\n", "unchanged");
	failed("context differs", "1\n2\n3\n", NAMES "@@ -1,3 +1,3 @@\n 1\n-x\n+y\n 3\n",
	       "hunk 1 does not apply to f.c: line 2 should be \"x\" but is \"2\"");
	failed("already applied", "1\ny\n3\n", NAMES "@@ -1,3 +1,3 @@\n 1\n-x\n+y\n 3\n",
	       "applied already");
	failed("file too short", "1\n", NAMES "@@ -1,2 +1,2 @@\n 1\n-2\n+y\n", "the end of the file");
	failed("no such file", "1\n", "--- a/g.c\n+++ b/g.c\n@@ -1 +1 @@\n-2\n+y\n",
	       "not in the target's source tree");
	failed("new file exists", "1\n", "--- /dev/null\n+++ b/f.c\n@@ -0,0 +1 @@\n+y\n", "exists");

	const char *const patches[] = { NAMES "@@ -2,2 +2,3 @@\n-2\n-3\n+x\n+y\n+3\n", NULL };
	struct src_range range;
	g_autofree char *text = apply("1\n2\n3\n4\n", patches, &range);

	check(range.old_start == 2 && range.old_count == 1 && range.new_start == 2 &&
		      range.new_count == 2,
	      "changed range is minimal", text);
}

int main(void)
{
	reads_all_forms();
	refuses_what_it_does_not_understand();
	applies();
	return failures != 0;
}
