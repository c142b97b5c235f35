// SPDX-License-Identifier: GPL-2.0
/* The first link: all objects of a patch become one. */
#include "link-merge.h"

#include <string.h>

#include "core-exports.h"
#include "declared.h"
#include "error.h"
#include "keep.h"
#include "klp.h"
#include "ko.h"
#include "patch-check.h"
#include "run.h"

void merge_result_free(struct merge_result *result)
{
	if (!result)
		return;
	g_ptr_array_unref(result->namespaces);
	g_free(result);
}

/* What names mean in the objects seen so far. */
struct merge {
	const struct merge_request *rq;
	GPtrArray *kos, *refs; /* of each object */
	GHashTable *defined;   /* names that some object defines globally */
	GHashTable *plain;     /* names that some object imports without a record */
	GHashTable *functions; /* name -> number of functions called so in all objects */
	GHashTable *aliases;   /* alias -> struct klp_ref * of the first object; borrowed */
	GPtrArray *inputs;     /* char *: what ld links */
	unsigned int renamed;
};

static bool is_function(const struct ko_symbol *sym)
{
	return sym->sec && GELF_ST_TYPE(sym->info) == STT_FUNC;
}

static guint count_of(const struct merge *m, const char *name)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(m->functions, name));
}

static void note_symbols(struct merge *m, const struct ko *ko, const struct klp_refs *refs)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		if (is_function(sym))
			g_hash_table_insert(m->functions, g_strdup(sym->name),
					    GUINT_TO_POINTER(count_of(m, sym->name) + 1));
		if (!ko_symbol_is_global(sym))
			continue;
		if (sym->sec || sym->shndx != SHN_UNDEF)
			g_hash_table_add(m->defined, g_strdup(sym->name));
		else if (!klp_ref_find(refs, sym->name))
			g_hash_table_add(m->plain, g_strdup(sym->name));
	}
}

static bool read_objects(struct merge *m, GError **err)
{
	for (guint i = 0; i < m->rq->objects->len; i++) {
		struct ko *ko = ko_read(m->rq->objects->pdata[i], err);
		struct klp_refs *refs = ko ? klp_refs_read(ko, err) : NULL;

		if (ko)
			g_ptr_array_add(m->kos, ko);
		if (!refs)
			return false;
		g_ptr_array_add(m->refs, refs);
		note_symbols(m, ko, refs);
	}
	return true;
}

/*
 * Two objects may each have a static "foo" in mind, or one defines a new "foo": ld would make them
 * one symbol. The record says what is meant; the name is free, but for objtool, which knows
 * static calls by theirs.
 */
static bool separate_aliases(struct merge *m, struct ko *ko, struct klp_refs *refs, bool *changed,
			     GError **err)
{
	for (guint i = 0; i < refs->list->len; i++) {
		struct klp_ref *ref = refs->list->pdata[i];
		const struct klp_ref *other = g_hash_table_lookup(m->aliases, ref->alias);
		/*
		 * A call through a module's trampoline is just a call: its site cannot be patched
		 * when the patch is loaded, since the module may not be there. objtool must not see
		 * one.
		 */
		bool late_call =
			!klp_ref_is_vmlinux(ref) && g_str_has_prefix(ref->alias, "__SCT__");

		bool taken = g_hash_table_contains(m->defined, ref->alias) ||
			     g_hash_table_contains(m->plain, ref->alias) ||
			     (other && !klp_ref_same(other, ref));

		if (!late_call && !taken) {
			g_hash_table_insert(m->aliases, ref->alias, ref);
			continue;
		}
		if (!late_call && g_str_has_prefix(ref->alias, "__SC"))
			return kp_fail(
				err, KP_FAILED,
				"%s: another object of the patch has a different static call %s; "
				"use KPATCH_STATIC_CALL()",
				ko->path, ref->alias);

		g_autofree char *name = g_strdup_printf("kpatch.%u.%s", ++m->renamed, ref->alias);
		g_autofree char *old = g_strdup(ref->alias);

		klp_refs_rename(refs, ko, old, name);
		*changed = true;
	}
	return true;
}

static void rename_function(struct ko *ko, const char *name, const char *cold, unsigned int number)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		struct ko_symbol *sym = ko->symbols->pdata[i];

		if (!is_function(sym) || (strcmp(sym->name, name) && strcmp(sym->name, cold)))
			continue;

		char *renamed =
			g_strdup_printf("%s.kpatch%u%s", name, number, sym->name + strlen(name));

		g_free(sym->name);
		sym->name = renamed;
	}
}

/*
 * objtool finds the function that a ".cold" part belongs to by name. With two static functions of
 * one name it would take either, and make wrong unwind data for the other's part.
 */
static void separate_functions(struct merge *m, struct ko *ko, bool *changed)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];
		const char *suffix = is_function(sym) ? strstr(sym->name, ".cold") : NULL;

		if (!suffix)
			continue;

		g_autofree char *name = g_strndup(sym->name, (gsize)(suffix - sym->name));
		g_autofree char *cold = g_strdup(sym->name);

		if (count_of(m, name) < 2 || g_hash_table_contains(m->defined, name))
			continue;
		rename_function(ko, name, cold, ++m->renamed);
		*changed = true;
	}
}

static bool prepare_objects(struct merge *m, GError **err)
{
	for (guint i = 0; i < m->kos->len; i++) {
		struct ko *ko = m->kos->pdata[i];
		struct klp_refs *refs = m->refs->pdata[i];
		g_autofree char *path = g_strdup(ko->path);
		bool changed = false;

		if (!separate_aliases(m, ko, refs, &changed, err))
			return false;
		separate_functions(m, ko, &changed);
		if (changed) {
			g_free(path);
			path = g_strdup_printf("%s/renamed-%u.o", m->rq->work_dir, i);
			klp_refs_store(refs, ko);
			if (!ko_write(ko, path, err))
				return false;
		}
		g_ptr_array_add(m->inputs, g_steal_pointer(&path));
	}
	return true;
}

static bool run_ld(const struct merge *m, GString *log, GError **err)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	const char *fixed[] = { "ld",	       "-m", "elf_x86_64",  "-r", "-z",
				"noexecstack", "-T", m->rq->script, "-o", m->rq->output };

	for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
		g_ptr_array_add(argv, (gpointer)fixed[i]);
	for (guint i = 0; i < m->inputs->len; i++)
		g_ptr_array_add(argv, m->inputs->pdata[i]);
	g_ptr_array_add(argv, NULL);

	const struct run_opts opts = { .what = "linking the objects of the patch (ld -r)" };

	return run_command(&opts, (const char *const *)argv->pdata, log, err);
}

static gint cmp_string(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* modpost goes by the name, whether or not klp resolves the symbol in the end. */
static GPtrArray *find_namespaces(const struct ko *ko, const struct kp_symvers *symvers)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];
		const struct kp_export *ex;

		if (sym->sec || sym->shndx != SHN_UNDEF)
			continue;
		ex = kp_symvers_find(symvers, sym->name);
		if (ex && ex->ns && *ex->ns && g_hash_table_add(seen, (gpointer)ex->ns))
			g_ptr_array_add(list, g_strdup(ex->ns));
	}
	g_ptr_array_sort(list, cmp_string);
	return list;
}

static struct merge_result *examine(const struct merge *m, GError **err)
{
	unsigned int before = m->rq->diags->errors;
	g_autoptr(ko) ko = ko_read(m->rq->output, err);

	if (!ko)
		return NULL;
	patch_check_tables(ko, m->rq->diags);
	declared_check(ko, m->rq->core_exports, m->rq->diags);
	keep_check(ko, m->rq->core_exports, m->rq->diags);
	if (m->rq->diags->errors > before) {
		kp_fail(err, KP_UNPATCHABLE, "the objects of the patch do not go together");
		return NULL;
	}

	bool changed = declared_merge(ko);

	/* After ld, so that objects may have both names; before modpost, which looks them up. */
	changed |= m->rq->core_exports && core_exports_rename(ko);
	if (changed && !ko_write(ko, m->rq->output, err))
		return NULL;

	struct merge_result *result = g_new0(struct merge_result, 1);

	result->namespaces = find_namespaces(ko, m->rq->symvers);
	return result;
}

struct merge_result *merge_objects(const struct merge_request *request, GString *log, GError **err)
{
	struct merge m = {
		.rq = request,
		.kos = g_ptr_array_new_with_free_func((GDestroyNotify)ko_free),
		.refs = g_ptr_array_new_with_free_func((GDestroyNotify)klp_refs_free),
		.defined = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.plain = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.functions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.aliases = g_hash_table_new(g_str_hash, g_str_equal),
		.inputs = g_ptr_array_new_with_free_func(g_free),
	};
	struct merge_result *result = NULL;

	if (read_objects(&m, err) && prepare_objects(&m, err) && run_ld(&m, log, err))
		result = examine(&m, err);

	g_hash_table_unref(m.defined);
	g_hash_table_unref(m.plain);
	g_hash_table_unref(m.functions);
	g_hash_table_unref(m.aliases);
	g_ptr_array_unref(m.inputs);
	g_ptr_array_unref(m.refs);
	g_ptr_array_unref(m.kos);
	return result;
}
