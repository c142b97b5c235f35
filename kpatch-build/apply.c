// SPDX-License-Identifier: GPL-2.0
#include "apply.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "line.h"

static struct src_line *line_at(GArray *lines, guint i)
{
	return &g_array_index(lines, struct src_line, i);
}

static struct sp_line *hunk_line(const struct sp_hunk *hunk, guint i)
{
	return &g_array_index(hunk->lines, struct sp_line, i);
}

static void file_free(void *data)
{
	struct src_file *file = data;

	g_free(file->path);
	g_array_unref(file->original);
	g_array_unref(file->lines);
	g_array_unref(file->ranges);
	g_free(file->data);
	g_free(file);
}

struct overlay *overlay_new(const char *tree)
{
	struct overlay *overlay = g_new0(struct overlay, 1);

	overlay->tree = g_strdup(tree);
	overlay->files = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, file_free);
	return overlay;
}

void overlay_free(struct overlay *overlay)
{
	if (!overlay)
		return;
	g_hash_table_unref(overlay->files);
	g_free(overlay->tree);
	g_free(overlay);
}

const struct src_file *overlay_find(const struct overlay *overlay, const char *path)
{
	return g_hash_table_lookup(overlay->files, path);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *overlay_paths(const struct overlay *overlay)
{
	GPtrArray *paths = g_ptr_array_new();
	GHashTableIter iter;
	void *path;

	g_hash_table_iter_init(&iter, overlay->files);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		g_ptr_array_add(paths, path);
	g_ptr_array_sort(paths, compare_paths);
	return paths;
}

static void split_lines(GArray *lines, const char *data, gsize len)
{
	const char *pos = data, *end = data + len;
	unsigned int number = 0;

	while (pos < end) {
		const char *newline = memchr(pos, '\n', (gsize)(end - pos));
		struct src_line line = {
			.text = pos,
			.len = (gsize)((newline ? newline : end) - pos),
			.orig = ++number,
			.no_newline = !newline,
		};

		g_array_append_val(lines, line);
		pos = newline ? newline + 1 : end;
	}
}

/* The file as the overlay has it; read from the tree at first use. */
static struct src_file *open_file(struct overlay *overlay, const char *path, GError **err)
{
	struct src_file *file = g_hash_table_lookup(overlay->files, path);

	if (file)
		return file;
	g_autofree char *full = g_build_filename(overlay->tree, path, NULL);
	struct stat st;
	char *data = NULL;
	gsize len = 0;
	bool existed = !lstat(full, &st);

	if (existed && !S_ISREG(st.st_mode)) {
		kp_fail(err, KP_FAILED, "%s: not a regular file; it cannot be patched", path);
		return NULL;
	}
	if (existed && !g_file_get_contents(full, &data, &len, err))
		return NULL;
	file = g_new0(struct src_file, 1);
	file->path = g_strdup(path);
	file->existed = file->exists = existed;
	file->data = data;
	file->original = g_array_new(FALSE, FALSE, sizeof(struct src_line));
	file->lines = g_array_new(FALSE, FALSE, sizeof(struct src_line));
	file->ranges = g_array_new(FALSE, FALSE, sizeof(struct src_range));
	split_lines(file->original, data, len);
	if (file->original->len)
		g_array_append_vals(file->lines, file->original->data, file->original->len);
	g_hash_table_insert(overlay->files, file->path, file);
	return file;
}

static bool same_text(const struct src_line *line, const struct sp_line *wanted)
{
	return line->len == wanted->len && !memcmp(line->text, wanted->text, line->len);
}

/*
 * How many lines of one side of the hunk (the one that lacks lines with @skip)
 * match at @at? *@wanted is the first hunk line that does not, if any.
 */
static guint match_length(GArray *lines, guint at, const struct sp_hunk *hunk, char skip,
			  const struct sp_line **wanted)
{
	guint n = 0;

	*wanted = NULL;
	for (guint i = 0; i < hunk->lines->len; i++) {
		const struct sp_line *line = hunk_line(hunk, i);

		if (line->op == skip)
			continue;
		if (at + n >= lines->len || !same_text(line_at(lines, at + n), line)) {
			*wanted = line;
			return n;
		}
		n++;
	}
	return n;
}

static bool matches(GArray *lines, guint at, const struct sp_hunk *hunk, char skip)
{
	const struct sp_line *wanted;

	match_length(lines, at, hunk, skip, &wanted);
	return !wanted;
}

/* The place nearest to @guess, not before @from, where that side of the hunk matches. */
static bool find_place(GArray *lines, guint from, guint guess, const struct sp_hunk *hunk,
		       char skip, guint *place)
{
	for (guint distance = 0; distance <= lines->len + guess; distance++) {
		if (guess + distance <= lines->len && guess + distance >= from &&
		    matches(lines, guess + distance, hunk, skip)) {
			*place = guess + distance;
			return true;
		}
		if (distance && guess >= distance && guess - distance >= from &&
		    guess - distance <= lines->len &&
		    matches(lines, guess - distance, hunk, skip)) {
			*place = guess - distance;
			return true;
		}
	}
	return false;
}

static bool has_context(const struct sp_hunk *hunk, char side)
{
	for (guint i = 0; i < hunk->lines->len; i++)
		if (hunk_line(hunk, i)->op == ' ' || hunk_line(hunk, i)->op == side)
			return true;
	return false;
}

static bool hunk_failed(struct src_file *file, guint from, guint guess, guint number,
			const struct source_patch *patch, const struct sp_hunk *hunk, GError **err)
{
	const struct sp_line *wanted;
	guint place;

	if (has_context(hunk, '+') && find_place(file->lines, 0, guess, hunk, '-', &place))
		return kp_fail(err, KP_FAILED,
			       "%s:%u: hunk %u does not apply to %s, but its result is already "
			       "there, at line %u; the patch seems to be applied already: leave "
			       "this part out",
			       patch->name, hunk->patch_line, number, file->path, place + 1);
	if (guess > file->lines->len)
		guess = file->lines->len;
	if (guess < from)
		guess = from;
	guint n = match_length(file->lines, guess, hunk, '+', &wanted);
	const struct src_line *found = NULL;

	if (guess + n < file->lines->len)
		found = line_at(file->lines, guess + n);
	return kp_fail(err, KP_FAILED,
		       "%s:%u: hunk %u does not apply to %s: line %u should be \"%.*s\" but is "
		       "%s%.*s%s; make the patch against the source of the target kernel",
		       patch->name, hunk->patch_line, number, file->path, guess + n + 1,
		       wanted ? (int)wanted->len : 0, wanted ? wanted->text : "",
		       found ? "\"" : "the end of the file", found ? (int)found->len : 0,
		       found ? found->text : "", found ? "\"" : "");
}

/* Replace the hunk's old lines at @at by its new ones; context keeps its identity. */
static guint put_hunk(GArray *lines, guint at, const struct sp_hunk *hunk)
{
	for (guint i = 0; i < hunk->lines->len; i++) {
		const struct sp_line *line = hunk_line(hunk, i);

		if (line->op == '-') {
			g_array_remove_index(lines, at);
		} else if (line->op == ' ') {
			at++;
		} else {
			struct src_line added = {
				.text = line->text,
				.len = line->len,
				.no_newline = line->no_newline,
			};

			g_array_insert_val(lines, at, added);
			at++;
		}
	}
	return at;
}

static bool apply_hunks(struct src_file *file, const struct source_patch *patch,
			const struct sp_file *changes, struct kp_diags *diags, GError **err)
{
	glong offset = 0; /* by how much positions have shifted: earlier hunks, other versions */
	guint from = 0;

	for (guint i = 0; i < changes->hunks->len; i++) {
		const struct sp_hunk *hunk = changes->hunks->pdata[i];
		/* A hunk without old lines comes after line old_start. */
		glong guess = (glong)hunk->old_start - (hunk->old_count ? 1 : 0) + offset;
		guint place;

		guess = CLAMP(guess, 0, (glong)file->lines->len);
		if (!find_place(file->lines, from, (guint)guess, hunk, '+', &place))
			return hunk_failed(file, from, (guint)guess, i + 1, patch, hunk, err);
		if (place != (guint)guess)
			kp_diag_add(diags, KP_NOTE, file->path, NULL, NULL,
				    "%s: hunk %u applied %ld lines away from where it says",
				    patch->name, i + 1, (glong)place - guess);
		from = put_hunk(file->lines, place, hunk);
		offset += (glong)place - guess + (glong)hunk->new_count - (glong)hunk->old_count;
	}
	return true;
}

static bool refuse(const struct source_patch *patch, const struct sp_file *changes, GError **err,
		   const char *what)
{
	return kp_fail(err, KP_FAILED, "%s:%u: %s %s", patch->name, changes->patch_line,
		       sp_file_path(changes), what);
}

/* Move or copy the lines of the old path to the new one. */
static bool apply_rename(struct overlay *overlay, const struct source_patch *patch,
			 const struct sp_file *changes, struct src_file **file, GError **err)
{
	struct src_file *old = open_file(overlay, changes->old_path, err);

	if (!old)
		return false;
	if (!old->exists)
		return kp_fail(err, KP_FAILED, "%s:%u: %s is not in the source tree", patch->name,
			       changes->patch_line, changes->old_path);
	*file = open_file(overlay, changes->new_path, err);
	if (!*file)
		return false;
	if ((*file)->exists)
		return refuse(patch, changes, err, "exists already");
	(*file)->exists = true;
	if (old->lines->len)
		g_array_append_vals((*file)->lines, old->lines->data, old->lines->len);
	if (changes->kind == SP_RENAMED) {
		old->exists = false;
		g_array_set_size(old->lines, 0);
	}
	return true;
}

static bool target_file(struct overlay *overlay, const struct source_patch *patch,
			const struct sp_file *changes, struct src_file **file, GError **err)
{
	if (changes->kind == SP_RENAMED || changes->kind == SP_COPIED)
		return apply_rename(overlay, patch, changes, file, err);
	*file = open_file(overlay, sp_file_path(changes), err);
	if (!*file)
		return false;
	const struct sp_hunk *first = changes->hunks->len ? changes->hunks->pdata[0] : NULL;
	/* Plain "diff -N" gives a new file two names. */
	bool is_new =
		changes->kind == SP_NEW || (changes->kind == SP_MODIFIED && !(*file)->exists &&
					    first && !first->old_count && !first->old_start);

	if (is_new && (*file)->exists)
		return refuse(patch, changes, err,
			      "is a new file in the patch, but exists; the patch seems to be "
			      "applied already, or is made for another version");
	if (!is_new && !(*file)->exists)
		return refuse(patch, changes, err,
			      "is not in the target's source tree; make the patch against the "
			      "source of the target kernel, with a/ and b/ in front of names");
	(*file)->exists = true;
	return true;
}

bool overlay_apply(struct overlay *overlay, const struct source_patch *patch,
		   const struct sp_file *changes, struct kp_diags *diags, GError **err)
{
	struct src_file *file = NULL;

	if (!target_file(overlay, patch, changes, &file, err) ||
	    !apply_hunks(file, patch, changes, diags, err))
		return false;
	const struct sp_hunk *last =
		changes->hunks->len ? changes->hunks->pdata[changes->hunks->len - 1] : NULL;
	bool emptied = last && !last->new_count && !last->new_start;

	if (changes->kind == SP_DELETED && file->lines->len && changes->hunks->len)
		return refuse(patch, changes, err,
			      "is deleted by the patch, but has more lines than the patch knows; "
			      "make the patch against the source of the target kernel");
	if (changes->kind == SP_DELETED || (emptied && !file->lines->len)) {
		file->exists = false;
		g_array_set_size(file->lines, 0);
	}
	return true;
}

static bool same_line(const struct src_line *a, const struct src_line *b)
{
	return a->len == b->len && a->no_newline == b->no_newline &&
	       !memcmp(a->text, b->text, a->len);
}

/*
 * A changed place, as far as it is one: lines at its edges that were removed
 * and added again (by a second patch, or a clumsy diff) are unchanged lines.
 */
static void add_range(struct src_file *file, guint old_from, guint old_to, guint new_from,
		      guint new_to)
{
	while (old_from < old_to && new_from < new_to &&
	       same_line(line_at(file->original, old_from), line_at(file->lines, new_from)))
		line_at(file->lines, new_from++)->orig = ++old_from;
	while (old_from < old_to && new_from < new_to &&
	       same_line(line_at(file->original, old_to - 1), line_at(file->lines, new_to - 1)))
		line_at(file->lines, --new_to)->orig = old_to--;
	if (old_from == old_to && new_from == new_to)
		return;
	struct src_range range = {
		.old_start = old_from + 1,
		.old_count = old_to - old_from,
		.new_start = new_from + 1,
		.new_count = new_to - new_from,
	};

	g_array_append_val(file->ranges, range);
}

static void find_ranges(struct src_file *file)
{
	guint old = 0, new = 0;

	for (guint i = 0; i <= file->lines->len; i++) {
		bool end = i == file->lines->len;
		guint orig = end ? file->original->len + 1 : line_at(file->lines, i)->orig;

		if (!orig)
			continue;
		if (orig - 1 > old || i > new)
			add_range(file, old, orig - 1, new, i);
		old = orig;
		new = i + 1;
	}
}

static gboolean is_unchanged(void *path, void *data, void *user)
{
	struct src_file *file = data;

	(void)path;
	(void)user;
	/* A renamed file's lines belong to another original: it has no ranges of its own. */
	if (!file->existed || !file->exists) {
		g_array_set_size(file->ranges, 0);
		struct src_range whole = {
			.old_start = 1,
			.old_count = file->original->len,
			.new_start = 1,
			.new_count = file->lines->len,
		};

		g_array_append_val(file->ranges, whole);
		return file->existed == file->exists;
	}
	find_ranges(file);
	return !file->ranges->len;
}

void overlay_finish(struct overlay *overlay)
{
	g_hash_table_foreach_remove(overlay->files, is_unchanged, NULL);
}

/* Write a new file and rename it over the old one: the copy's files are links to the master's. */
static bool replace_file(const char *path, const GString *text, GError **err)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *temp = g_strconcat(path, ".kpatch-new", NULL);

	if (g_mkdir_with_parents(dir, 0755))
		return kp_fail_errno(err, "cannot make folder %s", dir);
	int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return kp_fail_errno(err, "cannot write %s", temp);
	gsize done = 0;

	while (done < text->len) {
		ssize_t n = write(fd, text->str + done, text->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		done += (gsize)n;
	}
	if ((done < text->len) | (close(fd) < 0) || g_rename(temp, path)) {
		kp_fail_errno(err, "cannot write %s", path);
		g_unlink(temp);
		return false;
	}
	return true;
}

bool overlay_write(const struct overlay *overlay, const char *copy, GError **err)
{
	g_autoptr(GPtrArray) paths = overlay_paths(overlay);

	for (guint i = 0; i < paths->len; i++) {
		const struct src_file *file = overlay_find(overlay, paths->pdata[i]);
		g_autofree char *full = g_build_filename(copy, file->path, NULL);

		if (!file->exists) {
			if (file->existed && g_unlink(full) && errno != ENOENT)
				return kp_fail_errno(err, "cannot remove %s", full);
			continue;
		}
		g_autoptr(GString) text = line_applies_to(file->path) ? line_annotate(file->lines)
								      : line_plain(file->lines);

		if (!replace_file(full, text, err))
			return false;
	}
	return true;
}
