// SPDX-License-Identifier: GPL-2.0
#include "consumed.h"

#include <string.h>

#include "keep.h"

/*
 * Sections that the module loader, or a notifier that runs while the module is loaded, reads or
 * acts on before the relocations against a *module* are applied (the cores do that later, when the
 * patch is enabled or when the module comes). Relocations against vmlinux are applied first and
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
	".data..percpu", /* copied for each CPU by percpu_modcopy() */
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
	/* The tables of the patch: its init function copies them. */
	return g_str_has_prefix(sec->name, "runtime_") || g_str_has_prefix(sec->name, ".kpatch.");
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

static void report(const struct ko *ko, const struct ko_section *sec, const struct ko_relas *relas,
		   guint at, const struct klp_ref *ref, struct kp_diags *diags)
{
	const struct ko_rela *rela = &g_array_index(relas->list, struct ko_rela, at);
	const char *fn = sec->flags & SHF_EXECINSTR ? ko_function_at(ko, sec, rela->offset)
						    : entry_function(ko, relas, at);

	if (keep_is(ref)) {
		kp_diag_add(diags, KP_ERROR_DIAG, NULL, fn,
			    "refer to it in plain code only: no static keys, static calls, "
			    "alternatives, "
			    "__init code or tables of the patch",
			    "%s+0x%" G_GINT64_MODIFIER
			    "x refers to the kept variable %s; %s is read "
			    "when the patch is loaded, before it is known where that variable is",
			    sec->name, rela->offset, ref->name, sec->name);
		return;
	}
	kp_diag_add(diags, KP_ERROR_DIAG, NULL, fn,
		    "avoid the reference: static_key_enabled() instead of a static branch, "
		    "KPATCH_STATIC_CALL() instead of static_call()",
		    "%s+0x%" G_GINT64_MODIFIER "x refers to %s of module %s; the kernel reads %s "
		    "when the patch is loaded, before that symbol is known",
		    sec->name, rela->offset, ref->name, ref->objname, sec->name);
}

bool consumed_check(const struct ko *ko, const struct ko_section *sec, const struct ko_relas *relas,
		    guint at, const struct klp_ref *ref, struct kp_diags *diags)
{
	if (!is_consumed(sec) && !is_init(sec))
		return true;
	report(ko, sec, relas, at, ref, diags);
	return false;
}
