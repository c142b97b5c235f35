// SPDX-License-Identifier: GPL-2.0
#include "include-graph.h"

#include <dirent.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "run.h"

#define MAGIC "kpatch include graph 1\n"

struct node {
	char *path;
	GPtrArray *names;    /* as written: <linux/fs.h> or "local.h", while scanning only */
	GArray *includes;    /* of guint, indices of nodes */
	GArray *included_by; /* of guint */
};

struct include_graph {
	GPtrArray *nodes;    /* of struct node * */
	GHashTable *by_path; /* path -> index + 1 */
};

/*
 * Folders whose files no object of the kernel includes. Headers of other
 * architectures are left out because only x86 is a target so far.
 */
static const char *const skipped[] = { "Documentation", "tools",    "scripts", "usr",  "rust",
				       "samples",	"LICENSES", "debian",  ".git", NULL };
static const char *const kept_arch = "x86";

/* Every C source gets these by -include on the command line (scripts/Makefile.lib). */
static const char *const forced[] = { "include/linux/compiler-version.h", "include/linux/kconfig.h",
				      "include/linux/compiler_types.h" };

static void node_free(void *data)
{
	struct node *node = data;

	if (node->names)
		g_ptr_array_unref(node->names);
	g_array_unref(node->includes);
	g_array_unref(node->included_by);
	g_free(node->path);
	g_free(node);
}

static struct include_graph *graph_new(void)
{
	struct include_graph *graph = g_new0(struct include_graph, 1);

	graph->nodes = g_ptr_array_new_with_free_func(node_free);
	graph->by_path = g_hash_table_new(g_str_hash, g_str_equal);
	return graph;
}

void include_graph_free(struct include_graph *graph)
{
	if (!graph)
		return;
	g_hash_table_unref(graph->by_path);
	g_ptr_array_unref(graph->nodes);
	g_free(graph);
}

static void add_node(struct include_graph *graph, char *path)
{
	struct node *node = g_new0(struct node, 1);

	node->path = path;
	node->includes = g_array_new(FALSE, FALSE, sizeof(guint));
	node->included_by = g_array_new(FALSE, FALSE, sizeof(guint));
	g_ptr_array_add(graph->nodes, node);
	g_hash_table_insert(graph->by_path, path, GUINT_TO_POINTER(graph->nodes->len));
}

static struct node *node_at(const struct include_graph *graph, guint index)
{
	return graph->nodes->pdata[index];
}

static bool find_index(const struct include_graph *graph, const char *path, guint *index)
{
	guint value = GPOINTER_TO_UINT(g_hash_table_lookup(graph->by_path, path));

	*index = value - 1;
	return value;
}

static bool is_source(const char *name)
{
	static const char *const suffixes[] = { ".c", ".h", ".inc", ".inl", ".def", ".S" };

	for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++)
		if (g_str_has_suffix(name, suffixes[i]))
			return true;
	return false;
}

static bool enters(const char *parent, const char *name)
{
	if (!*parent)
		return !g_strv_contains(skipped, name);
	if (!strcmp(parent, "arch"))
		return !strcmp(name, kept_arch);
	return strcmp(name, ".git") != 0;
}

/* Add the sources below @parent (relative to @tree, "" for itself). */
static bool list_files(struct include_graph *graph, const char *tree, const char *parent,
		       GError **err)
{
	g_autofree char *full = g_build_filename(tree, parent, NULL);
	DIR *dir = opendir(full);
	struct dirent *entry;

	if (!dir)
		return kp_fail_errno(err, "cannot read folder %s", full);
	bool ok = true;

	while (ok && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		char *path = *parent ? g_strconcat(parent, "/", name, NULL) : g_strdup(name);

		/* Symbolic links (scripts/dtc, include/dt-bindings) lead to files seen elsewhere.
		 */
		if (entry->d_type == DT_REG && is_source(name)) {
			add_node(graph, path);
			continue;
		}
		if (entry->d_type == DT_DIR && enters(parent, name))
			ok = list_files(graph, tree, path, err);
		g_free(path);
	}
	closedir(dir);
	return ok;
}

/* Where a directive's name starts: after '#', blanks and "include"; NULL if it is another one. */
static const char *include_name(const char *text, const char *hash, const char *end)
{
	const char *p = hash;

	while (p > text && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	if (p > text && p[-1] != '\n')
		return NULL;
	p = hash + 1;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (end - p < 9 || memcmp(p, "include", 7))
		return NULL;
	p += 7;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p < end && (*p == '"' || *p == '<') ? p : NULL;
}

static void scan_text(struct node *node, const char *text, gsize len)
{
	const char *end = text + len;

	for (const char *p = text; p < end && (p = memchr(p, '#', (gsize)(end - p))); p++) {
		const char *name = include_name(text, p, end);

		if (!name)
			continue;
		gsize rest = MIN((gsize)(end - name - 1), 512);
		const char *close = memchr(name + 1, *name == '<' ? '>' : '"', rest);

		if (close)
			g_ptr_array_add(node->names, g_strndup(name, (gsize)(close - name)));
	}
}

struct scan {
	struct include_graph *graph;
	const char *tree;
	int next;   /* atomic: index of the next node to scan */
	int failed; /* atomic: index + 1 of a node that cannot be read */
};

static void *scan_thread(void *data)
{
	struct scan *scan = data;
	guint total = scan->graph->nodes->len;

	for (;;) {
		guint i = (guint)g_atomic_int_add(&scan->next, 1);

		if (i >= total || run_interrupted())
			return NULL;
		struct node *node = node_at(scan->graph, i);
		g_autofree char *full = g_build_filename(scan->tree, node->path, NULL);
		g_autofree char *text = NULL;
		gsize len;

		node->names = g_ptr_array_new_with_free_func(g_free);
		if (g_file_get_contents(full, &text, &len, NULL))
			scan_text(node, text, len);
		else
			g_atomic_int_set(&scan->failed, (int)i + 1);
	}
}

static bool scan_files(struct include_graph *graph, const char *tree, unsigned int jobs,
		       GError **err)
{
	struct scan scan = { .graph = graph, .tree = tree };
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	for (unsigned int i = 1; i < MIN(jobs, 16); i++)
		g_ptr_array_add(threads, g_thread_new("scan", scan_thread, &scan));
	scan_thread(&scan);
	for (guint i = 0; i < threads->len; i++)
		g_thread_join(threads->pdata[i]);
	if (scan.failed)
		return kp_fail(err, KP_FAILED, "cannot read %s/%s", tree,
			       node_at(graph, (guint)scan.failed - 1)->path);
	return run_check(err);
}

/* "a/b/../c" -> "a/c"; NULL when it leaves the tree. */
static char *normalise(const char *dir, const char *name)
{
	g_autofree char *joined = *dir ? g_strconcat(dir, "/", name, NULL) : g_strdup(name);
	g_auto(GStrv) parts = g_strsplit(joined, "/", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();

	for (char **part = parts; *part; part++) {
		if (!strcmp(*part, "..")) {
			if (!kept->len)
				return NULL;
			g_ptr_array_set_size(kept, (int)kept->len - 1);
		} else if (**part && strcmp(*part, ".")) {
			g_ptr_array_add(kept, *part);
		}
	}
	g_ptr_array_add(kept, NULL);
	return g_strjoinv("/", (char **)kept->pdata);
}

static void add_edge(struct include_graph *graph, guint from, guint to)
{
	struct node *node = node_at(graph, from);

	for (guint i = 0; i < node->includes->len; i++)
		if (g_array_index(node->includes, guint, i) == to)
			return;
	g_array_append_val(node->includes, to);
	g_array_append_val(node_at(graph, to)->included_by, from);
}

/* Every file whose path ends in "/@name" may be meant: -I flags differ from object to object. */
static void add_suffix_edges(struct include_graph *graph, GHashTable *by_base, guint from,
			     const char *name)
{
	while (g_str_has_prefix(name, "../") || g_str_has_prefix(name, "./"))
		name = strchr(name, '/') + 1;
	const char *slash = strrchr(name, '/');
	GArray *candidates = g_hash_table_lookup(by_base, slash ? slash + 1 : name);
	gsize len = strlen(name);

	for (guint i = 0; candidates && i < candidates->len; i++) {
		guint to = g_array_index(candidates, guint, i);
		const char *path = node_at(graph, to)->path;
		gsize path_len = strlen(path);

		if (path_len >= len && !strcmp(path + path_len - len, name) &&
		    (path_len == len || path[path_len - len - 1] == '/'))
			add_edge(graph, from, to);
	}
}

static void resolve_node(struct include_graph *graph, GHashTable *by_base, guint index)
{
	struct node *node = node_at(graph, index);
	const char *slash = strrchr(node->path, '/');
	g_autofree char *dir =
		slash ? g_strndup(node->path, (gsize)(slash - node->path)) : g_strdup("");

	for (guint i = 0; i < node->names->len; i++) {
		const char *name = node->names->pdata[i];
		guint to;

		if (*name == '"') {
			g_autofree char *local = normalise(dir, name + 1);

			/* The includer's own folder comes first, whatever the flags. */
			if (local && find_index(graph, local, &to)) {
				add_edge(graph, index, to);
				continue;
			}
		}
		add_suffix_edges(graph, by_base, index, name + 1);
	}
	g_clear_pointer(&node->names, g_ptr_array_unref);
}

static void resolve_all(struct include_graph *graph)
{
	g_autoptr(GHashTable) by_base =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_array_unref);

	for (guint i = 0; i < graph->nodes->len; i++) {
		const char *path = node_at(graph, i)->path;
		const char *slash = strrchr(path, '/');
		char *base = (char *)(slash ? slash + 1 : path);
		GArray *list = g_hash_table_lookup(by_base, base);

		if (!list) {
			list = g_array_new(FALSE, FALSE, sizeof(guint));
			g_hash_table_insert(by_base, base, list);
		}
		g_array_append_val(list, i);
	}
	for (guint i = 0; i < graph->nodes->len; i++)
		resolve_node(graph, by_base, i);
}

/* One line a file: its path, then the indices of the files that it includes. */
static bool save(const struct include_graph *graph, const char *cache_file, GError **err)
{
	GString *out = g_string_new(MAGIC);

	for (guint i = 0; i < graph->nodes->len; i++) {
		struct node *node = node_at(graph, i);

		g_string_append(out, node->path);
		for (guint n = 0; n < node->includes->len; n++)
			g_string_append_printf(out, "\t%u",
					       g_array_index(node->includes, guint, n));
		g_string_append_c(out, '\n');
	}
	g_string_append(out, "end\n");
	/* Written to a temporary file and renamed: another build sees all of it or nothing. */
	bool ok = g_file_set_contents(cache_file, out->str, (gssize)out->len, err);

	g_string_free(out, TRUE);
	return ok;
}

static bool load_edges(struct include_graph *graph, guint index, const char *list)
{
	while (*list) {
		char *end;
		guint64 to = g_ascii_strtoull(list, &end, 10);

		if (end == list || (*end && *end != '\t') || to >= graph->nodes->len)
			return false;
		guint value = (guint)to;

		g_array_append_val(node_at(graph, index)->includes, value);
		g_array_append_val(node_at(graph, value)->included_by, index);
		list = *end ? end + 1 : end;
	}
	return true;
}

static struct include_graph *load(const char *cache_file)
{
	g_autofree char *text = NULL;
	gsize len;

	if (!g_file_get_contents(cache_file, &text, &len, NULL) || !g_str_has_prefix(text, MAGIC) ||
	    !g_str_has_suffix(text, "\nend\n"))
		return NULL;
	struct include_graph *graph = graph_new();
	g_autoptr(GPtrArray) lists = g_ptr_array_new();
	char *stop = text + len - strlen("end\n");

	for (char *line = text + strlen(MAGIC); line < stop;) {
		char *newline = strchr(line, '\n'), *tab;

		*newline = '\0';
		tab = strchr(line, '\t');
		if (tab)
			*tab = '\0';
		add_node(graph, g_strdup(line));
		g_ptr_array_add(lists, tab ? tab + 1 : newline);
		line = newline + 1;
	}
	for (guint i = 0; i < lists->len; i++) {
		if (load_edges(graph, i, lists->pdata[i]))
			continue;
		include_graph_free(graph);
		return NULL;
	}
	return graph;
}

static int compare_nodes(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

/* The order of a folder's entries depends on the file system. */
static void sort_nodes(struct include_graph *graph)
{
	g_ptr_array_sort(graph->nodes, compare_nodes);
	for (guint i = 0; i < graph->nodes->len; i++)
		g_hash_table_replace(graph->by_path, node_at(graph, i)->path,
				     GUINT_TO_POINTER(i + 1));
}

struct include_graph *include_graph_open(const char *tree, const char *cache_file,
					 unsigned int jobs, GError **err)
{
	struct include_graph *graph = load(cache_file);

	if (graph)
		return graph;
	graph = graph_new();
	if (!list_files(graph, tree, "", err))
		goto fail;
	sort_nodes(graph);
	if (!scan_files(graph, tree, jobs, err))
		goto fail;
	resolve_all(graph);
	if (save(graph, cache_file, err))
		return graph;
fail:
	include_graph_free(graph);
	return NULL;
}

static bool is_forced(const char *path)
{
	for (gsize i = 0; i < G_N_ELEMENTS(forced); i++)
		if (!strcmp(path, forced[i]))
			return true;
	return false;
}

/* Follow edges in one direction from @paths; the result has all that is reached. */
static GHashTable *reach(const struct include_graph *graph, const GPtrArray *paths, bool up)
{
	GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GArray) todo = g_array_new(FALSE, FALSE, sizeof(guint));
	guint index;

	for (guint i = 0; i < paths->len; i++)
		if (g_hash_table_add(seen, paths->pdata[i]) &&
		    find_index(graph, paths->pdata[i], &index))
			g_array_append_val(todo, index);
	while (todo->len) {
		struct node *node = node_at(graph, g_array_index(todo, guint, todo->len - 1));
		GArray *edges = up ? node->included_by : node->includes;

		g_array_set_size(todo, todo->len - 1);
		for (guint i = 0; i < edges->len; i++) {
			index = g_array_index(edges, guint, i);
			if (g_hash_table_add(seen, node_at(graph, index)->path))
				g_array_append_val(todo, index);
		}
	}
	return seen;
}

GHashTable *include_graph_includers(const struct include_graph *graph, const GPtrArray *paths)
{
	GHashTable *seen = reach(graph, paths, true);
	bool all = false;
	GHashTableIter iter;
	void *path;

	g_hash_table_iter_init(&iter, seen);
	while (!all && g_hash_table_iter_next(&iter, &path, NULL))
		all = is_forced(path);
	for (guint i = 0; all && i < graph->nodes->len; i++)
		g_hash_table_add(seen, node_at(graph, i)->path);
	return seen;
}

GHashTable *include_graph_included(const struct include_graph *graph, const GPtrArray *paths)
{
	g_autoptr(GPtrArray) start = g_ptr_array_new();

	for (guint i = 0; i < paths->len; i++)
		g_ptr_array_add(start, paths->pdata[i]);
	guint index;

	for (gsize i = 0; i < G_N_ELEMENTS(forced); i++)
		if (find_index(graph, forced[i], &index))
			g_ptr_array_add(start, (void *)forced[i]);
	return reach(graph, start, false);
}
