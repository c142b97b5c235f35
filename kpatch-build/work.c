// SPDX-License-Identifier: GPL-2.0
/* Working copies of the master, see tree.h. */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "lock.h"
#include "run.h"

/* A walk over a folder of the master, doing the same in the copy. */
struct copy {
	GHashTable *seen; /* relative paths of files */
	bool refresh;	  /* skip what was seen before */
	bool (*file)(const struct copy *copy, int from, int to, const char *name, GError **err);
	const char *what; /* for messages */
};

static bool link_file(const struct copy *copy, int from, int to, const char *name, GError **err)
{
	if (linkat(from, name, to, name, 0) == 0 || errno == EEXIST)
		return true;
	return kp_fail_errno(err, "cannot link '%s' into the working copy '%s'", name, copy->what);
}

static bool copy_dir(const struct copy *copy, int from, int to, const char *rel, GError **err);

/* Files that make and editors write in place, or that no compiler reads. */
static bool is_skipped(const char *name)
{
	return name[0] == '.' && (g_str_has_suffix(name, ".cmd") || g_str_has_suffix(name, ".d") ||
				  g_str_equal(name, ".git") || g_str_equal(name, ".") ||
				  g_str_equal(name, ".."));
}

static bool copy_subdir(const struct copy *copy, int from, int to, const char *name,
			const char *rel, GError **err)
{
	if (mkdirat(to, name, 0777) < 0 && errno != EEXIST)
		return kp_fail_errno(err, "cannot make the folder '%s' in '%s'", rel, copy->what);
	int sub_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int sub_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool ok = false;

	if (sub_from >= 0 && sub_to >= 0)
		ok = copy_dir(copy, g_steal_fd(&sub_from), sub_to, rel, err);
	else
		kp_fail_errno(err, "cannot read the folder '%s'", rel);
	if (sub_from >= 0)
		close(sub_from);
	if (sub_to >= 0)
		close(sub_to);
	return ok;
}

static bool copy_entry(const struct copy *copy, int from, int to, const struct dirent *entry,
		       const char *rel, GError **err)
{
	const char *name = entry->d_name;
	g_autofree char *path = *rel ? g_strconcat(rel, "/", name, NULL) : g_strdup(name);
	bool is_dir = entry->d_type == DT_DIR;
	struct stat st;

	if (entry->d_type == DT_UNKNOWN && fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		is_dir = S_ISDIR(st.st_mode);
	if (is_dir)
		return copy_subdir(copy, from, to, name, path, err);
	if (copy->seen && !g_hash_table_add(copy->seen, g_steal_pointer(&path)) && copy->refresh)
		return true;
	return copy->file(copy, from, to, name, err);
}

/* Takes over @from. */
static bool copy_dir(const struct copy *copy, int from, int to, const char *rel, GError **err)
{
	DIR *dir = fdopendir(from);
	bool ok = run_check(err);

	if (!dir) {
		close(from);
		return kp_fail_errno(err, "cannot read the folder '%s'", rel);
	}
	for (struct dirent *entry; ok && (entry = readdir(dir));)
		ok = is_skipped(entry->d_name) || copy_entry(copy, from, to, entry, rel, err);
	closedir(dir);
	return ok;
}

static bool copy_top(const struct copy *copy, const char *from, const char *to, GError **err)
{
	int from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int to_fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok;

	if (from_fd < 0 || to_fd < 0) {
		ok = kp_fail_errno(err, "cannot read the folder '%s'", from_fd < 0 ? from : to);
		if (from_fd >= 0)
			close(from_fd);
	} else {
		ok = copy_dir(copy, from_fd, to_fd, "", err);
	}
	if (to_fd >= 0)
		close(to_fd);
	return ok;
}

struct work *work_new(const struct tree *tree, GError **err)
{
	g_autofree char *parent = g_build_filename(tree->dir, "work", NULL);
	struct cache_tmp *tmp = cache_tmp_new(parent, err);

	if (!tmp)
		return NULL;
	struct work *work = g_new0(struct work, 1);

	work->tree = tree;
	work->tmp = tmp;
	work->dir = g_strdup(tmp->path);
	return work;
}

void work_free(struct work *work)
{
	if (!work)
		return;
	cache_tmp_free(work->tmp, work->keep);
	g_clear_pointer(&work->seen, g_hash_table_unref);
	g_free(work->dir);
	g_free(work->copy);
	g_free(work);
}

/* Under the target's lock, shared: no make shall write meanwhile. */
static bool copy_master(struct work *work, bool refresh, GError **err)
{
	g_autofree char *lock_path = g_build_filename(work->tree->dir, "lock", NULL);
	g_autoptr(kp_lock) lock = kp_lock_take(lock_path, KP_LOCK_SHARED, err);
	const struct copy copy = { .seen = work->seen,
				   .refresh = refresh,
				   .file = link_file,
				   .what = work->copy };

	return lock && copy_top(&copy, work->tree->master, work->copy, err);
}

bool work_copy(struct work *work, GError **err)
{
	g_autofree char *path = g_build_filename(work->dir, "src", NULL);

	if (!cache_mkdir(path, err))
		return false;
	work->copy = g_steal_pointer(&path);
	work->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return copy_master(work, false, err);
}

bool work_refresh(struct work *work, GError **err)
{
	return !work->copy || copy_master(work, true, err);
}

bool work_write_file(const struct work *work, const char *path, const char *data, gsize len,
		     GError **err)
{
	g_autofree char *full = g_build_filename(work->copy, path, NULL);
	g_autofree char *dir = g_path_get_dirname(full);

	return cache_mkdir(dir, err) && cache_write(full, data, len, err);
}
