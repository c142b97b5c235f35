// SPDX-License-Identifier: GPL-2.0
#include "core-exports.h"

#include <string.h>

#include "error.h"

/* One row an export; @klp_name: what the kernel calls the same thing. */
static const struct core_export {
	const char *name, *klp_name;
} exports[] = {
	{ "kp_enable_patch", NULL },
	{ "kp_shadow_get", "klp_shadow_get" },
	{ "kp_shadow_alloc", NULL },
	{ "kp_shadow_get_or_alloc", NULL },
	{ "kp_shadow_free", NULL },
	{ "kp_shadow_free_all", NULL },
	{ "kp_klp_shadow_alloc", "klp_shadow_alloc" },
	{ "kp_klp_shadow_get_or_alloc", "klp_shadow_get_or_alloc" },
	{ "kp_klp_shadow_free", "klp_shadow_free" },
	{ "kp_klp_shadow_free_all", "klp_shadow_free_all" },
	{ "kp_get_state", "klp_get_state" },
	{ "kp_get_prev_state", "klp_get_prev_state" },
};

bool core_exports_has(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(exports); i++)
		if (!strcmp(exports[i].name, name))
			return true;
	return false;
}

char *core_exports_symvers(void)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(exports); i++)
		g_string_append_printf(text, "0x%08x\t%s\t%s\tEXPORT_SYMBOL_GPL\t\n",
				       CORE_EXPORTS_CRC, exports[i].name, CORE_MODULE);
	return g_string_free(text, FALSE);
}

bool core_exports_rename(struct ko *ko)
{
	bool changed = false;

	for (size_t i = 0; i < G_N_ELEMENTS(exports); i++) {
		struct ko_symbol *sym =
			exports[i].klp_name ? ko_symbol(ko, exports[i].klp_name) : NULL;

		if (!sym || sym->sec || sym->shndx != SHN_UNDEF)
			continue;
		g_free(sym->name);
		sym->name = g_strdup(exports[i].name);
		changed = true;
	}
	return changed;
}

static const char *missing_export(const struct ko *ko)
{
	for (size_t i = 0; i < G_N_ELEMENTS(exports); i++) {
		g_autofree char *entry = g_strconcat("__ksymtab_", exports[i].name, NULL);
		bool found = false;

		/* Local or global, as the kernel's version has it. */
		for (guint k = 0; !found && k < ko->symbols->len; k++) {
			const struct ko_symbol *sym = ko->symbols->pdata[k];

			found = sym->sec && !strcmp(sym->name, entry);
		}
		if (!found)
			return exports[i].name;
	}
	return NULL;
}

/* One checksum for all: Without CONFIG_MODVERSIONS there are none. */
static void write_checksums(struct ko *ko)
{
	static const char *const names[] = { "__kcrctab", "__kcrctab_gpl" };
	const uint32_t crc = CORE_EXPORTS_CRC;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct ko_section *sec = ko_section(ko, names[i]);

		for (uint64_t at = 0; sec && sec->data && at + sizeof(crc) <= sec->size;
		     at += sizeof(crc))
			memcpy(sec->data + at, &crc, sizeof(crc));
	}
}

bool core_exports_stamp(struct ko *ko, GError **err)
{
	const char *missing = missing_export(ko);

	if (missing)
		return kp_fail(err, KP_FAILED, "%s does not export %s: this is not kpatch.ko",
			       ko->path, missing);
	write_checksums(ko);
	return true;
}
