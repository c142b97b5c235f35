// SPDX-License-Identifier: GPL-2.0
#include "kbuild.h"

#include <string.h>

#include "error.h"
#include "kbuild-env.h"
#include "kbuild-walk.h"
#include "lock.h"

struct kbuild {
	const struct tree *tree;
	GHashTable *dirs;      /* path -> struct kbuild_dir * */
	GHashTable *by_path;   /* kbuild_object.path -> struct kbuild_object * (owned) */
	GHashTable *by_source; /* kbuild_object.source -> GPtrArray * of objects */
	GPtrArray *all;	       /* sorted by path */
	GPtrArray *none;       /* empty */
};

static void object_free(void *data)
{
	struct kbuild_object *object = data;

	g_free(object->path);
	g_free(object->source);
	g_ptr_array_unref(object->modules);
	g_free(object);
}

void kbuild_free(struct kbuild *kbuild)
{
	if (!kbuild)
		return;
	g_clear_pointer(&kbuild->dirs, g_hash_table_unref);
	g_clear_pointer(&kbuild->by_source, g_hash_table_unref);
	g_clear_pointer(&kbuild->all, g_ptr_array_unref);
	g_clear_pointer(&kbuild->none, g_ptr_array_unref);
	g_clear_pointer(&kbuild->by_path, g_hash_table_unref);
	g_free(kbuild);
}

/* Paths that say what a source is for, most specific first; a suffix begins with '*'. */
static const struct {
	const char *path, *reason;
} unpatchable[] = {
	{ "*.S", "assembly" },
	{ "*.s", "assembly" },
	{ "*.rs", "Rust" },
	{ "arch/x86/boot/", "boot code" },
	{ "arch/x86/realmode/rm/", "boot code (real mode)" },
	{ "arch/x86/purgatory/", "code that runs between two kernels (purgatory)" },
	{ "arch/x86/entry/vdso/vma.c", NULL },
	{ "arch/x86/entry/vdso/extable.c", NULL },
	{ "arch/x86/entry/vdso/", "the vdso, which runs in user space" },
	{ "lib/vdso/", "the vdso, which runs in user space" },
	{ "arch/x86/um/", "user-mode Linux" },
	{ "arch/x86/tools/", "a program of the build" },
	{ "drivers/firmware/efi/libstub/", "boot code (EFI stub)" },
	{ "scripts/", "a program of the build" },
	{ "tools/", "a program, not the kernel" },
	{ "usr/", "the built-in initramfs" },
	{ "Documentation/", "documentation" },
};

const char *kbuild_unpatchable_source(const char *source)
{
	for (size_t i = 0; i < G_N_ELEMENTS(unpatchable); i++) {
		const char *path = unpatchable[i].path;

		if (path[0] == '*' ? g_str_has_suffix(source, path + 1)
				   : g_str_has_prefix(source, path))
			return unpatchable[i].reason;
	}
	return NULL;
}

/* "a/b/../c" -> "a/c"; kbuild's paths do not go through symbolic links there. */
static char *normalise(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", 0);
	g_autoptr(GPtrArray) out = g_ptr_array_new();

	for (int i = 0; parts[i]; i++) {
		const char *last = out->len ? out->pdata[out->len - 1] : "..";

		if (!*parts[i] || !strcmp(parts[i], "."))
			continue;
		if (!strcmp(parts[i], "..") && strcmp(last, ".."))
			g_ptr_array_remove_index(out, out->len - 1);
		else
			g_ptr_array_add(out, parts[i]);
	}
	g_ptr_array_add(out, NULL);
	return g_strjoinv("/", (char **)out->pdata);
}

/* The file below @srcdir that kbuild's pattern rules would make an object from. */
static char *find_source(const char *srcdir, const char *object)
{
	static const char *const suffixes[] = { "c", "S", "rs" };
	g_autofree char *path = normalise(object);

	path[strlen(path) - 1] = '\0'; /* ends in ".o" */
	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *source = g_strconcat(path, suffixes[i], NULL);
		g_autofree char *full = g_build_filename(srcdir, source, NULL);

		if (g_file_test(full, G_FILE_TEST_EXISTS))
			return g_steal_pointer(&source);
	}
	return NULL;
}

static struct kbuild_object *get_object(struct kbuild *kbuild, const char *srcdir, const char *path)
{
	struct kbuild_object *object = g_hash_table_lookup(kbuild->by_path, path);

	if (object)
		return object;
	object = g_new0(struct kbuild_object, 1);
	object->path = g_strdup(path);
	object->modules = g_ptr_array_new_with_free_func(g_free);
	object->source = find_source(srcdir, path);
	object->unpatchable = object->source ? kbuild_unpatchable_source(object->source)
					     : "generated from something that is not C";
	g_hash_table_insert(kbuild->by_path, object->path, object);
	g_ptr_array_add(kbuild->all, object);
	if (!object->source)
		return object;
	GPtrArray *same = g_hash_table_lookup(kbuild->by_source, object->source);

	if (!same) {
		same = g_ptr_array_new();
		g_hash_table_insert(kbuild->by_source, object->source, same);
	}
	g_ptr_array_add(same, object);
	return object;
}

/* The name that the module loader knows: scripts/Makefile.lib, name-fix-token. */
static char *module_name(const char *path)
{
	return g_strdelimit(g_path_get_basename(path), "-,", '_');
}

static void add_modules(struct kbuild *kbuild, const char *srcdir, char **words)
{
	for (int i = 0; words[i]; i++) {
		g_autofree char *name = module_name(words[i]);

		for (i++; words[i] && *words[i]; i++) {
			GPtrArray *modules = get_object(kbuild, srcdir, words[i])->modules;

			if (!g_ptr_array_find_with_equal_func(modules, name, g_str_equal, NULL))
				g_ptr_array_add(modules, g_strdup(name));
		}
		if (!words[i])
			break;
	}
}

static int by_object_path(gconstpointer a, gconstpointer b)
{
	const struct kbuild_object *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void index_dir(struct kbuild *kbuild, const char *srcdir, const struct kbuild_dir *dir)
{
	char **const builtin[] = { dir->builtin, dir->lib };

	for (size_t i = 0; i < G_N_ELEMENTS(builtin); i++)
		for (int j = 0; builtin[i] && builtin[i][j]; j++)
			get_object(kbuild, srcdir, builtin[i][j])->builtin = true;
	if (dir->modules)
		add_modules(kbuild, srcdir, dir->modules);
}

/* Takes over @dirs. */
static struct kbuild *new_kbuild(const struct tree *tree, const char *srcdir, GHashTable *dirs)
{
	struct kbuild *kbuild = g_new0(struct kbuild, 1);
	GHashTableIter iter;
	gpointer dir;

	kbuild->tree = tree;
	kbuild->dirs = dirs;
	kbuild->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, object_free);
	kbuild->by_source = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						  (GDestroyNotify)g_ptr_array_unref);
	kbuild->all = g_ptr_array_new();
	kbuild->none = g_ptr_array_new();
	g_hash_table_iter_init(&iter, dirs);
	while (g_hash_table_iter_next(&iter, NULL, &dir))
		index_dir(kbuild, srcdir, dir);
	g_ptr_array_sort(kbuild->all, by_object_path);
	g_hash_table_iter_init(&iter, kbuild->by_source);
	for (gpointer same; g_hash_table_iter_next(&iter, NULL, &same);)
		g_ptr_array_sort(same, by_object_path);
	for (guint i = 0; i < kbuild->all->len; i++)
		g_ptr_array_sort(((struct kbuild_object *)kbuild->all->pdata[i])->modules, by_name);
	return kbuild;
}

static bool walk_if_needed(const struct tree *tree, const char *file, unsigned int jobs,
			   GError **err)
{
	g_autofree char *lock_path = g_build_filename(tree->dir, "lock", NULL);
	g_autofree char *env = kbuild_env_path(tree);

	if (g_file_test(file, G_FILE_TEST_EXISTS))
		return true;
	g_autoptr(kp_lock) lock = kp_lock_take(lock_path, KP_LOCK_EXCLUSIVE, err);

	return lock &&
	       (g_file_test(file, G_FILE_TEST_EXISTS) || kbuild_walk_tree(tree, env, jobs, err));
}

struct kbuild *kbuild_open(const struct tree *tree, unsigned int jobs, GError **err)
{
	g_autofree char *file = kbuild_walk_file(tree);

	if (!walk_if_needed(tree, file, jobs, err))
		return NULL;
	GHashTable *dirs = kbuild_walk_load(file, err);

	return dirs ? new_kbuild(tree, tree->master, dirs) : NULL;
}

const GPtrArray *kbuild_find_objects_for_source(const struct kbuild *kbuild, const char *source)
{
	const GPtrArray *found = g_hash_table_lookup(kbuild->by_source, source);

	return found ?: kbuild->none;
}

const struct kbuild_object *kbuild_find_object(const struct kbuild *kbuild, const char *path)
{
	return g_hash_table_lookup(kbuild->by_path, path);
}

const GPtrArray *kbuild_objects(const struct kbuild *kbuild)
{
	return kbuild->all;
}

/* The folder itself or the nearest one above it that the walk came to. */
static char *known_folder(GHashTable *dirs, const char *path)
{
	g_autofree char *folder = normalise(path);

	while (*folder && !g_hash_table_contains(dirs, folder)) {
		char *slash = strrchr(folder, '/');

		*(slash ?: folder) = '\0';
	}
	return *folder ? g_steal_pointer(&folder) : g_strdup(".");
}

static gboolean is_below(gpointer key, gpointer value, gpointer data)
{
	const char *path = key, *top = data;
	gsize len = strlen(top);

	(void)value;
	return g_str_equal(top, ".") || g_str_equal(path, top) ||
	       (g_str_has_prefix(path, top) && path[len] == '/');
}

static gboolean move_dir(gpointer key, gpointer value, gpointer data)
{
	g_hash_table_replace(data, key, value);
	return TRUE;
}

/* Walks @top in the working copy and puts the result into @dirs. */
static bool rewalk_folder(const struct kbuild_walk *walk, GHashTable *dirs, const char *top,
			  GError **err)
{
	const struct kbuild_dir *before = g_hash_table_lookup(dirs, top);
	g_autoptr(GHashTable) fresh = kbuild_walk_run(walk, top, before, err);

	if (!fresh)
		return false;
	g_hash_table_foreach_remove(dirs, is_below, (gpointer)top);
	g_hash_table_foreach_steal(fresh, move_dir, dirs);
	return true;
}

struct kbuild *kbuild_rewalk(const struct kbuild *kbuild, const struct work *work,
			     const GPtrArray *dirs, GError **err)
{
	const struct tree *tree = kbuild->tree;
	g_autofree char *file = kbuild_walk_file(tree);
	g_autofree char *env_path = kbuild_env_path(tree);
	g_autofree char *log = g_build_filename(work->dir, "walk.log", NULL);
	g_auto(GStrv) env = kbuild_env_load(env_path, work->copy, err);
	g_autoptr(GHashTable) result = env ? kbuild_walk_load(file, err) : NULL;

	if (!result)
		return NULL;
	for (guint i = 0; i < dirs->len; i++) {
		g_autofree char *top = known_folder(result, dirs->pdata[i]);
		struct cache_tmp *tmp = cache_tmp_new(work->dir, err);

		if (!tmp)
			return NULL;
		const struct kbuild_walk walk = { .target = tree->target,
						  .srcdir = work->copy,
						  .env = env,
						  .tmp = tmp->path,
						  .log = log,
						  .jobs = 2 };
		bool ok = rewalk_folder(&walk, result, top, err);

		cache_tmp_free(tmp, false);
		if (!ok)
			return NULL;
	}
	return new_kbuild(tree, work->copy, g_steal_pointer(&result));
}
