// SPDX-License-Identifier: GPL-2.0
/* What is done to the .ko after kbuild linked it. */
#include "post-link.h"

#include <string.h>

#include "error.h"
#include "klp.h"
#include "ko.h"

/* struct modversion_info of the kernel: a CRC and a name. */
#define VERSION_ENTRY 64
#define VERSION_NAME  8

/* Not needed once linked. The kernel never looks at them, and paths in debug information differ. */
static bool is_leftover(const char *name)
{
	return g_str_has_prefix(name, ".debug") || g_str_has_prefix(name, ".BTF") ||
	       g_str_has_prefix(name, ".discard") || !strcmp(name, ".comment") ||
	       !strcmp(name, ".gnu.build.attributes") || !strcmp(name, ".gnu_debuglink") ||
	       !strcmp(name, ".llvm_addrsig") || !strcmp(name, KLP_UNDEF_SECTION);
}

static void drop_leftovers(struct ko *ko)
{
	for (guint i = 0; i < ko->sections->len; i++) {
		struct ko_section *sec = ko->sections->pdata[i];

		if (!(sec->flags & SHF_ALLOC) || g_str_has_prefix(sec->name, ".discard"))
			sec->drop = is_leftover(sec->name);
	}
}

/* An undefined symbol that nothing refers to any more would only fail to resolve at load. */
static void drop_unused_undefined(struct ko *ko)
{
	ko_mark_used(ko);
	for (guint i = ko->symbols->len; i-- > 0;) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		if (!sym->sec && !sym->used &&
		    (sym->shndx == SHN_UNDEF || sym->shndx == KO_SHN_LIVEPATCH))
			g_ptr_array_remove_index(ko->symbols, i);
	}
}

/* The function with the first reference to @sym, for messages. */
static const char *first_user(const struct ko *ko, const struct ko_symbol *sym)
{
	for (guint i = 0; i < ko->sections->len; i++) {
		const struct ko_section *sec = ko->sections->pdata[i];

		if (sec->drop || !sec->relas->len)
			continue;

		const GArray *list = ((struct ko_relas *)sec->relas->pdata[0])->list;

		for (guint j = 0; j < list->len; j++) {
			const struct ko_rela *rela = &g_array_index(list, struct ko_rela, j);

			if (rela->sym != sym)
				continue;

			const char *fn = ko_function_at(ko, sec, rela->offset);

			return fn ? fn : sec->name;
		}
	}
	return NULL;
}

/*
 * modpost only warns here, since it knows nothing of the references that are resolved by klp.
 * So this is where a missing symbol is found.
 */
static void check_undefined(const struct ko *ko, const struct kp_symvers *symvers,
			    struct kp_diags *diags)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		if (sym->sec || sym->shndx != SHN_UNDEF || !*sym->name ||
		    GELF_ST_BIND(sym->info) == STB_WEAK || kp_symvers_find(symvers, sym->name))
			continue;
		kp_diag_add(
			diags, KP_ERROR_DIAG, NULL, first_user(ko, sym),
			"define it in the patch, or check that the patch changes every file that "
			"it needs",
			"undefined symbol %s: neither exported by the kernel nor defined by "
			"the patch",
			sym->name);
	}
}

/*
 * A static call's site must name its key. objtool takes the trampoline instead when it sees no
 * symbol of the key; the kernel can only translate that for exported trampolines
 * (static_call_add_module()) and would warn and leave the call alone for others.
 */
static void check_static_calls(const struct ko *ko, const struct kp_symvers *symvers,
			       struct kp_diags *diags)
{
	const struct ko_section *sec = ko_section(ko, ".static_call_sites");

	if (!sec || !sec->relas->len)
		return;

	const GArray *list = ((struct ko_relas *)sec->relas->pdata[0])->list;

	for (guint i = 0; i < list->len; i++) {
		const struct ko_symbol *sym = g_array_index(list, struct ko_rela, i).sym;

		if (sym && !sym->sec && g_str_has_prefix(sym->name, "__SCT__") &&
		    !kp_symvers_find(symvers, sym->name))
			kp_diag_add(diags, KP_ERROR_DIAG, NULL, sym->name,
				    "use KPATCH_STATIC_CALL() instead of static_call()",
				    "static call whose key is not in the patch");
	}
}

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

/* Names (with _) of the modules whose exports are really imported. */
static GHashTable *imported_modules(const struct ko *ko, const struct kp_symvers *symvers)
{
	GHashTable *modules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];
		const struct kp_export *ex;

		if (sym->sec || sym->shndx != SHN_UNDEF)
			continue;
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

static bool findings(const struct kp_diags *diags, unsigned int before, GError **err)
{
	unsigned int n = diags->errors - before;

	return n == 0 ||
	       kp_fail(err, KP_UNPATCHABLE, "%u error%s in the patch module", n, n == 1 ? "" : "s");
}

bool post_link(const struct post_link_request *request, GError **err)
{
	unsigned int before = request->diags->errors;
	g_autoptr(ko) ko = ko_read(request->input, err);
	g_autoptr(klp_refs) refs = ko ? klp_refs_read(ko, err) : NULL;

	if (!refs)
		return false;
	patch_check_objtool(ko, &request->needs, request->diags);
	check_static_calls(ko, request->symvers, request->diags);
	drop_leftovers(ko);
	if (!klp_convert(ko, refs, request->diags, err))
		return false;
	drop_unused_undefined(ko);
	check_undefined(ko, request->symvers, request->diags);
	if (!findings(request->diags, before, err))
		return false;
	prune_versions(ko);
	prune_depends(ko, request->symvers);
	return ko_write(ko, request->output, err);
}
