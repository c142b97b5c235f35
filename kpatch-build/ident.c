// SPDX-License-Identifier: GPL-2.0
#include "ident.h"

#include <string.h>

#include "core-exports.h"
#include "error.h"

/* struct kp_ident in kmod/include/kpatch/kpatch-core.h. */
struct ident {
	uint32_t magic, version;
	uint8_t build_id[CORE_BUILD_ID_SIZE];
};

char *ident_release(const struct ko *ko)
{
	static const char tag[] = "vermagic=";
	const struct ko_section *sec = ko_section(ko, ".modinfo");

	if (!sec || !sec->data || sec->data[sec->size - 1])
		return NULL;

	const char *end = (const char *)sec->data + sec->size;

	for (const char *p = (const char *)sec->data; p < end; p += strlen(p) + 1)
		if (g_str_has_prefix(p, tag))
			return g_strndup(p + strlen(tag), strcspn(p + strlen(tag), " "));
	return NULL;
}

/* As /proc/version: "Linux version RELEASE (BUILDER) (COMPILER) VERSION"; NULL: not found. */
static char *image_banner(const struct kp_image *image)
{
	size_t count = 0;
	const struct kp_sym *const *found =
		kp_symtab_find(kp_image_symtab(image), "linux_banner", &count);
	const struct kp_image_section *sec =
		count == 1 ? kp_image_section_at(image, found[0]->addr) : NULL;

	if (!sec || !sec->data || found[0]->addr >= sec->addr + sec->size)
		return NULL;

	const char *text = (const char *)sec->data + (found[0]->addr - sec->addr);
	/* Two times __NEW_UTS_LEN, who built it, where and with what. */
	const uint64_t size = MIN(sec->addr + sec->size - found[0]->addr, 4096);
	g_autofree char *banner = g_strndup(text, size);

	banner[strcspn(banner, "\n")] = '\0';
	return g_steal_pointer(&banner);
}

static char *image_release(const struct kp_image *image)
{
	static const char start[] = "Linux version ";
	g_autofree char *banner = image_banner(image);

	if (!banner || !g_str_has_prefix(banner, start))
		return NULL;

	const char *release = banner + strlen(start), *space = strchr(release, ' ');

	return space ? g_strndup(release, (gsize)(space - release)) : NULL;
}

/* The text that a generated header defines @name as; NULL: it does not. */
static char *header_define(const char *headers, const char *file, const char *name)
{
	g_autofree char *path = g_build_filename(headers, "include", "generated", file, NULL);
	g_autofree char *define = g_strdup_printf("#define %s \"", name);
	g_autofree char *text = NULL;
	const char *found =
		g_file_get_contents(path, &text, NULL, NULL) ? strstr(text, define) : NULL;

	if (!found)
		return NULL;
	found += strlen(define);
	return g_strndup(found, strcspn(found, "\"\n"));
}

bool ident_check_headers(const char *headers, const struct kp_image *image, GError **err)
{
	g_autofree char *release = header_define(headers, "utsrelease.h", "UTS_RELEASE");
	g_autofree char *version = header_define(headers, "utsversion.h", "UTS_VERSION");
	g_autofree char *banner = image_banner(image);
	g_autofree char *of_image = image_release(image);

	if (!version) /* before 6.1 */
		version = header_define(headers, "compile.h", "UTS_VERSION");
	/* Another release is for ident_stamp() to refuse. */
	if (!version || !banner || g_strcmp0(release, of_image) != 0)
		return true;

	g_autofree char *end = g_strconcat(" ", version, NULL);

	return g_str_has_suffix(banner, end) ||
	       kp_fail(err, KP_FAILED,
		       "the headers in %s are of the build \"%s\", but %s is \"%s\"; install "
		       "headers and image from packages of the same version",
		       headers, version, kp_image_path(image), banner);
}

static bool read_build_id(const struct kp_image *image, uint8_t *build_id, GError **err)
{
	const char *hex = kp_image_build_id(image);

	if (!hex || strlen(hex) != CORE_BUILD_ID_SIZE * 2ULL)
		return kp_fail(err, KP_FAILED, "%s: the kernel has no build-id of %d bytes",
			       kp_image_path(image), CORE_BUILD_ID_SIZE);
	for (size_t i = 0; i < CORE_BUILD_ID_SIZE; i++)
		build_id[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
					g_ascii_xdigit_value(hex[2 * i + 1]));
	return true;
}

static struct ko_section *ident_section(const struct ko *ko, GError **err)
{
	struct ko_section *sec = ko_section(ko, IDENT_SECTION);

	if (sec && sec->data && sec->size == sizeof(struct ident))
		return sec;
	kp_fail(err, KP_FAILED,
		"%s: %s of %zu bytes is missing: this is no module for the core kpatch", ko->path,
		IDENT_SECTION, sizeof(struct ident));
	return NULL;
}

static bool check_release(const struct ko *ko, const struct kp_image *image, GError **err)
{
	g_autofree char *want = image_release(image);
	g_autofree char *have = ident_release(ko);

	if (!want || !have)
		return kp_fail(err, KP_FAILED, "%s: there is no kernel release in it",
			       want ? ko->path : kp_image_path(image));
	return !strcmp(want, have) || kp_fail(err, KP_FAILED, "%s was built for %s, but %s is %s",
					      ko->path, have, kp_image_path(image), want);
}

bool ident_stamp(struct ko *ko, const struct kp_image *image, GError **err)
{
	static const uint8_t none[CORE_BUILD_ID_SIZE];
	struct ko_section *sec = ident_section(ko, err);
	struct ident ident = { .magic = CORE_IDENT_MAGIC, .version = CORE_IDENT_VERSION }, old;

	if (!sec || !check_release(ko, image, err) || !read_build_id(image, ident.build_id, err))
		return false;
	memcpy(&old, sec->data, sizeof(old));
	if (memcmp(old.build_id, none, sizeof(none)) &&
	    memcmp(old.build_id, ident.build_id, sizeof(none)))
		return kp_fail(err, KP_FAILED,
			       "%s is finished for another build of this kernel; build it again",
			       ko->path);
	memcpy(sec->data, &ident, sizeof(ident));
	return true;
}
