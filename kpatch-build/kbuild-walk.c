// SPDX-License-Identifier: GPL-2.0
#include "kbuild-walk.h"

#include <string.h>

#include "error.h"
#include "kbuild-env.h"
#include "run.h"

#define FILE_HEADER "kpatch kbuild walk 1"

/*
 * For one folder: kbuild's own Makefile.build reads its Kbuild file; then we look at the
 * variables that it would build from, and go on in the folders that it would go to. What is
 * found is written to a file per folder, since makes run side by side.
 *
 * A module is composite when foo-objs, foo-y or foo-m is set (scripts/Makefile.lib: real-search);
 * objects in obj-m have the folder's name before them by now, parts have not.
 */
static const char walk_makefile[] =
	"kpatch-walk:\n"
	"include scripts/Makefile.build\n"
	"kpatch-dir := $(if $(filter-out .,$(obj)),$(obj)/)\n"
	"kpatch-parts = $(strip $(foreach s,-objs -y -m,$($(1:.o=)$(s))))\n"
	"kpatch-module = $(1:.o=) $(addprefix $(kpatch-dir),"
	"$(or $(call kpatch-parts,$(patsubst $(kpatch-dir)%,%,$(1))),"
	"$(patsubst $(kpatch-dir)%,%,$(1)))) |\n"
	"define kpatch-text\n"
	"path $(obj)\n"
	"needs $(if $(need-builtin),builtin) $(if $(need-modorder),modules)\n"
	"builtin $(if $(need-builtin),$(filter %.o,$(real-obj-y)))\n"
	"lib $(if $(need-builtin),$(filter %.o,$(lib-y)))\n"
	"modules $(if $(need-modorder),"
	"$(foreach m,$(filter %.o,$(obj-m)),$(call kpatch-module,$(m))))\n"
	"subdirs $(subdir-ym)\n"
	"endef\n"
	"$(file >$(kpatch-out)/dir.$(subst /,!,$(obj)),$(kpatch-text))\n"
	"kpatch-walk: $(addprefix kpatch-enter/,$(subdir-ym))\n"
	"kpatch-enter/%: ; @$(MAKE) -f $(kpatch-mk) obj=$*"
	" need-builtin=$(if $(filter $*/built-in.a,$(subdir-builtin)),1)"
	" need-modorder=$(if $(filter $*/modules.order,$(subdir-modorder)),1)\n"
	".PHONY: kpatch-walk\n";

void kbuild_dir_free(struct kbuild_dir *dir)
{
	if (!dir)
		return;
	g_free(dir->path);
	g_strfreev(dir->needs);
	g_strfreev(dir->builtin);
	g_strfreev(dir->lib);
	g_strfreev(dir->modules);
	g_strfreev(dir->subdirs);
	g_free(dir);
}

char *kbuild_walk_file(const struct tree *tree)
{
	return g_build_filename(tree->dir, "kbuild-walk", NULL);
}

/* Words of @text; "|" becomes the empty word. */
static char **words(const char *text)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new();

	for (const char *p = text; *p;) {
		gsize len = strcspn(p, " ");

		if (len)
			g_ptr_array_add(out,
					len == 1 && *p == '|' ? g_strdup("") : g_strndup(p, len));
		p += len;
		p += strspn(p, " ");
	}
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_steal(out, NULL);
}

static bool parse_line(struct kbuild_dir *dir, const char *line)
{
	const struct {
		const char *name;
		char ***field;
	} fields[] = { { "needs", &dir->needs },
		       { "builtin", &dir->builtin },
		       { "lib", &dir->lib },
		       { "modules", &dir->modules },
		       { "subdirs", &dir->subdirs } };
	gsize len = strcspn(line, " ");
	const char *value = line + len + (line[len] == ' ');

	if (len == 4 && !strncmp(line, "path", len)) {
		g_free(dir->path);
		dir->path = g_strdup(value);
		return true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (strlen(fields[i].name) != len || strncmp(line, fields[i].name, len))
			continue;
		g_strfreev(*fields[i].field);
		*fields[i].field = words(value);
		return true;
	}
	return false;
}

/* Reads the folders that @text describes into @dirs. */
static bool parse(GHashTable *dirs, const char *text, const char *name, GError **err)
{
	struct kbuild_dir *dir = NULL;
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

	for (int i = 0; lines[i]; i++) {
		if (!*lines[i])
			continue;
		if (g_str_has_prefix(lines[i], "path ")) {
			dir = g_new0(struct kbuild_dir, 1);
			g_hash_table_replace(dirs, g_strdup(lines[i] + 5), dir);
		}
		if (!dir || !parse_line(dir, lines[i]))
			return kp_fail(err, KP_FAILED,
				       "%s:%d: cannot understand '%.60s'; remove this "
				       "file and try again",
				       name, i + 1, lines[i]);
	}
	return true;
}

static GHashTable *new_dirs(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				     (GDestroyNotify)kbuild_dir_free);
}

static GHashTable *collect(const char *tmp, GError **err)
{
	g_autoptr(GHashTable) dirs = new_dirs();
	g_autoptr(GDir) dir = g_dir_open(tmp, 0, err);

	if (!dir)
		return NULL;
	for (const char *name; (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(tmp, name, NULL);
		g_autofree char *text = NULL;

		if (!g_str_has_prefix(name, "dir."))
			continue;
		if (!g_file_get_contents(path, &text, NULL, err) || !parse(dirs, text, path, err))
			return NULL;
	}
	return g_steal_pointer(&dirs);
}

/* Whether vmlinux ("builtin") or modules ("modules") are made in @dir; all of it when not known. */
static bool is_needed(const struct kbuild_dir *dir, const char *what)
{
	return !dir || g_strv_contains((const char *const *)dir->needs, what);
}

GHashTable *kbuild_walk_run(const struct kbuild_walk *walk, const char *top,
			    const struct kbuild_dir *before, GError **err)
{
	g_autofree char *makefile = g_build_filename(walk->tmp, "walk.mk", NULL);
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) vars = tree_make_vars(walk->target);
	const struct run_opts opts = { .cwd = walk->srcdir,
				       .env = (const char *const *)walk->env,
				       .log = walk->log,
				       .what = "the walk over the kernel's Kbuild files" };

	if (!cache_write(makefile, walk_makefile, sizeof(walk_makefile) - 1, err))
		return NULL;
	g_ptr_array_add(argv, g_strdup("make"));
	g_ptr_array_add(argv, g_strdup_printf("-j%u", MAX(walk->jobs, 1)));
	g_ptr_array_add(argv, g_strdup("-rRs"));
	g_ptr_array_add(argv, g_strdup("--no-print-directory"));
	g_ptr_array_add(argv, g_strdup("-f"));
	g_ptr_array_add(argv, g_strdup(makefile));
	g_ptr_array_add(argv, g_strdup_printf("obj=%s", top));
	if (is_needed(before, "builtin"))
		g_ptr_array_add(argv, g_strdup("need-builtin=1"));
	if (is_needed(before, "modules"))
		g_ptr_array_add(argv, g_strdup("need-modorder=1"));
	g_ptr_array_add(argv, g_strdup_printf("kpatch-out=%s", walk->tmp));
	g_ptr_array_add(argv, g_strdup_printf("kpatch-mk=%s", makefile));
	for (int i = 0; vars[i]; i++)
		g_ptr_array_add(argv, g_strdup(vars[i]));
	g_ptr_array_add(argv, NULL);
	if (!run_command(&opts, (const char *const *)argv->pdata, NULL, err))
		return NULL;
	return collect(walk->tmp, err);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void append_words(GString *text, const char *name, char **list)
{
	g_string_append(text, name);
	for (int i = 0; list && list[i]; i++)
		g_string_append_printf(text, " %s", *list[i] ? list[i] : "|");
	g_string_append_c(text, '\n');
}

bool kbuild_walk_save(GHashTable *dirs, const char *path, GError **err)
{
	g_autoptr(GString) text = g_string_new(FILE_HEADER "\n");
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, dirs);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	g_ptr_array_sort(names, by_name);
	for (guint i = 0; i < names->len; i++) {
		const struct kbuild_dir *dir = g_hash_table_lookup(dirs, names->pdata[i]);

		g_string_append_printf(text, "path %s\n", dir->path);
		append_words(text, "needs", dir->needs);
		append_words(text, "builtin", dir->builtin);
		append_words(text, "lib", dir->lib);
		append_words(text, "modules", dir->modules);
		append_words(text, "subdirs", dir->subdirs);
	}
	return cache_write(path, text->str, text->len, err);
}

GHashTable *kbuild_walk_load(const char *path, GError **err)
{
	g_autoptr(GHashTable) dirs = new_dirs();
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, err))
		return NULL;
	if (!g_str_has_prefix(text, FILE_HEADER "\n")) {
		kp_fail(err, KP_FAILED, "'%s' is not a walk; remove it and try again", path);
		return NULL;
	}
	return parse(dirs, text + sizeof(FILE_HEADER), path, err) ? g_steal_pointer(&dirs) : NULL;
}

bool kbuild_walk_tree(const struct tree *tree, const char *env_path, unsigned int jobs,
		      GError **err)
{
	g_autofree char *parent = g_build_filename(tree->dir, "work", NULL);
	g_autofree char *file = kbuild_walk_file(tree);
	g_autofree char *log = g_strconcat(tree->log, ".walk", NULL);
	g_auto(GStrv) env = kbuild_env_load(env_path, tree->master, err);
	struct cache_tmp *tmp = env ? cache_tmp_new(parent, err) : NULL;

	if (!tmp)
		return false;
	const struct kbuild_walk walk = { .target = tree->target,
					  .srcdir = tree->master,
					  .env = env,
					  .tmp = tmp->path,
					  .log = log,
					  .jobs = jobs };
	g_autoptr(GHashTable) dirs = kbuild_walk_run(&walk, ".", NULL, err);
	bool ok = dirs && kbuild_walk_save(dirs, file, err);

	cache_tmp_free(tmp, false);
	return ok;
}
