// SPDX-License-Identifier: GPL-2.0
/* Copying a source tree that belongs to somebody else: real copies, since its files may change. */
#include "tree-prepare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/fs.h>

#include "error.h"
#include "run.h"

/* What a build leaves in a tree is made anew, with the paths of the copy. */
static bool is_output(const char *name)
{
	static const char *const suffixes[] = { ".o",	".a",	  ".ko",    ".cmd",
						".mod", ".mod.c", ".order", ".symvers",
						".so",	".dbg",	  ".bin" };
	static const char *const names[] = {
		".", "..", ".git", "vmlinux", "System.map", "bzImage", "objtool.d", "auto.conf.cmd"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++)
		if (g_str_has_suffix(name, suffixes[i]))
			return true;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_str_equal(name, names[i]))
			return true;
	return g_str_has_prefix(name, ".tmp_") || g_str_has_prefix(name, "vmlinux.");
}

static bool copy_data(int in, int out, const struct stat *st)
{
	/* Shared blocks where the file system can do that. */
	if (ioctl(out, FICLONE, in) == 0)
		return true;
	for (off_t left = st->st_size; left > 0;) {
		ssize_t n = sendfile(out, in, NULL, (size_t)left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		left -= n;
	}
	return true;
}

static bool copy_file(int from, int to, const char *name, const char *path, GError **err)
{
	int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (in < 0 || fstat(in, &st) < 0) {
		kp_fail_errno(err, "cannot read '%s' of the source tree", path);
		if (in >= 0)
			close(in);
		return false;
	}
	int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0777);
	/* make compares times. */
	const struct timespec times[] = { st.st_atim, st.st_mtim };
	bool ok = out >= 0 && copy_data(in, out, &st) && futimens(out, times) == 0;

	if (!ok)
		kp_fail_errno(err, "cannot copy '%s' of the source tree", path);
	if (out >= 0 && close(out) < 0 && ok)
		ok = kp_fail_errno(err, "cannot copy '%s' of the source tree", path);
	close(in);
	return ok;
}

static bool copy_link(int from, int to, const char *name, const char *path, GError **err)
{
	char target[4096];
	ssize_t len = readlinkat(from, name, target, sizeof(target) - 1);

	if (len < 0)
		return kp_fail_errno(err, "cannot read '%s' of the source tree", path);
	target[len] = '\0';
	if (symlinkat(target, to, name) < 0)
		return kp_fail_errno(err, "cannot copy '%s' of the source tree", path);
	return true;
}

static bool copy_tree(int from, int to, const char *rel, GError **err);

static bool copy_subdir(int from, int to, const char *name, const char *path, GError **err)
{
	int sub_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int sub_to = -1;
	bool ok = false;

	if (mkdirat(to, name, 0777) == 0)
		sub_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub_from < 0 || sub_to < 0) {
		kp_fail_errno(err, "cannot copy the folder '%s' of the source tree", path);
		if (sub_from >= 0)
			close(sub_from);
	} else {
		ok = copy_tree(sub_from, sub_to, path, err);
	}
	if (sub_to >= 0)
		close(sub_to);
	return ok;
}

/* Takes over @from. */
static bool copy_tree(int from, int to, const char *rel, GError **err)
{
	DIR *dir = fdopendir(from);
	bool ok = run_check(err);

	if (!dir) {
		close(from);
		return kp_fail_errno(err, "cannot read the folder '%s' of the source tree", rel);
	}
	for (struct dirent *entry; ok && (entry = readdir(dir));) {
		const char *name = entry->d_name;
		g_autofree char *path = *rel ? g_strconcat(rel, "/", name, NULL) : g_strdup(name);
		struct stat st;

		if (is_output(name))
			continue;
		if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			ok = kp_fail_errno(err, "cannot read '%s' of the source tree", path);
		else if (S_ISDIR(st.st_mode))
			ok = copy_subdir(from, to, name, path, err);
		else if (S_ISLNK(st.st_mode))
			ok = copy_link(from, to, name, path, err);
		else if (S_ISREG(st.st_mode))
			ok = copy_file(from, to, name, path, err);
	}
	closedir(dir);
	return ok;
}

bool tree_copy_files(const char *from, const char *to, GError **err)
{
	int from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int to_fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok;

	if (from_fd < 0 || to_fd < 0) {
		ok = kp_fail_errno(err, "cannot read the folder '%s'", from_fd < 0 ? from : to);
		if (from_fd >= 0)
			close(from_fd);
	} else {
		ok = copy_tree(from_fd, to_fd, "", err);
	}
	if (to_fd >= 0)
		close(to_fd);
	return ok;
}
