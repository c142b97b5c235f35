// SPDX-License-Identifier: GPL-2.0
/* Working copies of the master, see tree.h. */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "lock.h"
#include "run.h"

/* What links the master's files into a working copy. */
struct copy {
	GHashTable *seen; /* paths of the master's files, see struct work */
	bool refresh;	  /* only what was not seen before */
	const char *path; /* of the copy, for messages */
};

/* An entry of a folder of the copy, as found. */
struct found {
	ino_t inode;
	bool is_dir;
	bool wanted; /* the master has it too */
};

/* Files that make writes in place, or that no compiler reads. */
static bool is_skipped(const char *name)
{
	return name[0] == '.' &&
	       (g_str_has_suffix(name, ".cmd") || g_str_has_suffix(name, ".d") ||
		g_str_equal(name, ".git") || g_str_equal(name, ".") || g_str_equal(name, ".."));
}

static bool is_dir_entry(int dirfd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static DIR *open_dir(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

/* What is in a folder of the copy: name -> struct found *. */
static GHashTable *list_found(DIR *dir)
{
	GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (struct dirent *entry; (entry = readdir(dir));) {
		if (g_str_equal(entry->d_name, ".") || g_str_equal(entry->d_name, ".."))
			continue;
		struct found *one = g_new0(struct found, 1);

		one->inode = entry->d_ino;
		one->is_dir = is_dir_entry(dirfd(dir), entry);
		g_hash_table_insert(found, g_strdup(entry->d_name), one);
	}
	return found;
}

static bool remove_found(const struct copy *copy, int dirfd, const char *name, const char *rel,
			 bool is_dir, GError **err)
{
	if (!is_dir && (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT))
		return true;
	g_autofree char *path = g_build_filename(copy->path, rel, name, NULL);

	return cache_remove_tree(path, err);
}

static bool sync_file(const struct copy *copy, int from, int to, const char *name, const char *rel,
		      const struct found *found, ino_t inode, GError **err)
{
	/* A link to the master's file is that file. */
	if (found && !found->is_dir && found->inode == inode)
		return true;
	if (found && !remove_found(copy, to, name, rel, found->is_dir, err))
		return false;
	if (linkat(from, name, to, name, 0) == 0 || errno == EEXIST)
		return true;
	return kp_fail_errno(err, "cannot link '%s/%s' into the working copy '%s'", rel, name,
			     copy->path);
}

static bool sync_dir(const struct copy *copy, DIR *from, DIR *to, const char *rel, GError **err);

static bool sync_subdir(const struct copy *copy, int from, int to, const char *name,
			const char *rel, GError **err)
{
	if (mkdirat(to, name, 0777) < 0 && errno != EEXIST)
		return kp_fail_errno(err, "cannot make the folder '%s' in '%s'", rel, copy->path);
	DIR *from_dir = open_dir(from, name), *to_dir = open_dir(to, name);
	bool ok = false;

	if (from_dir && to_dir)
		ok = sync_dir(copy, from_dir, to_dir, rel, err);
	else
		kp_fail_errno(err, "cannot read the folder '%s'", rel);
	if (from_dir)
		closedir(from_dir);
	if (to_dir)
		closedir(to_dir);
	return ok;
}

static bool sync_entry(const struct copy *copy, DIR *from, DIR *to, GHashTable *there,
		       const struct dirent *entry, const char *rel, GError **err)
{
	const char *name = entry->d_name;
	g_autofree char *path = *rel ? g_strconcat(rel, "/", name, NULL) : g_strdup(name);
	struct found *found = there ? g_hash_table_lookup(there, name) : NULL;

	if (found)
		found->wanted = true;
	if (is_dir_entry(dirfd(from), entry)) {
		if (found && !found->is_dir &&
		    !remove_found(copy, dirfd(to), name, rel, false, err))
			return false;
		return sync_subdir(copy, dirfd(from), dirfd(to), name, path, err);
	}
	if (!g_hash_table_add(copy->seen, g_steal_pointer(&path)) && copy->refresh)
		return true;
	return sync_file(copy, dirfd(from), dirfd(to), name, rel, found, entry->d_ino, err);
}

static bool remove_unwanted(const struct copy *copy, int to, GHashTable *there, const char *rel,
			    GError **err)
{
	GHashTableIter iter;
	gpointer name, value;

	g_hash_table_iter_init(&iter, there);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		const struct found *found = value;

		if (!found->wanted && !remove_found(copy, to, name, rel, found->is_dir, err))
			return false;
	}
	return true;
}

/* Makes the copy's folder @to have what the master's @from has. */
static bool sync_dir(const struct copy *copy, DIR *from, DIR *to, const char *rel, GError **err)
{
	/* A refresh adds files; what the build has changed stays. */
	g_autoptr(GHashTable) there = copy->refresh ? NULL : list_found(to);
	bool ok = run_check(err);

	for (struct dirent *entry; ok && (entry = readdir(from));)
		ok = is_skipped(entry->d_name) ||
		     sync_entry(copy, from, to, there, entry, rel, err);
	return ok && (!there || remove_unwanted(copy, dirfd(to), there, rel, err));
}

static bool sync_top(const struct copy *copy, const char *master, GError **err)
{
	DIR *from = opendir(master), *to = opendir(copy->path);
	bool ok = false;

	if (from && to)
		ok = sync_dir(copy, from, to, "", err);
	else
		kp_fail_errno(err, "cannot read the folder '%s'", from ? copy->path : master);
	if (from)
		closedir(from);
	if (to)
		closedir(to);
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
static bool sync_with_master(struct work *work, bool refresh, GError **err)
{
	g_autofree char *lock_path = g_build_filename(work->tree->dir, "lock", NULL);
	g_autoptr(kp_lock) lock = kp_lock_take(lock_path, KP_LOCK_SHARED, err);
	const struct copy copy = { .seen = work->seen, .refresh = refresh, .path = work->copy };

	return lock && sync_top(&copy, work->tree->master, err);
}

bool work_copy(struct work *work, GError **err)
{
	work->copy = cache_tmp_reuse(work->tmp) ?: g_build_filename(work->dir, "src", NULL);
	work->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return cache_mkdir(work->copy, err) && sync_with_master(work, false, err);
}

bool work_refresh(struct work *work, GError **err)
{
	return !work->copy || sync_with_master(work, true, err);
}

bool work_write_file(const struct work *work, const char *path, const char *data, gsize len,
		     GError **err)
{
	g_autofree char *full = g_build_filename(work->copy, path, NULL);
	g_autofree char *dir = g_path_get_dirname(full);

	return cache_mkdir(dir, err) && cache_write(full, data, len, err);
}
