// SPDX-License-Identifier: GPL-2.0
/* References of a patch to symbols of its targets: klp symbols and relocations. */
#include "klp.h"

#include <string.h>

#include "error.h"

/*
 * Sections that the module loader, or a notifier that runs while the module is loaded, reads or
 * acts on before the relocations against a *module* are applied (klp does that later, in
 * klp_enable_patch() or when the module comes). Relocations against vmlinux are applied first and
 * may be anywhere.
 */
static const char *const consumed_sections[] = {
	".altinstructions",	 /* apply_alternatives() */
	".altinstr_replacement", /* copied over the code by it */
	".altinstr_aux",
	".parainstructions", /* apply_paravirt() */
	".retpoline_sites",
	".return_sites",
	".call_sites",
	".cfi_sites",
	".ibt_endbr_seal",
	".smp_locks", /* alternatives_smp_module_add() */
	".orc_unwind",
	".orc_unwind_ip", /* sorted by unwind_module_init() */
	"__ex_table",	  /* sorted by sort_extable() */
	"__jump_table",	  /* jump_label_add_module() */
	".static_call_sites",
	".static_call_tramp_key", /* static_call_add_module() */
	"__mcount_loc",		  /* ftrace_module_init() */
	"__patchable_function_entries",
	"__tracepoints_ptrs",
	"__tracepoints",
	"__bpf_raw_tp_map",
	"_ftrace_events",
	"_ftrace_eval_map",
	"__param",
	"__ksymtab",
	"__ksymtab_gpl",
	".ctors",
	".init_array",
	"_error_injection_whitelist",
	"_kprobe_blacklist",
	".gnu.linkonce.this_module",
};

static bool is_consumed(const struct ko_section *sec)
{
	for (size_t i = 0; i < G_N_ELEMENTS(consumed_sections); i++)
		if (!strcmp(sec->name, consumed_sections[i]))
			return true;
	return g_str_has_prefix(sec->name, "runtime_");
}

static bool is_init(const struct ko_section *sec)
{
	return g_str_has_prefix(sec->name, ".init");
}

/* The function that an entry of a table is about: what the nearest relocation to code names. */
static const char *entry_function(const struct ko *ko, const struct ko_relas *relas, guint at)
{
	for (guint distance = 0; distance < 3; distance++) {
		for (int side = -1; side <= 1; side += 2) {
			gint64 i = (gint64)at + side * (gint64)distance;

			if (i < 0 || i >= relas->list->len)
				continue;

			const struct ko_rela *rela =
				&g_array_index(relas->list, struct ko_rela, (guint)i);

			if (!rela->sym || !rela->sym->sec ||
			    !(rela->sym->sec->flags & SHF_EXECINSTR))
				continue;

			const char *fn = ko_function_at(ko, rela->sym->sec,
							rela->sym->value + (uint64_t)rela->addend);

			if (fn)
				return fn;
		}
	}
	return NULL;
}

static void report_late(const struct ko *ko, const struct ko_section *sec,
			const struct ko_relas *relas, guint at, const struct klp_ref *ref,
			struct kp_diags *diags)
{
	const struct ko_rela *rela = &g_array_index(relas->list, struct ko_rela, at);
	const char *fn = sec->flags & SHF_EXECINSTR ? ko_function_at(ko, sec, rela->offset)
						    : entry_function(ko, relas, at);

	kp_diag_add(diags, KP_ERROR_DIAG, NULL, fn,
		    "avoid the reference: static_key_enabled() instead of a static branch, "
		    "KPATCH_STATIC_CALL() instead of static_call()",
		    "%s+0x%" G_GINT64_MODIFIER "x refers to %s of module %s; the kernel reads %s "
		    "when the patch is loaded, before that symbol is known",
		    sec->name, rela->offset, ref->name, ref->objname, sec->name);
}

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

/* What the relocation refers to, NULL when it is not of another object. */
static const struct klp_ref *ref_of(const struct klp_refs *refs, const struct ko_rela *rela)
{
	if (!rela->sym || rela->sym->sec || rela->sym->shndx != SHN_UNDEF)
		return NULL;
	return klp_ref_find(refs, rela->sym->name);
}

static void convert_section(struct ko *ko, struct ko_section *sec, const struct klp_refs *refs,
			    struct kp_diags *diags)
{
	/* ld and objtool leave one relocation section; those added here need no look. */
	struct ko_relas *relas = sec->relas->pdata[0];
	g_autoptr(GArray) kept = g_array_new(FALSE, TRUE, sizeof(struct ko_rela));

	for (guint i = 0; i < relas->list->len; i++) {
		const struct ko_rela *rela = &g_array_index(relas->list, struct ko_rela, i);
		const struct klp_ref *ref = ref_of(refs, rela);

		if (!ref) {
			g_array_append_val(kept, *rela);
			continue;
		}
		if (!klp_ref_is_vmlinux(ref) && (is_consumed(sec) || is_init(sec)))
			report_late(ko, sec, relas, i, ref, diags);
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
