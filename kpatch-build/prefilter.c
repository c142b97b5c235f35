// SPDX-License-Identifier: GPL-2.0
#include "prefilter.h"

#include <string.h>

#include "error.h"
#include "identifiers.h"
#include "line.h"

/** struct paste - "do_##x" in a macro: it makes names that begin or end with @fragment. */
struct paste {
	char *fragment;
	bool prefix;
	struct decl *decl;
	struct file *file;
};

/** struct file - a parsed file of the original tree. */
struct file {
	const char *path;
	char *text;
	struct decls *decls;
};

struct prefilter {
	const char *tree;
	GPtrArray *files; /* of struct file *: all that the candidates include */
	int next; /* atomic: the next file to parse */
	int failed; /* atomic: index + 1 of a file that cannot be read */
	GHashTable *by_name; /* name -> GPtrArray of struct file * that mention it */
	GPtrArray *pastes; /* of struct paste * */
	GHashTable *tainted; /* names that may lead to a changed declaration; owned */
	GHashTable *macros; /* those of them that are macros; owned by tainted */
	GPtrArray *todo; /* tainted names whose users were not visited yet */
	GHashTable *seen; /* declarations that are tainted */
	GHashTable *hot; /* paths: whoever includes such a file may be affected */
	bool all; /* no filter is possible */
};

static void file_free(void *data)
{
	struct file *file = data;

	decls_free(file->decls);
	g_free(file->text);
	g_free(file);
}

static void paste_free(void *data)
{
	struct paste *paste = data;

	g_free(paste->fragment);
	g_free(paste);
}

static void prefilter_init(struct prefilter *p, const char *tree)
{
	*p = (struct prefilter){
		.tree = tree,
		.files = g_ptr_array_new_with_free_func(file_free),
		.by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						 (GDestroyNotify)g_ptr_array_unref),
		.pastes = g_ptr_array_new_with_free_func(paste_free),
		.tainted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.macros = g_hash_table_new(g_str_hash, g_str_equal),
		.todo = g_ptr_array_new(),
		.seen = g_hash_table_new(NULL, NULL),
		.hot = g_hash_table_new(g_str_hash, g_str_equal),
	};
}

static void prefilter_clear(struct prefilter *p)
{
	g_hash_table_unref(p->hot);
	g_hash_table_unref(p->seen);
	g_ptr_array_unref(p->todo);
	g_hash_table_unref(p->macros);
	g_hash_table_unref(p->tainted);
	g_ptr_array_unref(p->pastes);
	g_hash_table_unref(p->by_name);
	g_ptr_array_unref(p->files);
}

static void taint_name(struct prefilter *p, const char *name, bool macro)
{
	char *copy = g_strdup(name);

	/* A macro named like a keyword would have to be looked for in every line. */
	if (!strcmp(name, "inline") || !strcmp(name, "asm") || !strcmp(name, "volatile"))
		p->all = true;
	if (g_hash_table_contains(p->tainted, name)) {
		g_free(copy);
		return;
	}
	g_hash_table_add(p->tainted, copy);
	if (macro)
		g_hash_table_add(p->macros, copy);
	g_ptr_array_add(p->todo, copy);
}

static void taint_decl(struct prefilter *p, struct decl *decl)
{
	for (guint i = 0; i < decl->defines->len; i++)
		taint_name(p, decl->defines->pdata[i], decl->macro);
}

static bool overlaps(const struct decl *decl, unsigned int start, unsigned int count)
{
	return count && decl->line < start + count && decl->end_line >= start;
}

/* The names that one side of a patched file defines in the lines that differ. */
static void taint_changed(struct prefilter *p, const struct src_file *file, const GArray *lines,
			  bool new_side)
{
	GString *text = line_plain(lines);
	struct decls *decls = decls_parse(text->str, text->len);

	for (guint i = 0; i < decls->list->len; i++) {
		struct decl *decl = decls->list->pdata[i];
		bool changed = false;

		for (guint r = 0; !changed && r < file->ranges->len; r++) {
			const struct src_range *range =
				&g_array_index(file->ranges, struct src_range, r);

			changed = new_side ? overlaps(decl, range->new_start, range->new_count) :
					     overlaps(decl, range->old_start, range->old_count);
		}
		if (!changed)
			continue;
		/* Conditions, and macros that declare who knows what. */
		if (decl->directive || decl->invocation || !decl->defines->len)
			p->all = true;
		taint_decl(p, decl);
	}
	decls_free(decls);
	g_string_free(text, TRUE);
}

static bool is_included(const struct include_graph *graph, const char *path)
{
	g_autoptr(GPtrArray) start = g_ptr_array_new();

	g_ptr_array_add(start, (void *)path);
	g_autoptr(GHashTable) files = include_graph_includers(graph, start);

	return g_hash_table_size(files) > 1;
}

static void start_names(struct prefilter *p, const struct affected_input *input)
{
	g_autoptr(GPtrArray) paths = overlay_paths(input->overlay);

	for (guint i = 0; i < paths->len; i++) {
		const struct src_file *file = overlay_find(input->overlay, paths->pdata[i]);

		/* Whoever includes a new file is patched itself. */
		if (!file->existed || !line_applies_to(file->path) ||
		    !is_included(input->graph, file->path))
			continue;
		taint_changed(p, file, file->original, false);
		if (file->exists)
			taint_changed(p, file, file->lines, true);
	}
}

static bool is_word(char c)
{
	return g_ascii_isalnum(c) || c == '_';
}

static void add_paste(GPtrArray *pastes, const char *start, const char *end, bool prefix,
		      struct decl *decl, struct file *file)
{
	struct paste *paste;

	if (end - start < 2)
		return;
	paste = g_new0(struct paste, 1);
	paste->fragment = g_strndup(start, (gsize)(end - start));
	paste->prefix = prefix;
	paste->decl = decl;
	paste->file = file;
	g_ptr_array_add(pastes, paste);
}

/* Is the word a parameter of the macro? They are between the parentheses after its name. */
static bool is_parameter(const struct decl *decl, const char *start, const char *end)
{
	const char *text = decl->text, *stop = text + decl->len;
	const char *open = memchr(text, '(', decl->len);

	/* "#define NAME (...)" has none: the parenthesis must touch the name. */
	if (!open || !is_word(open[-1]))
		return false;
	const char *close = memchr(open, ')', (gsize)(stop - open));

	for (const char *p = open; close && p < close;) {
		while (p < close && !is_word(*p))
			p++;
		const char *word = p;

		while (p < close && is_word(*p))
			p++;
		if (p - word == end - start && !memcmp(word, start, (gsize)(end - start)))
			return true;
	}
	return start < end && g_str_has_prefix(start, "__VA_ARGS__");
}

/* Words next to "##" that are not parameters. */
static void find_pastes(GPtrArray *pastes, struct decl *decl, struct file *file)
{
	const char *text = decl->text, *end = text + decl->len;

	for (const char *p = text; p + 1 < end && (p = memmem(p, (gsize)(end - p), "##", 2));
	     p += 2) {
		const char *left = p, *right = p + 2;

		while (left > text && g_ascii_isspace(left[-1]))
			left--;
		while (right < end && g_ascii_isspace(*right))
			right++;
		const char *left_start = left, *right_end = right;

		while (left_start > text && is_word(left_start[-1]))
			left_start--;
		while (right_end < end && is_word(*right_end))
			right_end++;
		if (!is_parameter(decl, left_start, left))
			add_paste(pastes, left_start, left, true, decl, file);
		if (!is_parameter(decl, right, right_end))
			add_paste(pastes, right, right_end, false, decl, file);
	}
}

static bool paste_makes(const struct paste *paste, const char *name)
{
	return paste->prefix ? g_str_has_prefix(name, paste->fragment) :
			       g_str_has_suffix(name, paste->fragment);
}

static void *parse_thread(void *data)
{
	struct prefilter *p = data;

	for (;;) {
		guint i = (guint)g_atomic_int_add(&p->next, 1);
		gsize len;

		if (i >= p->files->len)
			return NULL;
		struct file *file = p->files->pdata[i];
		g_autofree char *full = g_build_filename(p->tree, file->path, NULL);

		if (g_file_get_contents(full, &file->text, &len, NULL))
			file->decls = decls_parse(file->text, len);
		else
			g_atomic_int_set(&p->failed, (int)i + 1);
	}
}

static bool parse_files(struct prefilter *p, unsigned int jobs, GError **err)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	for (unsigned int i = 1; i < MIN(jobs, 16); i++)
		g_ptr_array_add(threads, g_thread_new("parse", parse_thread, p));
	parse_thread(p);
	for (guint i = 0; i < threads->len; i++)
		g_thread_join(threads->pdata[i]);
	if (p->failed)
		return kp_fail(err, KP_FAILED, "cannot read %s/%s", p->tree,
			       ((struct file *)p->files->pdata[p->failed - 1])->path);
	return true;
}

static void index_file(struct prefilter *p, struct file *file)
{
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, file->decls->names);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		GPtrArray *list = g_hash_table_lookup(p->by_name, name);

		if (!list) {
			list = g_ptr_array_new();
			g_hash_table_insert(p->by_name, name, list);
		}
		g_ptr_array_add(list, file);
	}
	for (guint i = 0; i < file->decls->list->len; i++) {
		struct decl *decl = file->decls->list->pdata[i];

		if (decl->macro)
			find_pastes(p->pastes, decl, file);
	}
}

static void visit_decl(struct prefilter *p, struct file *file, struct decl *decl)
{
	if (!g_hash_table_add(p->seen, decl))
		return;
	taint_decl(p, decl);
	/*
	 * It may matter without being mentioned: conditions, macros that declare
	 * functions (tracepoints, page flags), and what is code or data by itself.
	 */
	if (decl->directive || decl->invocation ||
	    (decl->emits && !g_str_has_prefix(decl->text, "static")))
		g_hash_table_add(p->hot, (void *)file->path);
}

static bool mentions(const struct decl *decl, const char *interned)
{
	for (guint i = 0; i < decl->mentions->len; i++)
		if (decl->mentions->pdata[i] == interned)
			return true;
	return false;
}

static void visit_users(struct prefilter *p, const char *name)
{
	GPtrArray *files = g_hash_table_lookup(p->by_name, name);

	for (guint i = 0; files && i < files->len; i++) {
		struct file *file = files->pdata[i];
		const char *interned = g_hash_table_lookup(file->decls->names, name);

		for (guint n = 0; n < file->decls->list->len; n++)
			if (mentions(file->decls->list->pdata[n], interned))
				visit_decl(p, file, file->decls->list->pdata[n]);
	}
	for (guint i = 0; i < p->pastes->len; i++) {
		struct paste *paste = p->pastes->pdata[i];

		if (paste_makes(paste, name))
			visit_decl(p, paste->file, paste->decl);
	}
}

/* Does the text of a source lead to a tainted name? */
static bool source_uses(const struct prefilter *p, struct file *file)
{
	g_autoptr(GPtrArray) pastes = g_ptr_array_new_with_free_func(paste_free);
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, file->decls->names);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (g_hash_table_contains(p->tainted, name))
			return true;
	for (guint i = 0; i < file->decls->list->len; i++) {
		struct decl *decl = file->decls->list->pdata[i];

		if (decl->macro)
			find_pastes(pastes, decl, file);
	}
	for (guint i = 0; i < pastes->len; i++) {
		g_hash_table_iter_init(&iter, p->tainted);
		while (g_hash_table_iter_next(&iter, &name, NULL))
			if (paste_makes(pastes->pdata[i], name))
				return true;
	}
	return false;
}

static struct file *add_file(struct prefilter *p, const char *path)
{
	struct file *file = g_new0(struct file, 1);

	file->path = path;
	g_ptr_array_add(p->files, file);
	return file;
}

/* Files that are included by the candidates, and the candidates' sources after them. */
static guint list_files(struct prefilter *p, const struct affected_input *input,
			const struct affected *affected, GHashTable *sources)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new();
	GHashTableIter iter;
	void *path;

	for (guint i = 0; i < affected->objects->len; i++) {
		const struct affected_object *object = affected->objects->pdata[i];

		if (!object->direct && g_hash_table_add(sources, object->object->source))
			g_ptr_array_add(paths, object->object->source);
	}
	g_autoptr(GHashTable) included = include_graph_included(input->graph, paths);

	g_hash_table_iter_init(&iter, included);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		if (!g_hash_table_contains(sources, path))
			add_file(p, path);
	guint headers = p->files->len;

	for (guint i = 0; i < paths->len; i++)
		add_file(p, paths->pdata[i]);
	return headers;
}

/* Assembly cannot be patched, so it must not depend on what changes. */
static bool check_assembly(struct prefilter *p, const struct affected_input *input,
			   struct kp_diags *diags, GError **err)
{
	g_autoptr(GPtrArray) changed = overlay_paths(input->overlay);
	g_autoptr(GHashTable) files = include_graph_includers(input->graph, changed);
	GHashTableIter iter, names;
	void *path, *name;

	g_hash_table_iter_init(&iter, files);
	while (g_hash_table_iter_next(&iter, &path, NULL)) {
		if (!g_str_has_suffix(path, ".S") ||
		    !kbuild_find_objects_for_source(input->kbuild, path)->len)
			continue;
		g_autofree char *full = g_build_filename(p->tree, path, NULL);
		g_autofree char *text = NULL;
		gsize len;

		if (!g_file_get_contents(full, &text, &len, err))
			return false;
		struct decls *decls = decls_parse(text, len);

		g_hash_table_iter_init(&names, p->macros);
		while (g_hash_table_iter_next(&names, &name, NULL))
			if (g_hash_table_contains(decls->names, name))
				kp_diag_add(diags, KP_ERROR_DIAG, path, name,
					    "make the change without this macro",
					    "this is assembly and uses a macro that the patch "
					    "changes; assembly cannot be patched");
		decls_free(decls);
	}
	return true;
}

static bool run(struct prefilter *p, const struct affected_input *input, struct affected *affected,
		unsigned int jobs, GError **err)
{
	g_autoptr(GHashTable) sources = g_hash_table_new(g_str_hash, g_str_equal);
	guint headers = list_files(p, input, affected, sources);

	if (!parse_files(p, jobs, err))
		return false;
	for (guint i = 0; i < headers; i++)
		index_file(p, p->files->pdata[i]);
	for (guint i = 0; !p->all && i < p->todo->len; i++)
		visit_users(p, p->todo->pdata[i]);
	if (p->all)
		return true;
	g_autoptr(GPtrArray) hot = g_ptr_array_new();
	GHashTableIter iter;
	void *path;

	g_hash_table_iter_init(&iter, p->hot);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		g_ptr_array_add(hot, path);
	g_autoptr(GHashTable) kept = include_graph_includers(input->graph, hot);

	for (guint i = headers; i < p->files->len; i++) {
		struct file *file = p->files->pdata[i];

		if (source_uses(p, file))
			g_hash_table_add(kept, (void *)file->path);
	}
	for (guint i = affected->objects->len; i-- > 0;) {
		const struct affected_object *object = affected->objects->pdata[i];

		if (!object->direct && !g_hash_table_contains(kept, object->object->source))
			affected_drop(affected, object);
	}
	return true;
}

bool prefilter_affected(const char *tree, const struct affected_input *input,
			struct affected *affected, unsigned int jobs, struct kp_diags *diags,
			GError **err)
{
	struct prefilter p;
	bool ok = true;

	prefilter_init(&p, tree);
	start_names(&p, input);
	if (!p.all && affected_count_indirect(affected))
		ok = run(&p, input, affected, jobs, err);
	if (ok)
		ok = check_assembly(&p, input, diags, err);
	prefilter_clear(&p);
	return ok;
}
