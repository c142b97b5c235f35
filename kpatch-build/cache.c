// SPDX-License-Identifier: GPL-2.0
#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "lock.h"

#define TMP_PREFIX "tmp."
#define OWNER	   ".owner" /* locked while the folder's owner lives */
#define KEEP	   ".keep"  /* not to be removed when it is dead */
#define REUSED	   "src"    /* worth to be left for the next */
#define OLD_PREFIX "old."
#define OLD_MAX	   3

char *cache_root(const char *option, GError **err)
{
	const char *xdg = g_getenv("XDG_CACHE_HOME");
	const char *home = g_getenv("HOME");
	g_autofree char *root = NULL;

	if (option)
		root = g_strdup(option);
	else if (g_getenv("KPATCH_CACHE") && *g_getenv("KPATCH_CACHE"))
		root = g_strdup(g_getenv("KPATCH_CACHE"));
	else if (xdg && g_path_is_absolute(xdg))
		root = g_build_filename(xdg, "kpatch", NULL);
	else if (home && *home)
		root = g_build_filename(home, ".cache", "kpatch", NULL);
	if (!root) {
		kp_fail(err, KP_FAILED, "no cache folder: $HOME is not set; use --cache DIR");
		return NULL;
	}
	if (!cache_mkdir(root, err))
		return NULL;
	char *full = realpath(root, NULL);

	if (!full)
		kp_fail_errno(err, "cannot use the cache folder '%s'", root);
	return full;
}

bool cache_mkdir(const char *path, GError **err)
{
	if (g_mkdir_with_parents(path, 0777) < 0)
		return kp_fail_errno(err, "cannot make the folder '%s'", path);
	return true;
}

static bool remove_entries(int dirfd, const char *path, GError **err);

static bool remove_at(int parent, const char *name, const char *path, GError **err)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return kp_fail_errno(err, "cannot remove '%s'", path);
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || kp_fail_errno(err, "cannot remove '%s'", path);
	if (!remove_entries(fd, path, err))
		return false;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return kp_fail_errno(err, "cannot remove '%s'", path);
	return true;
}

/* Takes over @dirfd. */
static bool remove_entries(int dirfd, const char *path, GError **err)
{
	DIR *dir = fdopendir(dirfd);
	bool ok = true;

	if (!dir) {
		close(dirfd);
		return kp_fail_errno(err, "cannot read the folder '%s'", path);
	}
	for (struct dirent *entry; ok && (entry = readdir(dir));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (entry->d_type != DT_DIR && unlinkat(dirfd, entry->d_name, 0) == 0)
			continue;
		g_autofree char *below = g_build_filename(path, entry->d_name, NULL);

		ok = remove_at(dirfd, entry->d_name, below, err);
	}
	closedir(dir);
	return ok;
}

bool cache_remove_tree(const char *path, GError **err)
{
	return remove_at(AT_FDCWD, path, path, err);
}

static GPtrArray *list_old(const char *parent)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));)
		if (g_str_has_prefix(name, OLD_PREFIX))
			g_ptr_array_add(paths, g_build_filename(parent, name, NULL));
	return paths;
}

/* Puts what can be used again aside, then removes the temporary folder @path. */
static void retire(const char *path)
{
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *base = g_path_get_basename(path);
	g_autofree char *reused = g_build_filename(path, REUSED, NULL);
	g_autofree char *old = g_strconcat(parent, "/" OLD_PREFIX, base + strlen(TMP_PREFIX), NULL);
	g_autoptr(GPtrArray) others = list_old(parent);

	if (others->len < OLD_MAX && rename(reused, old) < 0 && errno != ENOENT)
		cache_remove_tree(reused, NULL);
	cache_remove_tree(path, NULL);
}

char *cache_tmp_reuse(const struct cache_tmp *tmp)
{
	g_autofree char *parent = g_path_get_dirname(tmp->path);
	g_autoptr(GPtrArray) old = list_old(parent);
	g_autofree char *path = g_build_filename(tmp->path, REUSED, NULL);

	/* Somebody else may be faster. */
	for (guint i = 0; i < old->len; i++)
		if (rename(old->pdata[i], path) == 0)
			return g_steal_pointer(&path);
	return NULL;
}

/* Removes the temporary folder @path when its owner is dead; errors do not matter here. */
static void remove_stale(const char *path)
{
	g_autofree char *owner = g_build_filename(path, OWNER, NULL);
	g_autofree char *keep = g_build_filename(path, KEEP, NULL);
	bool busy;

	if (g_file_test(keep, G_FILE_TEST_EXISTS))
		return;
	g_autoptr(kp_lock) lock = kp_lock_try(owner, KP_LOCK_EXCLUSIVE, &busy, NULL);

	if (lock)
		retire(path);
}

static void remove_all_stale(const char *parent)
{
	g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(parent, name, NULL);

		if (g_str_has_prefix(name, TMP_PREFIX))
			remove_stale(path);
	}
}

struct cache_tmp *cache_tmp_new(const char *parent, GError **err)
{
	if (!cache_mkdir(parent, err))
		return NULL;
	/* Held while a folder has no owner yet, so that nobody takes it for a stale one. */
	g_autofree char *gate_path = g_build_filename(parent, ".lock", NULL);
	g_autoptr(kp_lock) gate = kp_lock_take(gate_path, KP_LOCK_EXCLUSIVE, err);

	if (!gate)
		return NULL;
	remove_all_stale(parent);
	g_autofree char *path = g_build_filename(parent, TMP_PREFIX "XXXXXX", NULL);

	if (!g_mkdtemp(path)) {
		kp_fail_errno(err, "cannot make a folder in '%s'", parent);
		return NULL;
	}
	g_autofree char *owner = g_build_filename(path, OWNER, NULL);
	struct kp_lock *lock = kp_lock_take(owner, KP_LOCK_EXCLUSIVE, err);

	if (!lock) {
		cache_remove_tree(path, NULL);
		return NULL;
	}
	struct cache_tmp *tmp = g_new0(struct cache_tmp, 1);

	tmp->path = g_steal_pointer(&path);
	tmp->lock = lock;
	return tmp;
}

void cache_tmp_free(struct cache_tmp *tmp, bool keep)
{
	if (!tmp)
		return;
	g_autofree char *marker = g_build_filename(tmp->path, KEEP, NULL);

	if (!keep || !g_file_set_contents(marker, "", 0, NULL))
		retire(tmp->path);
	kp_lock_drop(tmp->lock);
	g_free(tmp->path);
	g_free(tmp);
}

bool cache_write(const char *path, const char *data, gsize len, GError **err)
{
	g_autofree char *tmp = g_strdup_printf("%s.XXXXXX", path);
	int fd = mkstemp(tmp);

	if (fd < 0)
		return kp_fail_errno(err, "cannot write '%s'", path);
	for (gsize done = 0; done < len;) {
		ssize_t n = write(fd, data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			kp_fail_errno(err, "cannot write '%s'", path);
			close(fd);
			unlink(tmp);
			return false;
		}
		done += (gsize)n;
	}
	fchmod(fd, 0644);
	if (close(fd) < 0 || rename(tmp, path) < 0) {
		kp_fail_errno(err, "cannot write '%s'", path);
		unlink(tmp);
		return false;
	}
	return true;
}

bool cache_same_content(const char *a, const char *b)
{
	g_autofree char *text_a = NULL, *text_b = NULL;
	gsize len_a, len_b;

	return g_file_get_contents(a, &text_a, &len_a, NULL) &&
	       g_file_get_contents(b, &text_b, &len_b, NULL) && len_a == len_b &&
	       !memcmp(text_a, text_b, len_a);
}
