// SPDX-License-Identifier: GPL-2.0
#include "imports.h"

#include <string.h>

#include "core-exports.h"

/* struct modversion_info of the kernel: a CRC and a name. */
#define VERSION_ENTRY 64
#define VERSION_NAME  8

static bool imports(const struct ko *ko, const char *name)
{
	const struct ko_symbol *sym = ko_symbol(ko, name);

	return sym && !sym->sec && sym->shndx == SHN_UNDEF;
}

/* modpost took references that klp resolves for imports when their names are exported. */
static void prune_versions(struct ko *ko)
{
	struct ko_section *sec = ko_section(ko, "__versions");

	if (!sec || !sec->data)
		return;

	uint64_t kept = 0;

	for (uint64_t at = 0; at + VERSION_ENTRY <= sec->size; at += VERSION_ENTRY) {
		g_autofree char *name = g_strndup((const char *)sec->data + at + VERSION_NAME,
						  VERSION_ENTRY - VERSION_NAME);

		/* Not a symbol of ours, but checked by the loader. */
		if (strcmp(name, "module_layout") && !imports(ko, name))
			continue;
		memmove(sec->data + kept, sec->data + at, VERSION_ENTRY);
		kept += VERSION_ENTRY;
	}
	sec->size = kept;
}

static bool has_version(const struct ko_section *sec, const char *name)
{
	for (uint64_t at = 0; at + VERSION_ENTRY <= sec->size; at += VERSION_ENTRY)
		if (!strncmp((const char *)sec->data + at + VERSION_NAME, name,
			     VERSION_ENTRY - VERSION_NAME))
			return true;
	return false;
}

static void append_version(struct ko_section *sec, const struct kp_export *ex)
{
	uint64_t at = sec->size, crc = ex->crc;

	sec->data = g_realloc(sec->data, at + VERSION_ENTRY);
	sec->size = at + VERSION_ENTRY;
	memset(sec->data + at, 0, VERSION_ENTRY);
	memcpy(sec->data + at, &crc, sizeof(crc));
	memcpy(sec->data + at + VERSION_NAME, ex->name, strlen(ex->name));
}

/* What is imported only since the link. Without the section the kernel does not compare versions.
 */
static void add_versions(struct ko *ko, const struct kp_symvers *symvers)
{
	struct ko_section *sec = ko_section(ko, "__versions");

	if (!sec || !sec->data || sec->size % VERSION_ENTRY)
		return;
	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];
		const struct kp_export *ex;

		if (sym->sec || sym->shndx != SHN_UNDEF || !*sym->name)
			continue;
		ex = kp_symvers_find(symvers, sym->name);
		if (ex && strlen(ex->name) < VERSION_ENTRY - VERSION_NAME &&
		    !has_version(sec, ex->name))
			append_version(sec, ex);
	}
}

/* Names (with _) of the modules whose exports are really imported. */
static GHashTable *imported_modules(const struct ko *ko, const struct kp_symvers *symvers)
{
	GHashTable *modules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];
		const struct kp_export *ex;

		if (sym->sec || sym->shndx != SHN_UNDEF)
			continue;
		if (core_exports_has(sym->name))
			g_hash_table_add(modules, g_strdup(CORE_MODULE));
		ex = kp_symvers_find(symvers, sym->name);
		if (ex && !kp_symvers_is_vmlinux(ex))
			g_hash_table_add(modules, kp_symvers_module_name(ex));
	}
	return modules;
}

static bool is_imported(GHashTable *modules, const char *name)
{
	g_autofree char *underscored = g_strdelimit(g_strdup(name), "-", '_');

	return g_hash_table_contains(modules, underscored);
}

/*
 * The "depends=" of .modinfo: a patch must not pull in and pin a module just because it patches it.
 * Rewritten in place and padded with zeroes, which readers skip.
 */
static void prune_depends(struct ko *ko, const struct kp_symvers *symvers)
{
	struct ko_section *sec = ko_section(ko, ".modinfo");

	if (!sec || !sec->data || sec->data[sec->size - 1])
		return;

	g_autoptr(GHashTable) modules = imported_modules(ko, symvers);
	char *end = (char *)sec->data + sec->size;

	for (char *p = (char *)sec->data; p < end; p += strlen(p) + 1) {
		if (!g_str_has_prefix(p, "depends="))
			continue;

		char *list = p + strlen("depends=");
		size_t room = strlen(list);
		g_auto(GStrv) names = g_strsplit(list, ",", -1);
		g_autoptr(GString) kept = g_string_new(NULL);

		for (char **name = names; *name; name++)
			if (is_imported(modules, *name))
				g_string_append_printf(kept, "%s%s", kept->len ? "," : "", *name);
		memset(list, 0, room);
		memcpy(list, kept->str, kept->len);
		return;
	}
}

void imports_update(struct ko *ko, const struct kp_symvers *symvers)
{
	prune_versions(ko);
	add_versions(ko, symvers);
	prune_depends(ko, symvers);
}
