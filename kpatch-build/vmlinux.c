// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "bzimage.h"
#include "error.h"
#include "image.h"

static bool is_elf(const char *path, bool *elf, GError **err)
{
	char magic[4] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return kp_fail_errno(err, "cannot open the kernel image %s", path);
	*elf = read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
	       !memcmp(magic, "\177ELF", 4);
	close(fd);
	return true;
}

/* The relocation list gets its final name first: a vmlinux in the cache always has its own. */
static bool publish(const char *temp, const char *path, GError **err)
{
	g_autofree char *from = g_strconcat(temp, ".relocs", NULL);
	g_autofree char *to = g_strconcat(path, ".relocs", NULL);

	if ((g_file_test(from, G_FILE_TEST_EXISTS) && g_rename(from, to)) || g_rename(temp, path))
		return kp_fail_errno(err, "cannot write %s", path);
	return true;
}

char *vmlinux_open(const struct tree *tree, GError **err)
{
	const char *image = tree->target->image;
	g_autofree char *path = g_build_filename(tree->dir, "vmlinux", NULL);
	bool elf = false;

	if (!is_elf(image, &elf, err))
		return NULL;
	if (elf)
		return g_strdup(image);
	if (g_file_test(path, G_FILE_TEST_EXISTS))
		return g_steal_pointer(&path);
	/* Its own folder, which the next build removes should this one be killed. */
	struct cache_tmp *tmp = cache_tmp_new(tree->dir, err);

	if (!tmp)
		return NULL;
	g_autofree char *temp = g_build_filename(tmp->path, "vmlinux", NULL);
	bool ok = kp_bzimage_extract(image, temp, err) && publish(temp, path, err);

	cache_tmp_free(tmp, false);
	return ok ? g_steal_pointer(&path) : NULL;
}

char *vmlinux_build_id(const char *vmlinux, GError **err)
{
	g_autoptr(kp_image) image = kp_image_open(vmlinux, NULL, err);
	const char *id = image ? kp_image_build_id(image) : NULL;

	if (image && !id)
		kp_fail(err, KP_FAILED, "%s has no build-id; a patch needs one to know its kernel",
			vmlinux);
	return g_strdup(id);
}
