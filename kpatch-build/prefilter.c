// SPDX-License-Identifier: GPL-2.0
#include "prefilter.h"

#include <string.h>

#include "assembly.h"
#include "decls.h"
#include "error.h"
#include "line.h"
#include "paste.h"
#include "run.h"

/* When so many names are tainted, nearly everything is: looking further is a waste of time. */
#define TOO_MANY_NAMES 1500

/** struct file - a parsed file of the original tree. */
struct file {
	const char *path;
	char *text;
	struct decls *decls;
};

/**
 * struct spelling - a tainted name as a macro's user writes it: whoever says all
 * @arguments and the macro, or a macro that uses that one, may use the name.
 */
struct spelling {
	GPtrArray *arguments; /* of char * */
	GHashTable *macros;   /* set of names; owned by prefilter.macro_users */
};

struct prefilter {
	const char *tree;
	GPtrArray *files;	 /* of struct file *: all that the candidates include */
	int next;		 /* atomic: the next file to parse */
	int failed;		 /* atomic: index + 1 of a file that cannot be read */
	GHashTable *by_name;	 /* name -> GPtrArray of struct file * that mention it */
	GPtrArray *pastes;	 /* of struct paste *, in the files that are included */
	GHashTable *macro_users; /* macro -> set of macros that lead to it, itself included */
	GPtrArray *spellings;	 /* of struct spelling * */
	GHashTable *by_argument; /* first argument -> GPtrArray of struct spelling * */
	GHashTable *spelled;	 /* names whose spellings are known; owned */
	GHashTable *tainted;	 /* names that may lead to a changed declaration; owned */
	GHashTable *macros;	 /* those of them that are macros; owned by tainted */
	GPtrArray *todo;	 /* tainted names whose users were not visited yet */
	GHashTable *seen;	 /* declarations that are tainted */
	GHashTable *hot;	 /* paths: whoever includes such a file may be affected */
	bool all;		 /* no filter is possible */
};

static void file_free(void *data)
{
	struct file *file = data;

	decls_free(file->decls);
	g_free(file->text);
	g_free(file);
}

static void spelling_free(void *data)
{
	struct spelling *spelling = data;

	g_ptr_array_unref(spelling->arguments);
	g_free(spelling);
}

static void prefilter_init(struct prefilter *p, const char *tree)
{
	*p = (struct prefilter){
		.tree = tree,
		.files = g_ptr_array_new_with_free_func(file_free),
		.by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						 (GDestroyNotify)g_ptr_array_unref),
		.pastes = g_ptr_array_new_with_free_func((GDestroyNotify)paste_free),
		.macro_users = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						     (GDestroyNotify)g_hash_table_unref),
		.spellings = g_ptr_array_new_with_free_func(spelling_free),
		.by_argument = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						     (GDestroyNotify)g_ptr_array_unref),
		.spelled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
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
	g_hash_table_unref(p->spelled);
	g_hash_table_unref(p->by_argument);
	g_ptr_array_unref(p->spellings);
	g_hash_table_unref(p->macro_users);
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

			changed = new_side ? overlaps(decl, range->new_start, range->new_count)
					   : overlaps(decl, range->old_start, range->old_count);
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

static void *parse_thread(void *data)
{
	struct prefilter *p = data;

	for (;;) {
		guint i = (guint)g_atomic_int_add(&p->next, 1);
		gsize len;

		if (i >= p->files->len || run_interrupted())
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
	return run_check(err);
}

static void add_to_list(GHashTable *table, void *key, void *value)
{
	GPtrArray *list = g_hash_table_lookup(table, key);

	if (!list) {
		list = g_ptr_array_new();
		g_hash_table_insert(table, key, list);
	}
	g_ptr_array_add(list, value);
}

static void index_file(struct prefilter *p, struct file *file)
{
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, file->decls->names);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		add_to_list(p->by_name, name, file);
	for (guint i = 0; i < file->decls->list->len; i++) {
		struct decl *decl = file->decls->list->pdata[i];

		if (decl->macro)
			paste_find(decl, p->pastes);
	}
}

static void visit_decl(struct prefilter *p, struct file *file, struct decl *decl)
{
	if (!g_hash_table_add(p->seen, decl))
		return;
	/* Names of a source that others include mean nothing elsewhere. */
	if (!g_str_has_suffix(file->path, ".h")) {
		g_hash_table_add(p->hot, (void *)file->path);
		return;
	}
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

/* All macros that lead to @macro. */
static GHashTable *users_of_macro(struct prefilter *p, const char *macro)
{
	GHashTable *users = g_hash_table_lookup(p->macro_users, macro);
	g_autoptr(GPtrArray) todo = g_ptr_array_new();

	if (users)
		return users;
	users = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_insert(p->macro_users, (void *)macro, users);
	g_hash_table_add(users, (void *)macro);
	g_ptr_array_add(todo, (void *)macro);
	for (guint next = 0; next < todo->len; next++) {
		GPtrArray *files = g_hash_table_lookup(p->by_name, todo->pdata[next]);

		for (guint i = 0; files && i < files->len; i++) {
			struct file *file = files->pdata[i];
			const char *name =
				g_hash_table_lookup(file->decls->names, todo->pdata[next]);

			for (guint n = 0; n < file->decls->list->len; n++) {
				struct decl *decl = file->decls->list->pdata[n];

				if (decl->macro && decl->defines->len && mentions(decl, name) &&
				    g_hash_table_add(users, decl->defines->pdata[0]))
					g_ptr_array_add(todo, decl->defines->pdata[0]);
			}
		}
	}
	return users;
}

static bool mentions_any(const struct decl *decl, GHashTable *names)
{
	for (guint i = 0; i < decl->mentions->len; i++)
		if (g_hash_table_contains(names, decl->mentions->pdata[i]))
			return true;
	return false;
}

/* Visit the declarations that mention @name. */
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
}

static bool has_all(GHashTable *names, const GPtrArray *wanted)
{
	for (guint i = 0; i < wanted->len; i++)
		if (!g_hash_table_contains(names, wanted->pdata[i]))
			return false;
	return true;
}

static bool mentions_all(const struct file *file, const struct decl *decl, const GPtrArray *wanted)
{
	for (guint i = 0; i < wanted->len; i++)
		if (!mentions(decl, g_hash_table_lookup(file->decls->names, wanted->pdata[i])))
			return false;
	return true;
}

/* Visit the declarations that use a name in this spelling. */
static void visit_spelling(struct prefilter *p, const struct spelling *spelling)
{
	GPtrArray *files = g_hash_table_lookup(p->by_name, spelling->arguments->pdata[0]);

	for (guint i = 0; files && i < files->len; i++) {
		struct file *file = files->pdata[i];

		if (!has_all(file->decls->names, spelling->arguments))
			continue;
		for (guint n = 0; n < file->decls->list->len; n++) {
			struct decl *decl = file->decls->list->pdata[n];

			if (mentions_all(file, decl, spelling->arguments) &&
			    mentions_any(decl, spelling->macros))
				visit_decl(p, file, decl);
		}
	}
}

/* One way in which a macro makes a tainted name. */
static void add_spelling(struct prefilter *p, const struct paste *paste, GPtrArray *arguments)
{
	struct spelling *spelling;

	if (!arguments->len) {
		taint_name(p, paste->macro, true);
		return;
	}
	spelling = g_new0(struct spelling, 1);
	spelling->arguments = g_ptr_array_ref(arguments);
	spelling->macros = users_of_macro(p, paste->macro);
	g_ptr_array_add(p->spellings, spelling);
	add_to_list(p->by_argument, arguments->pdata[0], spelling);
	visit_spelling(p, spelling);
}

/* Follow @name to what macros make it from; an argument made by "##" in turn is not followed. */
static void spell(struct prefilter *p, const char *name)
{
	if (g_hash_table_contains(p->spelled, name))
		return;
	g_hash_table_add(p->spelled, g_strdup(name));
	for (guint i = 0; i < p->pastes->len; i++) {
		struct paste *paste = p->pastes->pdata[i];
		g_autoptr(GPtrArray) ways = paste_match(paste, name);

		for (guint n = 0; ways && n < ways->len; n++)
			add_spelling(p, paste, ways->pdata[n]);
	}
}

static bool names_any(GHashTable *names, GHashTable *wanted)
{
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, wanted);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (g_hash_table_contains(names, name))
			return true;
	return false;
}

/* Do macros of the source itself make a tainted name? */
static bool source_pastes(const struct prefilter *p, struct file *file)
{
	g_autoptr(GPtrArray) pastes = g_ptr_array_new_with_free_func((GDestroyNotify)paste_free);
	GHashTableIter iter;
	void *name;

	for (guint i = 0; i < file->decls->list->len; i++) {
		struct decl *decl = file->decls->list->pdata[i];

		if (decl->macro)
			paste_find(decl, pastes);
	}
	for (guint i = 0; i < pastes->len; i++) {
		g_hash_table_iter_init(&iter, p->spelled);
		while (g_hash_table_iter_next(&iter, &name, NULL)) {
			g_autoptr(GPtrArray) ways = paste_match(pastes->pdata[i], name);

			for (guint n = 0; ways && n < ways->len; n++)
				if (has_all(file->decls->names, ways->pdata[n]))
					return true;
		}
	}
	return false;
}

static bool spells(const struct prefilter *p, GHashTable *names)
{
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, names);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		GPtrArray *list = g_hash_table_lookup(p->by_argument, name);

		for (guint i = 0; list && i < list->len; i++) {
			const struct spelling *spelling = list->pdata[i];

			if (has_all(names, spelling->arguments) &&
			    names_any(names, spelling->macros))
				return true;
		}
	}
	return false;
}

/* Does the text of a source lead to a tainted name? */
static bool source_uses(const struct prefilter *p, struct file *file)
{
	return names_any(file->decls->names, p->tainted) || spells(p, file->decls->names) ||
	       source_pastes(p, file);
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

static bool run(struct prefilter *p, const struct affected_input *input, struct affected *affected,
		unsigned int jobs, GError **err)
{
	g_autoptr(GHashTable) sources = g_hash_table_new(g_str_hash, g_str_equal);
	guint headers = list_files(p, input, affected, sources);

	if (!parse_files(p, jobs, err))
		return false;
	for (guint i = 0; i < headers; i++)
		index_file(p, p->files->pdata[i]);
	for (guint i = 0; i < p->todo->len && p->todo->len < TOO_MANY_NAMES; i++) {
		visit_users(p, p->todo->pdata[i]);
		spell(p, p->todo->pdata[i]);
		if (!run_check(err))
			return false;
	}
	if (p->all || p->todo->len >= TOO_MANY_NAMES)
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
		if (!run_check(err))
			return false;
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
		ok = assembly_check(tree, input, p.tainted, p.macros, diags, err);
	prefilter_clear(&p);
	return ok;
}
