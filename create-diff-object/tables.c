// SPDX-License-Identifier: GPL-2.0
#include "tables.h"

#include <stdlib.h>
#include <string.h>

#include "declared-layout.h"
#include "error.h"
#include "object.h"

/*
 * What the entries are: arch/x86/include/asm/{bug,extable,jump_label,alternative,static_call}.h,
 * arch/x86/include/asm/paravirt.h and objtool's special.c. The sections that objtool makes are here
 * for objects that it has been run on already.
 */
static const struct table_rule rules[] = {
	/* bug_entry: the line number at 8 changes with every line added above it */
	{ .name = "__bug_table",
	  .refs = 2,
	  .size_env = "BUG_STRUCT_SIZE",
	  .ignore = 8,
	  .ignore_len = 2 },
	{ .name = "__ex_table", .refs = 2, .size_env = "EX_STRUCT_SIZE" },
	{ .name = "__jump_table",
	  .refs = 3,
	  .size_env = "JUMP_STRUCT_SIZE",
	  .loader_consumes = true },
	{ .name = ".altinstructions",
	  .refs = 2,
	  .size_env = "ALT_STRUCT_SIZE",
	  .loader_consumes = true },
	{ .name = ".parainstructions",
	  .refs = 1,
	  .size_env = "PARA_STRUCT_SIZE",
	  .short_tail = 6,
	  .loader_consumes = true },
	{ .name = ".smp_locks", .refs = 1, .loader_consumes = true },
	{ .name = "__mcount_loc", .refs = 1, .loader_consumes = true },
	{ .name = ".static_call_sites",
	  .refs = 2,
	  .size_env = "STATIC_CALL_STRUCT_SIZE",
	  .loader_consumes = true },
	{ .name = ".retpoline_sites", .refs = 1, .loader_consumes = true },
	{ .name = ".return_sites", .refs = 1, .loader_consumes = true },
	{ .name = ".call_sites", .refs = 1, .loader_consumes = true },
	{ .name = ".ibt_endbr_seal", .refs = 1, .loader_consumes = true },
	{ .name = ".cfi_sites", .refs = 1, .loader_consumes = true },
	{ .name = ".orc_unwind_ip",
	  .refs = 1,
	  .companion = ".orc_unwind",
	  .loader_consumes = true },
	/* struct kpatch_patch_shadow: kmod/include/record/linux/livepatch.h; the line does not
	   count */
	{ .name = ".kpatch.shadow", .size = SHADOW_SIZE, .ignore = SHADOW_LINE, .ignore_len = 4 },
	/* annotations for objtool, which runs on the patch later */
	{ .name = ".discard.", .prefix = true, .refs = 1 },
};

/* Nothing of these is wanted in a patch: see the comments. */
static const char *const dropped[] = {
	".comment",
	".note",
	".debug",
	".eh_frame",
	".gnu.",
	".llvm",
	".sframe",
	".stab",
	".modinfo",
	"___ksymtab",
	"___kcrctab",
	"__ksymtab_strings",
	".export_symbol",
	".static_call_tramp_key", /* exports of the original would appear twice */
	".discard.addressable",	  /* keeps symbols alive in an LTO build */
	".discard.ksym",
	"__patchable_function_entries", /* x86 traces by __mcount_loc */
	".printk_index",		/* pointers to format records of the original */
	".orc_unwind",			/* except _ip: the companion, cut with it */
};

static bool is_dropped(const struct section *sec)
{
	if (!(sec->shdr.sh_flags & SHF_ALLOC) && !g_str_has_prefix(sec->name, ".discard.") &&
	    !g_str_has_prefix(sec->name, ".kpatch."))
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(dropped); i++) {
		if (g_str_has_prefix(sec->name, dropped[i]))
			return true;
	}
	return false;
}

void table_classify(struct section *sec)
{
	if (sec->shdr.sh_type != SHT_PROGBITS && sec->shdr.sh_type != SHT_NOBITS) {
		sec->class = SEC_DROPPED;
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(rules) && sec->shdr.sh_type == SHT_PROGBITS; i++) {
		const struct table_rule *rule = &rules[i];

		if (strcmp(sec->name, ".discard.addressable") &&
		    (rule->prefix ? g_str_has_prefix(sec->name, rule->name)
				  : !strcmp(sec->name, rule->name))) {
			sec->class = SEC_TABLE;
			sec->table = rule;
			return;
		}
	}
	if (is_dropped(sec))
		sec->class = SEC_DROPPED;
	else if (g_str_has_prefix(sec->name, ".kpatch."))
		sec->class = SEC_KPATCH;
	else if (sec->shdr.sh_flags & SHF_MERGE && sec->shdr.sh_flags & SHF_STRINGS &&
		 (sec->shdr.sh_entsize == 1 || sec->shdr.sh_entsize == 2 ||
		  sec->shdr.sh_entsize == 4))
		sec->class = SEC_STRINGS;
	else if (sec->shdr.sh_flags & SHF_MERGE && sec->shdr.sh_entsize &&
		 sec->size % sec->shdr.sh_entsize == 0)
		sec->class = SEC_CONST;
	else if (g_str_has_prefix(sec->name, ".altinstr_"))
		sec->class = SEC_BLOCKS;
	else
		sec->class = sec->shdr.sh_flags & SHF_EXECINSTR ? SEC_CODE : SEC_DATA;
}

static bool bad_format(const struct section *sec, GError **err)
{
	return kp_fail(
		err, KP_FAILED,
		"%s: special section %s has an unexpected format (%zu bytes, %u relocations); "
		"this kernel needs a new rule for it",
		sec->obj->path, sec->name, sec->size, sec->relas ? sec->relas->len : 0);
}

bool table_entry_size(const struct section *sec, size_t *size, GError **err)
{
	const char *env = sec->table->size_env ? getenv(sec->table->size_env) : NULL;
	unsigned int refs = sec->relas ? sec->relas->len : 0;
	size_t padded = sec->size;

	if (sec->table->size) {
		*size = sec->table->size;
		return padded % *size == 0 || bad_format(sec, err);
	}
	if (!refs || refs % sec->table->refs)
		return bad_format(sec, err);
	size_t count = refs / sec->table->refs;

	if (env)
		*size = (size_t)strtoul(env, NULL, 0);
	else if (count == 1)
		*size = padded;
	else /* from one entry's first relocation to the next entry's */
		*size = g_array_index(sec->relas, struct rela, sec->table->refs).offset -
			g_array_index(sec->relas, struct rela, 0).offset;
	if (!*size)
		return bad_format(sec, err);
	if (padded % *size && *size - padded % *size <= sec->table->short_tail)
		padded += *size - padded % *size;
	if (padded != *size * count)
		return bad_format(sec, err);
	for (unsigned int i = 0; i < refs; i++) {
		const struct rela *rela = &g_array_index(sec->relas, struct rela, i);

		if (rela->offset / *size != i / sec->table->refs)
			return bad_format(sec, err);
	}
	return true;
}

bool table_is(const struct section *sec, const char *name)
{
	return sec->class == SEC_TABLE && !strcmp(sec->name, name);
}

bool section_is_init(const struct section *sec)
{
	return g_str_has_prefix(sec->name, ".init.") || g_str_has_prefix(sec->name, ".initcall") ||
	       g_str_has_prefix(sec->name, ".con_initcall") ||
	       (sec->class == SEC_CODE && g_str_has_prefix(sec->name, ".meminit"));
}

bool section_is_exit(const struct section *sec)
{
	return g_str_has_prefix(sec->name, ".exit.") || g_str_has_prefix(sec->name, ".exitcall");
}
