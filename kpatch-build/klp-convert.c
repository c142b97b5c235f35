// SPDX-License-Identifier: GPL-2.0
/* References of a patch to symbols of its targets: klp symbols and relocations. */
#include "klp.h"

#include <string.h>

#include "consumed.h"
#include "error.h"

/* The klp relocation section of @sec for @objname, made when needed. */
static struct ko_relas *klp_relas(struct ko_section *sec, const char *objname)
{
	g_autofree char *name = g_strdup_printf(".klp.rela.%s.%s", objname, sec->name);

	for (guint i = 0; i < sec->relas->len; i++) {
		struct ko_relas *relas = sec->relas->pdata[i];

		if (!strcmp(relas->name, name))
			return relas;
	}
	return ko_relas_new(sec, g_steal_pointer(&name), SHF_ALLOC | KO_SHF_RELA_LIVEPATCH);
}

static void convert_section(struct ko *ko, struct ko_section *sec, const struct klp_refs *refs,
			    struct kp_diags *diags)
{
	/* ld and objtool leave one relocation section; those added here need no look. */
	struct ko_relas *relas = sec->relas->pdata[0];
	g_autoptr(GArray) kept = g_array_new(FALSE, TRUE, sizeof(struct ko_rela));

	for (guint i = 0; i < relas->list->len; i++) {
		const struct ko_rela *rela = &g_array_index(relas->list, struct ko_rela, i);
		const struct klp_ref *ref = klp_ref_of(refs, rela);

		if (!ref) {
			g_array_append_val(kept, *rela);
			continue;
		}
		if (!klp_ref_is_vmlinux(ref))
			consumed_check(ko, sec, relas, i, ref, diags);
		g_array_append_val(klp_relas(sec, ref->objname)->list, *rela);
	}
	g_array_unref(relas->list);
	relas->list = g_steal_pointer(&kept);
}

static bool name_symbols(struct ko *ko, const struct klp_refs *refs, GError **err)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		struct ko_symbol *sym = ko->symbols->pdata[i];
		const struct klp_ref *ref = klp_ref_find(refs, sym->name);

		if (!ref || sym->sec || sym->shndx != SHN_UNDEF) {
			if (ref && ko_symbol_is_global(sym))
				return kp_fail(err, KP_FAILED,
					       "%s: %s is defined by the patch and also stands for "
					       "%s of %s",
					       ko->path, sym->name, ref->name, ref->objname);
			continue;
		}

		char *name =
			g_strdup_printf(".klp.sym.%s.%s,%lu", ref->objname, ref->name, ref->sympos);

		g_free(sym->name);
		sym->name = name;
		sym->shndx = KO_SHN_LIVEPATCH;
	}
	return true;
}

bool klp_convert(struct ko *ko, const struct klp_refs *refs, struct kp_diags *diags, GError **err)
{
	for (guint i = 0; i < ko->sections->len; i++) {
		struct ko_section *sec = ko->sections->pdata[i];

		if (sec->drop || !sec->relas->len || !(sec->flags & SHF_ALLOC))
			continue;
		if (sec->relas->len > 1)
			return kp_fail(err, KP_FAILED, "%s: %s has two relocation sections",
				       ko->path, sec->name);
		convert_section(ko, sec, refs, diags);
	}
	return name_symbols(ko, refs, err);
}
