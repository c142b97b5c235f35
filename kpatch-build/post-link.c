// SPDX-License-Identifier: GPL-2.0
/* What is done to the .ko after kbuild linked it. */
#include "post-link.h"

#include <string.h>

#include "anchor.h"
#include "core-exports.h"
#include "error.h"
#include "ident.h"
#include "imports.h"
#include "klp.h"
#include "ko.h"

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

/*
 * modpost only warns here, since it knows nothing of the references that are resolved by klp.
 * So this is where a missing symbol is found.
 */
static void check_undefined(const struct ko *ko, const struct kp_symvers *symvers,
			    struct kp_diags *diags)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		if (sym->sec || sym->shndx != SHN_UNDEF || !*sym->name || sym->reported ||
		    GELF_ST_BIND(sym->info) == STB_WEAK || kp_symvers_find(symvers, sym->name) ||
		    core_exports_has(sym->name))
			continue;
		kp_diag_add(diags, KP_ERROR_DIAG, NULL, ko_first_user(ko, sym),
			    "define it, or check that the patch changes every file that it needs",
			    "undefined symbol %s: neither exported by the kernel nor defined by "
			    "the module",
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

static bool findings(const struct kp_diags *diags, unsigned int before, GError **err)
{
	unsigned int n = diags->errors - before;

	return n == 0 ||
	       kp_fail(err, KP_UNPATCHABLE, "%u error%s in the patch module", n, n == 1 ? "" : "s");
}

static bool finish(struct ko *ko, const struct post_link_request *request, unsigned int before,
		   GError **err)
{
	drop_unused_undefined(ko);
	check_undefined(ko, request->symvers, request->diags);
	if (!findings(request->diags, before, err))
		return false;
	imports_update(ko, request->symvers);
	return true;
}

bool post_link(const struct post_link_request *request, GError **err)
{
	unsigned int before = request->diags->errors;
	g_autoptr(ko) ko = ko_read(request->input, err);
	g_autoptr(klp_refs) refs = ko ? klp_refs_read(ko, err) : NULL;

	if (!refs)
		return false;
	patch_check_objtool(ko, &request->needs, request->diags);
	patch_check_sections(ko, request->diags);
	patch_check_references(ko, refs, request->diags);
	check_static_calls(ko, request->symvers, request->diags);
	drop_leftovers(ko);
	if (!request->core->convert(ko, refs, request, err))
		return false;
	return finish(ko, request, before, err) && ko_write(ko, request->output, err);
}

bool post_link_core(const struct post_link_request *request, GError **err)
{
	unsigned int before = request->diags->errors;
	g_autoptr(ko) ko = ko_read(request->input, err);

	if (!ko || !ident_stamp(ko, request->image, err) || !core_exports_stamp(ko, err))
		return false;
	drop_leftovers(ko);

	const struct anchor_setup anchors = { .image = request->image,
					      .symvers = request->symvers,
					      .unguarded = true,
					      .diags = request->diags };

	return anchor_references(ko, &anchors, err) && finish(ko, request, before, err) &&
	       ko_write(ko, request->output, err);
}
