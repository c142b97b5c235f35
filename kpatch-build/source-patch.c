// SPDX-License-Identifier: GPL-2.0
#include "source-patch.h"

#include <string.h>

#include "error.h"

/* Position in the patch that is being read: one line at a time, with one line of look-ahead. */
struct reader {
	struct source_patch *patch;
	const char *pos, *end;
	const char *line; /* the current line, without newline */
	gsize len;
	unsigned int number; /* of the current line; 0 before the first */
	GString *prose;
};

static void hunk_free(void *data)
{
	struct sp_hunk *hunk = data;

	g_array_unref(hunk->lines);
	g_free(hunk);
}

static void file_free(void *data)
{
	struct sp_file *file = data;

	g_free(file->old_path);
	g_free(file->new_path);
	g_ptr_array_unref(file->hunks);
	g_free(file);
}

void source_patch_free(struct source_patch *patch)
{
	if (!patch)
		return;
	g_free(patch->name);
	g_free(patch->sha256);
	g_free(patch->text);
	g_free(patch->prose);
	g_ptr_array_unref(patch->files);
	g_free(patch);
}

const char *sp_file_path(const struct sp_file *file)
{
	return file->new_path ? file->new_path : file->old_path;
}

static bool next_line(struct reader *r)
{
	if (r->pos >= r->end)
		return false;
	const char *newline = memchr(r->pos, '\n', (gsize)(r->end - r->pos));

	r->line = r->pos;
	r->len = (gsize)((newline ? newline : r->end) - r->pos);
	r->pos = newline ? newline + 1 : r->end;
	r->number++;
	return true;
}

/* Does the line after the current one start with @prefix? */
static bool peek_prefix(const struct reader *r, const char *prefix)
{
	gsize len = strlen(prefix);

	return (gsize)(r->end - r->pos) >= len && !memcmp(r->pos, prefix, len);
}

/* The rest of the current line after @prefix, or NULL. The text is not terminated at its end. */
static const char *after(const struct reader *r, const char *prefix)
{
	gsize len = strlen(prefix);

	return r->len >= len && !memcmp(r->line, prefix, len) ? r->line + len : NULL;
}

static bool bad(const struct reader *r, GError **err, const char *what)
{
	return kp_fail(err, KP_FAILED, "%s:%u: %s", r->patch->name, r->number, what);
}

static bool crlf(const struct reader *r)
{
	return r->len && r->line[r->len - 1] == '\r';
}

static const char crlf_message[] =
	"the patch has DOS line ends (CRLF); convert it, for example with dos2unix";

/*
 * The file name of a "---" or "+++" line: up to a tab (where plain diff puts
 * the date), first component stripped. *@path stays NULL for /dev/null.
 */
static bool parse_path(const struct reader *r, const char *start, char **path, GError **err)
{
	gsize len = (gsize)(r->line + r->len - start);
	const char *tab = memchr(start, '\t', len);

	if (crlf(r))
		return bad(r, err, crlf_message);
	if (tab)
		len = (gsize)(tab - start);
	while (len && start[len - 1] == ' ')
		len--;
	if (len && *start == '"')
		return bad(r, err, "quoted file names are not supported; rename the file");
	g_autofree char *name = g_strndup(start, len);

	if (!strcmp(name, "/dev/null"))
		return true;
	const char *slash = strchr(name, '/');

	if (*name == '/' || !slash)
		return bad(r, err,
			   "file names must look like a/fs/namei.c, as git and "
			   "'diff -u a/fs/namei.c b/fs/namei.c' write them (patch -p1)");
	*path = g_strdup(slash + 1);
	return true;
}

/* "rename from X": these names carry no a/ or b/. */
static bool parse_bare_path(const struct reader *r, const char *start, char **path, GError **err)
{
	if (crlf(r))
		return bad(r, err, crlf_message);
	if (*start == '"')
		return bad(r, err, "quoted file names are not supported; rename the file");
	g_free(*path);
	*path = g_strndup(start, (gsize)(r->line + r->len - start));
	return true;
}

static bool parse_number(const char **pos, const char *end, unsigned int *value)
{
	guint64 n = 0;
	const char *p = *pos;

	while (p < end && g_ascii_isdigit(*p) && n < G_MAXINT)
		n = n * 10 + (unsigned int)(*p++ - '0');
	if (p == *pos || n >= G_MAXINT)
		return false;
	*pos = p;
	*value = (unsigned int)n;
	return true;
}

/* "12,7" or "12" (which means 12,1). */
static bool parse_range(const char **pos, const char *end, unsigned int *start, unsigned int *count)
{
	*count = 1;
	if (!parse_number(pos, end, start))
		return false;
	if (*pos < end && **pos == ',') {
		(*pos)++;
		return parse_number(pos, end, count);
	}
	return true;
}

static bool literal(const char **pos, const char *end, const char *text)
{
	gsize len = strlen(text);

	if ((gsize)(end - *pos) < len || memcmp(*pos, text, len))
		return false;
	*pos += len;
	return true;
}

static bool parse_hunk_header(const struct reader *r, struct sp_hunk *hunk)
{
	const char *pos = r->line, *end = r->line + r->len;

	return literal(&pos, end, "@@ -") &&
	       parse_range(&pos, end, &hunk->old_start, &hunk->old_count) &&
	       literal(&pos, end, " +") &&
	       parse_range(&pos, end, &hunk->new_start, &hunk->new_count) &&
	       literal(&pos, end, " @@") && (hunk->old_start || !hunk->old_count) &&
	       (hunk->new_start || !hunk->new_count);
}

static bool add_hunk_line(const struct reader *r, struct sp_hunk *hunk, unsigned int *old,
			  unsigned int *new, GError **err)
{
	/* Mail programs drop the space of an empty context line; patch(1) accepts that as well. */
	char op = r->len ? *r->line : ' ';

	if (op != ' ' && op != '+' && op != '-')
		return bad(
			r, err,
			"the hunk is shorter than its @@ line says; the patch was cut or edited");
	if ((op != '+' && ++*old > hunk->old_count) || (op != '-' && ++*new > hunk->new_count))
		return bad(
			r, err,
			"the hunk is longer than its @@ line says; the patch was edited by hand");
	struct sp_line line = {
		.op = op,
		.text = r->len ? r->line + 1 : r->line,
		.len = r->len ? r->len - 1 : 0,
	};

	g_array_append_val(hunk->lines, line);
	return true;
}

/* The current line is the @@ line; afterwards it is the hunk's last one. */
static bool parse_hunk(struct reader *r, struct sp_file *file, GError **err)
{
	struct sp_hunk *hunk = g_new0(struct sp_hunk, 1);
	unsigned int old = 0, new = 0;

	hunk->lines = g_array_new(FALSE, FALSE, sizeof(struct sp_line));
	hunk->patch_line = r->number;
	g_ptr_array_add(file->hunks, hunk);
	if (crlf(r))
		return bad(r, err, crlf_message);
	if (!parse_hunk_header(r, hunk))
		return bad(r, err, "malformed @@ line");
	while (old < hunk->old_count || new < hunk->new_count) {
		if (!next_line(r))
			return bad(r, err, "the patch ends in the middle of a hunk");
		if (*r->line == '\\' && r->len) {
			if (!hunk->lines->len)
				return bad(r, err, "malformed hunk");
			g_array_index(hunk->lines, struct sp_line, hunk->lines->len - 1)
				.no_newline = true;
			continue;
		}
		if (!add_hunk_line(r, hunk, &old, &new, err))
			return false;
	}
	if (peek_prefix(r, "\\") && next_line(r) && hunk->lines->len)
		g_array_index(hunk->lines, struct sp_line, hunk->lines->len - 1).no_newline = true;
	return true;
}

static struct sp_file *file_new(struct reader *r)
{
	struct sp_file *file = g_new0(struct sp_file, 1);

	file->hunks = g_ptr_array_new_with_free_func(hunk_free);
	file->patch_line = r->number;
	g_ptr_array_add(r->patch->files, file);
	return file;
}

static bool parse_hunks(struct reader *r, struct sp_file *file, GError **err)
{
	while (peek_prefix(r, "@@ ")) {
		next_line(r);
		if (!parse_hunk(r, file, err))
			return false;
	}
	return true;
}

/* The current line is "--- ...", the next one is "+++ ...". */
static bool parse_names_and_hunks(struct reader *r, struct sp_file *file, GError **err)
{
	g_autofree char *old = NULL, *new = NULL;

	if (!parse_path(r, after(r, "--- "), &old, err))
		return false;
	next_line(r);
	if (!parse_path(r, after(r, "+++ "), &new, err))
		return false;
	if (!old && !new)
		return bad(r, err, "both names are /dev/null");
	if (!peek_prefix(r, "@@ "))
		return bad(r, err, "no @@ line after the file names");
	/* Extended headers of git have said it already for a rename or copy. */
	if (file->kind == SP_MODIFIED && (!old || !new))
		file->kind = old ? SP_DELETED : SP_NEW;
	/* Plain diff -N writes both names: an empty side says what happened to the file. */
	g_free(file->old_path);
	g_free(file->new_path);
	file->old_path = g_steal_pointer(&old);
	file->new_path = g_steal_pointer(&new);
	if (file->kind == SP_MODIFIED && !(file->old_path && file->new_path))
		return bad(r, err, "malformed file names");
	return parse_hunks(r, file, err);
}

/* "diff --git a/X b/X": the names, which only matter when neither hunks nor a rename follow. */
static bool git_names(struct reader *r, struct sp_file *file, const char *names, GError **err)
{
	gsize len = (gsize)(r->line + r->len - names);

	if (crlf(r))
		return bad(r, err, crlf_message);
	if (len && memchr(names, '"', len))
		return bad(r, err, "quoted file names are not supported; rename the file");
	/* Both names are equal (apart from a/ and b/) where this is needed: split in the middle. */
	if (len < 5 || len % 2 == 0 || names[len / 2] != ' ')
		return true;
	g_autofree char *first = g_strndup(names, len / 2);
	const char *slash = strchr(first, '/');

	if (slash) {
		file->old_path = g_strdup(slash + 1);
		file->new_path = g_strdup(slash + 1);
	}
	return true;
}

static bool git_header_line(struct reader *r, struct sp_file *file, GError **err)
{
	static const struct {
		const char *prefix;
		enum sp_kind kind;
		bool from;
	} names[] = {
		{ "rename from ", SP_RENAMED, true },
		{ "rename to ", SP_RENAMED, false },
		{ "copy from ", SP_COPIED, true },
		{ "copy to ", SP_COPIED, false },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *rest = after(r, names[i].prefix);

		if (!rest)
			continue;
		file->kind = names[i].kind;
		return parse_bare_path(r, rest, names[i].from ? &file->old_path : &file->new_path,
				       err);
	}
	if (after(r, "new file mode "))
		file->kind = SP_NEW;
	else if (after(r, "deleted file mode "))
		file->kind = SP_DELETED;
	return true;
}

static bool is_git_header(const struct reader *r)
{
	static const char *const headers[] = {
		"old mode ",
		"new mode ",
		"deleted file mode ",
		"new file mode ",
		"copy from ",
		"copy to ",
		"rename from ",
		"rename to ",
		"similarity index ",
		"dissimilarity index ",
		"index ",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++)
		if (peek_prefix(r, headers[i]))
			return true;
	return false;
}

/*
 * Is the "---" line that comes next about this file? After a pure rename or
 * mode change, it may start a plain diff of another one.
 */
static bool names_follow(const struct reader *r, const struct sp_file *file)
{
	if (!peek_prefix(r, "--- "))
		return false;
	if (!file->old_path || peek_prefix(r, "--- /dev/null"))
		return true;
	const char *slash = memchr(r->pos, '/', (gsize)(r->end - r->pos));
	gsize len = strlen(file->old_path);

	return slash && (gsize)(r->end - slash) > len + 1 &&
	       !memcmp(slash + 1, file->old_path, len) && strchr("\n\t\r ", slash[1 + len]);
}

static bool parse_git_file(struct reader *r, const char *names, GError **err)
{
	struct sp_file *file = file_new(r);

	if (!git_names(r, file, names, err))
		return false;
	while (is_git_header(r)) {
		next_line(r);
		if (!git_header_line(r, file, err))
			return false;
	}
	if (peek_prefix(r, "GIT binary patch") || peek_prefix(r, "Binary files ")) {
		next_line(r);
		return bad(r, err, "binary patches are not supported; leave this file out");
	}
	if (names_follow(r, file)) {
		next_line(r);
		if (!peek_prefix(r, "+++ "))
			return bad(r, err, "no '+++' line after the '---' line");
		return parse_names_and_hunks(r, file, err);
	}
	if (!file->old_path || !file->new_path)
		return bad(r, err, "cannot tell which file this is about");
	/* An empty new or deleted file has neither names nor hunks. */
	if (file->kind == SP_NEW)
		g_clear_pointer(&file->old_path, g_free);
	else if (file->kind == SP_DELETED)
		g_clear_pointer(&file->new_path, g_free);
	return true;
}

static bool leaves_tree(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	for (char **part = parts; *part; part++)
		if (!**part || !strcmp(*part, "..") || !strcmp(*part, ".") ||
		    !strcmp(*part, ".git"))
			return true;
	return !*path;
}

static bool check_paths(const struct source_patch *patch, GError **err)
{
	for (guint i = 0; i < patch->files->len; i++) {
		const struct sp_file *file = patch->files->pdata[i];
		const char *paths[] = { file->old_path, file->new_path };

		for (gsize n = 0; n < G_N_ELEMENTS(paths); n++)
			if (paths[n] && leaves_tree(paths[n]))
				return kp_fail(err, KP_FAILED,
					       "%s:%u: the file name %s leads out of the source "
					       "tree; make the patch from the top of the tree",
					       patch->name, file->patch_line, paths[n]);
	}
	return true;
}

static bool parse_all(struct reader *r, GError **err)
{
	while (next_line(r)) {
		const char *rest;

		if ((rest = after(r, "diff --git "))) {
			if (!parse_git_file(r, rest, err))
				return false;
		} else if (after(r, "--- ") && peek_prefix(r, "+++ ")) {
			if (!parse_names_and_hunks(r, file_new(r), err))
				return false;
		} else if (after(r, "Binary files ")) {
			return bad(r, err, "binary patches are not supported; leave this file out");
		} else if (after(r, "*** ") && peek_prefix(r, "--- ")) {
			return bad(r, err, "this is a context diff; make a unified one (diff -u)");
		} else if (after(r, "diff --cc ") || after(r, "diff --combined ")) {
			return bad(
				r, err,
				"this is a merge's combined diff; make a plain one (git diff A B)");
		} else if (after(r, "@@ -")) {
			return bad(r, err, "a hunk without file names before it");
		} else {
			g_string_append_len(r->prose, r->line, (gssize)r->len);
			g_string_append_c(r->prose, '\n');
		}
	}
	if (!r->patch->files->len)
		return kp_fail(err, KP_FAILED,
			       "%s: no unified diff in it; make one with 'git diff' or 'diff -u'",
			       r->patch->name);
	return check_paths(r->patch, err);
}

struct source_patch *source_patch_parse(const char *name, char *text, gsize len, GError **err)
{
	struct source_patch *patch = g_new0(struct source_patch, 1);

	patch->name = g_strdup(name);
	patch->sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, len);
	patch->text = text;
	patch->len = len;
	patch->files = g_ptr_array_new_with_free_func(file_free);

	struct reader r = {
		.patch = patch, .pos = text, .end = text + len, .prose = g_string_new(NULL)
	};
	bool ok = !memchr(text, 0, len) && parse_all(&r, err);

	patch->prose = g_string_free(r.prose, FALSE);
	if (!ok) {
		if (err && !*err)
			kp_fail(err, KP_FAILED, "%s: not a text file", name);
		source_patch_free(patch);
		return NULL;
	}
	return patch;
}

struct source_patch *source_patch_read(const char *path, GError **err)
{
	g_autoptr(GError) error = NULL;
	char *text;
	gsize len;

	if (!g_file_get_contents(path, &text, &len, &error)) {
		kp_fail(err, KP_FAILED, "cannot read the patch: %s", error->message);
		return NULL;
	}
	return source_patch_parse(path, text, len, err);
}
