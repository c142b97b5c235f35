// SPDX-License-Identifier: GPL-2.0
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "module.h"

#define ORDER_FILE "order"
/*
 * A file until it is complete. Writers hold the lock, so one is enough, and what a killed one left
 * is written over.
 */
#define NEW_FILE ".new"

static char *folder_of(const struct host *host, const char *release)
{
	return g_build_filename(host->store, release, NULL);
}

/* Names of module files in a folder; not signatures, backups, halves of copies. */
static GPtrArray *files_in(const char *folder)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

	for (const char *file; dir && (file = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(folder, file, NULL);
		if (module_suffix(file) && g_file_test(path, G_FILE_TEST_IS_REGULAR))
			g_ptr_array_add(files, g_strdup(file));
	}
	return files;
}

/* ---- finding what the user means ---- */

/* How well a file in the store answers to what the user wrote. */
enum match { MATCH_NOT, MATCH_NAME, MATCH_SPELLING, MATCH_FILE };

static enum match match_file(const char *file, const char *what)
{
	g_autofree char *spelling = module_stem(file), *wanted = module_stem(what);

	if (strcmp(file, what) == 0)
		return MATCH_FILE;
	if (strcmp(spelling, wanted) == 0)
		return MATCH_SPELLING;
	/* Files are named as the author wished, the kernel turns - into _. */
	g_strdelimit(spelling, "-", '_');
	g_strdelimit(wanted, "-", '_');
	return strcmp(spelling, wanted) == 0 ? MATCH_NAME : MATCH_NOT;
}

char *store_find(const struct host *host, const char *release, const char *what, GError **err)
{
	g_autofree char *folder = folder_of(host, release);
	g_autoptr(GPtrArray) files = files_in(folder);
	const char *found = NULL, *rival = NULL;
	enum match best = MATCH_NOT;

	for (guint i = 0; i < files->len; i++) {
		enum match match = match_file(files->pdata[i], what);
		if (match == MATCH_NOT || match < best)
			continue;
		rival = match == best ? found : NULL;
		found = files->pdata[i];
		best = match;
	}
	if (rival) {
		kp_fail(err, KP_FAILED,
			"%s may mean %s/%s or %s/%s; name the file, or remove one of them", what,
			folder, rival, folder, found);
		return NULL;
	}
	if (!found) {
		kp_fail(err, KP_FAILED,
			"%s is neither a file nor a patch in %s; give the path of the .ko file",
			what, folder);
		return NULL;
	}
	return g_build_filename(folder, found, NULL);
}

/* ---- order ---- */

/* A file that is not in @order comes after all that are. */
static guint position(char **order, const char *file)
{
	guint i = 0;

	while (order[i] && strcmp(order[i], file) != 0)
		i++;
	return i;
}

static int compare_files(gconstpointer a, gconstpointer b, gpointer data)
{
	const char *one = *(char *const *)a, *two = *(char *const *)b;
	guint first = position(data, one), second = position(data, two);

	/* fix-9 before fix-10 */
	return first == second ? strverscmp(one, two) : first < second ? -1 : 1;
}

static GPtrArray *files_in_order(const char *folder)
{
	GPtrArray *files = files_in(folder);
	g_autofree char *text = host_read(folder, ORDER_FILE, NULL);
	g_auto(GStrv) order = g_strsplit(text ? text : "", "\n", -1);

	g_ptr_array_sort_with_data(files, compare_files, order);
	return files;
}

GPtrArray *store_list(const struct host *host, const char *release)
{
	g_autofree char *folder = folder_of(host, release);
	GPtrArray *files = files_in_order(folder);

	for (guint i = 0; i < files->len; i++) {
		g_autofree char *file = files->pdata[i];
		files->pdata[i] = g_build_filename(folder, file, NULL);
	}
	return files;
}

/* ---- changing it ---- */

/* False with errno. */
static bool fill_file(int fd, const char *data, gsize size)
{
	while (size) {
		ssize_t done = write(fd, data, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		data += done;
		size -= (gsize)done;
	}
	return fsync(fd) == 0;
}

static bool sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Beside it, fsync, rename, fsync of the folder; not called like a module meanwhile. */
static bool write_file(const char *folder, const char *file, const char *data, gsize size,
		       GError **err)
{
	g_autofree char *path = g_build_filename(folder, file, NULL);
	g_autofree char *new = g_build_filename(folder, NEW_FILE, NULL);
	int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	bool ok = fd >= 0 && fill_file(fd, data, size);
	int error = errno;

	if (fd >= 0 && close(fd) < 0 && ok) {
		ok = false;
		error = errno;
	}
	if (ok && g_rename(new, path) == 0 && sync_folder(folder))
		return true;
	if (ok)
		error = errno;
	g_unlink(new);
	errno = error;
	return kp_fail_errno(err, "cannot write %s", path);
}

/* The order as it is, but with @last at its end. */
static bool write_order(const char *folder, const char *last, GError **err)
{
	g_autoptr(GPtrArray) files = files_in_order(folder);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < files->len; i++)
		if (g_strcmp0(files->pdata[i], last) != 0)
			g_string_append_printf(text, "%s\n", (char *)files->pdata[i]);
	if (last)
		g_string_append_printf(text, "%s\n", last);
	return write_file(folder, ORDER_FILE, text->str, text->len, err);
}

bool store_add(const struct host *host, const char *release, const char *file, const char *data,
	       gsize size, GError **err)
{
	g_autofree char *folder = folder_of(host, release);

	if (g_mkdir_with_parents(folder, 0755) < 0)
		return kp_fail_errno(err, "cannot make the folder %s", folder);
	/* First: else what an old line says about the file would hold if it ended here. */
	return write_order(folder, file, err) && write_file(folder, file, data, size, err);
}

bool store_remove(const struct host *host, const char *release, const char *path, GError **err)
{
	g_autofree char *folder = folder_of(host, release);
	g_autofree char *order = g_build_filename(folder, ORDER_FILE, NULL);
	g_autofree char *new = g_build_filename(folder, NEW_FILE, NULL);

	if (g_unlink(path) < 0 && errno != ENOENT)
		return kp_fail_errno(err, "cannot remove %s", path);
	g_autoptr(GPtrArray) left = files_in(folder);
	if (left->len)
		return write_order(folder, NULL, err);
	/* Whatever else is in the folder is not ours. */
	g_unlink(order);
	g_unlink(new);
	g_rmdir(folder);
	return true;
}
