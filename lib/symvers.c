// SPDX-License-Identifier: GPL-2.0
#include "symvers.h"

#include <string.h>

#include "elf-read.h"
#include "error.h"

struct kp_symvers {
	GHashTable *by_name; /* name -> struct kp_export, owned */
	GStringChunk *strings;
};

void kp_symvers_free(struct kp_symvers *sv)
{
	if (!sv)
		return;
	g_hash_table_unref(sv->by_name);
	g_string_chunk_free(sv->strings);
	g_free(sv);
}

static bool bad_line(GError **err, const char *path, size_t line, const char *what)
{
	return kp_fail(err, KP_FAILED,
		       "%s: line %zu: %s; take the file from the target's headers package", path,
		       line, what);
}

static bool parse_crc(const char *s, uint32_t *crc)
{
	char *end = NULL;

	if (s[0] != '0' || s[1] != 'x' || !g_ascii_isxdigit(s[2]))
		return false;
	guint64 v = g_ascii_strtoull(s, &end, 16);

	*crc = (uint32_t)v;
	return *end == '\0' && v <= UINT32_MAX;
}

/* "0xcrc\tname\tmodule\ttype\tnamespace" (scripts/mod/modpost.c, write_dump()) */
static bool parse_line(struct kp_symvers *sv, const char *text, const char *path, size_t line,
		       GError **err)
{
	g_auto(GStrv) f = g_strsplit(text, "\t", -1);
	guint n = g_strv_length(f);
	uint32_t crc;

	/* kernels before 5.4 have no namespace column */
	if (n != 4 && n != 5)
		return bad_line(err, path, line, "not five columns");
	if (!parse_crc(f[0], &crc))
		return bad_line(err, path, line, "the CRC is malformed");
	if (!*f[1] || !*f[2] || !g_str_has_prefix(f[3], "EXPORT_"))
		return bad_line(err, path, line, "malformed");
	if (g_hash_table_contains(sv->by_name, f[1]))
		return bad_line(err, path, line, "a symbol that is exported twice");
	struct kp_export *ex = g_new0(struct kp_export, 1);

	ex->crc = crc;
	ex->name = g_string_chunk_insert(sv->strings, f[1]);
	ex->module = g_string_chunk_insert_const(sv->strings, f[2]);
	ex->type = g_string_chunk_insert_const(sv->strings, f[3]);
	ex->ns = g_string_chunk_insert_const(sv->strings, n == 5 ? f[4] : "");
	g_hash_table_insert(sv->by_name, (void *)(uintptr_t)ex->name, ex);
	return true;
}

struct kp_symvers *kp_symvers_open(const char *path, GError **err)
{
	g_autoptr(GBytes) bytes = kp_map_file(path, err);

	if (!bytes)
		return NULL;
	gsize size = 0;
	const char *data = g_bytes_get_data(bytes, &size);
	g_autoptr(kp_symvers) sv = g_new0(struct kp_symvers, 1);

	sv->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	sv->strings = g_string_chunk_new(1 << 16);
	size_t line = 1;

	for (size_t at = 0; at < size; line++) {
		const char *nl = memchr(data + at, '\n', size - at);

		if (!nl) {
			bad_line(err, path, line, "the last line is incomplete: truncated file");
			return NULL;
		}
		g_autofree char *text = g_strndup(data + at, (gsize)(nl - data) - at);

		if (!parse_line(sv, text, path, line, err))
			return NULL;
		at = (size_t)(nl - data) + 1;
	}
	if (g_hash_table_size(sv->by_name) == 0) {
		bad_line(err, path, line, "the file is empty");
		return NULL;
	}
	return g_steal_pointer(&sv);
}

const struct kp_export *kp_symvers_find(const struct kp_symvers *sv, const char *name)
{
	return g_hash_table_lookup(sv->by_name, name);
}

bool kp_symvers_is_vmlinux(const struct kp_export *ex)
{
	return strcmp(ex->module, "vmlinux") == 0;
}

char *kp_symvers_module_name(const struct kp_export *ex)
{
	char *name = g_path_get_basename(ex->module);

	return g_strdelimit(name, "-", '_');
}

size_t kp_symvers_count(const struct kp_symvers *sv)
{
	return g_hash_table_size(sv->by_name);
}
