// SPDX-License-Identifier: GPL-2.0
/* Opening the target: its symbols, its image if there is one, and where the original is in it. */
#include "diff.h"

#include <string.h>

#include "error.h"

/* Whether @path is an ELF file or a bzImage, as opposed to the text of a symbol table. */
static bool is_image(const char *path)
{
	g_autofree char *data = NULL;
	gsize len = 0;
	GMappedFile *map = g_mapped_file_new(path, FALSE, NULL);

	if (!map)
		return false;
	len = g_mapped_file_get_length(map);
	data = g_memdup2(g_mapped_file_get_contents(map), MIN(len, 0x210));
	g_mapped_file_unref(map);
	if (len >= 4 && !memcmp(data, "\177ELF", 4))
		return true;
	/* Documentation/x86/boot.rst: magic number of the setup header at 0x202 */
	return len >= 0x206 && !memcmp(data + 0x202, "HdrS", 4);
}

bool open_target(struct diff *diff, GError **err)
{
	diff->symvers = kp_symvers_open(diff->symvers_path, err);
	if (!diff->symvers)
		return false;
	if (!is_image(diff->symtab_path)) {
		diff->own_symtab = kp_symtab_open(diff->symtab_path, err);
		diff->symtab = diff->own_symtab;
		return diff->symtab != NULL;
	}
	diff->image = kp_image_open(diff->symtab_path, NULL, err);
	if (!diff->image)
		return false;
	diff->symtab = kp_image_symtab(diff->image);
	if (kp_image_is_module(diff->image) != diff_is_module(diff))
		return kp_fail(err, KP_FAILED,
			       "%s is %s, but the object belongs to %s; name the right file",
			       diff->symtab_path,
			       kp_image_is_module(diff->image) ? "a module" : "a kernel",
			       diff->objname);
	if (diff->vmlinux_path && diff_is_module(diff)) {
		diff->vmlinux = kp_image_open(diff->vmlinux_path, NULL, err);
		if (!diff->vmlinux)
			return false;
	}
	diff->rp = runpre_match(diff->plain_path ? diff->plain_path : diff->orig_path, diff->image,
				err);
	return diff->rp != NULL;
}
