// SPDX-License-Identifier: GPL-2.0
#include "keep.h"

#include <inttypes.h>
#include <string.h>

#include "core-exports.h"
#include "declared-layout.h"
#include "error.h"

struct keep {
	GHashTable *by_section; /* struct ko_section * -> struct kept *, owns them */
};

/* One variable. */
struct kept {
	struct klp_ref ref;
	uint64_t start; /* in its section */
	char *where;	/* file:line */
};

static void kept_free(void *data)
{
	struct kept *kept = data;

	g_free(kept->ref.name);
	g_free(kept->where);
	g_free(kept);
}

void keep_free(struct keep *keep)
{
	if (!keep)
		return;
	g_hash_table_unref(keep->by_section);
	g_free(keep);
}

static bool is_table(const struct ko_section *sec)
{
	return !strcmp(sec->name, KEEP_SECTION);
}

static char *place(const struct ko_section *table, uint64_t row)
{
	return ko_place(table, row + KEEP_FILE, row + KEEP_LINE);
}

/* Where row @row of the table is; false behind the last one. */
static bool has_row(const struct ko_section *table, uint64_t row)
{
	return table && table->data && row + KEEP_SIZE <= table->size &&
	       ko_rela_at(table, row + KEEP_INIT);
}

/* Two variables with one key would share their storage. */
static void check_key(const struct ko_section *table, uint64_t row, GHashTable *seen,
		      struct kp_diags *diags)
{
	const char *name = ko_rela_string(table, row + KEEP_NAME);
	const char *file = ko_rela_string(table, row + KEEP_FILE);
	const char *objname = ko_rela_string(table, row + KEEP_OBJNAME);
	g_autofree char *where = place(table, row);

	if (!name || !file || !objname) {
		kp_diag_add(diags, KP_ERROR_DIAG, NULL, name, NULL,
			    "incomplete entry in " KEEP_SECTION);
		return;
	}
	if (!g_hash_table_add(seen, g_strdup_printf("%s %s %s", objname, file, name)))
		kp_diag_add(diags, KP_ERROR_DIAG, objname, name,
			    "define it in one source, and declare it extern in the others",
			    "kept variable (%s) of two objects of the patch, as in a header: each "
			    "would have its own",
			    where);
}

void keep_check(const struct ko *ko, bool bundled, struct kp_diags *diags)
{
	const struct ko_section *table = ko_section(ko, KEEP_SECTION);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (uint64_t row = 0; has_row(table, row); row += KEEP_SIZE) {
		check_key(table, row, seen, diags);
		if (bundled)
			continue;

		g_autofree char *where = place(table, row);

		kp_diag_add(diags, KP_ERROR_DIAG, NULL, ko_rela_string(table, row + KEEP_NAME),
			    "use --core=kpatch, or hand the data over with callbacks or shadow "
			    "variables",
			    "the kernel's own livepatch keeps no variables (KPATCH_KEEP() at %s)",
			    where);
	}
}

static bool add_kept(struct keep *keep, const struct ko *ko, const struct ko_section *table,
		     uint64_t row, GError **err)
{
	const struct ko_rela *init = ko_rela_at(table, row + KEEP_INIT);
	const char *name = ko_rela_string(table, row + KEEP_NAME);
	struct ko_section *sec = init->sym ? init->sym->sec : NULL;
	uint64_t size = ko_long(table, row + KEEP_BYTES);

	if (!name || init->type != R_X86_64_64 || !sec ||
	    !g_str_has_prefix(sec->name, KEPT_SECTION) ||
	    g_hash_table_contains(keep->by_section, sec))
		return kp_fail(err, KP_FAILED,
			       "%s: %s+0x%" PRIx64
			       " is not the entry of a variable in a section of "
			       "its own",
			       ko->path, table->name, row);

	uint64_t start = init->sym->value + (uint64_t)init->addend;

	/* Before it there may be padding; nothing comes behind. */
	if (start > sec->size || !size || sec->size - start != size)
		return kp_fail(err, KP_FAILED, "%s: %s, where %s should be, has %" PRIu64 " bytes",
			       ko->path, sec->name, name, sec->size);

	struct kept *kept = g_new0(struct kept, 1);

	kept->ref.objname = (char *)KEEP_OBJNAME_LATE;
	kept->ref.name = g_strdup(name);
	kept->ref.sympos = row / KEEP_SIZE;
	kept->start = start;
	kept->where = place(table, row);
	g_hash_table_insert(keep->by_section, sec, kept);
	return true;
}

/* A variable whose entry is gone would be an ordinary one. */
static bool check_sections(const struct keep *keep, const struct ko *ko, GError **err)
{
	for (guint i = 0; i < ko->sections->len; i++) {
		const struct ko_section *sec = ko->sections->pdata[i];

		if (g_str_has_prefix(sec->name, KEPT_SECTION) &&
		    !g_hash_table_contains(keep->by_section, sec))
			return kp_fail(err, KP_FAILED,
				       "%s: nothing in " KEEP_SECTION " is about %s", ko->path,
				       sec->name);
	}
	return true;
}

struct keep *keep_read(const struct ko *ko, GError **err)
{
	const struct ko_section *table = ko_section(ko, KEEP_SECTION);
	g_autoptr(keep) keep = g_new0(struct keep, 1);

	keep->by_section = g_hash_table_new_full(NULL, NULL, NULL, kept_free);
	for (uint64_t row = 0; has_row(table, row); row += KEEP_SIZE) {
		if (!add_kept(keep, ko, table, row, err))
			return NULL;
	}
	return check_sections(keep, ko, err) ? g_steal_pointer(&keep) : NULL;
}

const struct klp_ref *keep_ref_of(const struct keep *keep, const struct ko_section *sec,
				  const struct ko_rela *rela, int64_t *addend)
{
	const struct kept *kept = rela->sym && rela->sym->sec
					  ? g_hash_table_lookup(keep->by_section, rela->sym->sec)
					  : NULL;

	if (!kept || (is_table(sec) && rela->offset % KEEP_SIZE == KEEP_INIT))
		return NULL;
	*addend = (int64_t)rela->sym->value + rela->addend - (int64_t)kept->start;
	return &kept->ref;
}

bool keep_is(const struct klp_ref *ref)
{
	return !strcmp(ref->objname, KEEP_OBJNAME_LATE);
}

/* What to call the place that @rela refers to; to be freed. */
static char *target_name(const struct ko *ko, const struct ko_section *from,
			 const struct ko_rela *rela)
{
	const struct ko_section *sec = rela->sym->sec;
	uint64_t at = rela->sym->value + (uint64_t)rela->addend;
	const char *text = ko_rela_string(from, rela->offset);

	if (text && ko_is_strings(sec))
		return g_strdup_printf("the string \"%s\"", text);
	if (*rela->sym->name)
		return g_strdup(rela->sym->name);
	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		if (sym->sec == sec && *sym->name && at >= sym->value &&
		    at - sym->value < MAX(sym->size, 1))
			return g_strdup(sym->name);
	}
	return g_strdup_printf("%s+0x%" PRIx64, sec->name, at);
}

#define LATER "let it be NULL, and set it up at run time to what outlives the patch"

/* INIT_WORK() and the like with the patch's own function would be no better. */
static const char *remedy_of(const struct ko_section *target)
{
	if (target->flags & SHF_EXECINSTR)
		return "do not keep this variable: no function of a patch outlives it, whether "
		       "the pointer is set here or at run time";
	return LATER "; if it points to a variable, keep that as well";
}

static void check_pointer(const struct ko *ko, const struct ko_section *sec,
			  const struct kept *kept, const struct ko_rela *rela,
			  const struct klp_refs *refs, const struct kp_symvers *symvers,
			  struct kp_diags *diags)
{
	const struct klp_ref *ref = klp_ref_of(refs, rela);
	const struct kp_export *export;

	if (!rela->sym)
		return;
	if (rela->sym->sec) {
		g_autofree char *target = target_name(ko, sec, rela);

		kp_diag_add(diags, KP_ERROR_DIAG, NULL, kept->ref.name, remedy_of(rela->sym->sec),
			    "the kept variable (%s) points to %s of the patch, which goes with it",
			    kept->where, target);
		return;
	}
	if (ref ? klp_ref_is_vmlinux(ref) : core_exports_has(rela->sym->name))
		return;
	export = ref ? NULL : kp_symvers_find(symvers, rela->sym->name);
	/* What nobody defines is found later. */
	if (!ref && (!export || kp_symvers_is_vmlinux(export)))
		return;

	g_autofree char *module = ref ? g_strdup(ref->objname) : kp_symvers_module_name(export);

	kp_diag_add(diags, KP_ERROR_DIAG, NULL, kept->ref.name, LATER,
		    "the kept variable (%s) points to %s of module %s, which may go before it",
		    kept->where, ref ? ref->name : rela->sym->name, module);
}

void keep_check_values(const struct ko *ko, const struct keep *keep, const struct klp_refs *refs,
		       const struct kp_symvers *symvers, struct kp_diags *diags)
{
	for (guint i = 0; i < ko->sections->len; i++) {
		const struct ko_section *sec = ko->sections->pdata[i];
		const struct kept *kept = g_hash_table_lookup(keep->by_section, sec);

		for (guint j = 0; kept && j < sec->relas->len; j++) {
			const struct ko_relas *relas = sec->relas->pdata[j];

			for (guint k = 0; k < relas->list->len; k++) {
				const struct ko_rela *rela =
					&g_array_index(relas->list, struct ko_rela, k);
				int64_t addend;

				if (!keep_ref_of(keep, sec, rela, &addend))
					check_pointer(ko, sec, kept, rela, refs, symvers, diags);
			}
		}
	}
}
