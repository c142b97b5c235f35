// SPDX-License-Identifier: GPL-2.0
/* References to vmlinux as ordinary relocations: exported symbol + distance. */
#include "anchor.h"

#include <string.h>

#include "error.h"

/*
 * x86-64: __START_KERNEL_map, and KERNEL_IMAGE_SIZE with KASLR. The image stays inside
 * of this gigabyte wherever it is put, and modules are in the one above it, up to MODULES_END
 * (Documentation/x86/x86_64/mm.rst): the distance always fits into 32 bits.
 */
#define KERNEL_MAP_START 0xffffffff80000000ULL
#define KERNEL_MAP_END	 0xffffffffc0000000ULL

struct anchors {
	struct ko *ko;
	const struct anchor_setup *setup;
	const struct kp_symtab *symtab;
	uint64_t anchor_addr;
	uint64_t image_start, image_end; /* _text, _end */
	uint64_t percpu_end;		 /* per-CPU symbols count from 0 */
	GHashTable *targets;		 /* struct ko_symbol * -> uint64_t *: link-time address */
	struct ko_symbol *symbol;	 /* the anchor, once it is needed */
};

static bool only_address(const struct anchors *a, const char *name, uint64_t *addr, GError **err)
{
	size_t count = 0;
	const struct kp_sym *const *found = kp_symtab_find(a->symtab, name, &count);

	if (count != 1)
		return kp_fail(err, KP_FAILED, "%s: %zu symbols are called %s instead of one",
			       kp_image_path(a->setup->image), count, name);
	*addr = found[0]->addr;
	return true;
}

static const struct kp_export *vmlinux_export(const struct anchors *a, const char *name)
{
	const struct kp_export *ex = kp_symvers_find(a->setup->symvers, name);

	return ex && kp_symvers_is_vmlinux(ex) ? ex : NULL;
}

/* Whether the loader finds it by name, without an import of a namespace. */
static bool is_importable(const struct anchors *a, const char *name)
{
	const struct kp_export *ex = kp_symvers_find(a->setup->symvers, name);

	return ex && (!kp_symvers_is_vmlinux(ex) || !*ex->ns);
}

static bool anchors_init(struct anchors *a, struct ko *ko, const struct anchor_setup *setup,
			 GError **err)
{
	const struct kp_export *ex;

	*a = (struct anchors){
		.ko = ko,
		.setup = setup,
		.symtab = kp_image_symtab(setup->image),
	};
	ex = vmlinux_export(a, ANCHOR_SYMBOL);
	if (!ex || *ex->ns)
		return kp_fail(err, KP_FAILED,
			       "the kernel does not export %s to all modules; is this its "
			       "Module.symvers?",
			       ANCHOR_SYMBOL);
	return only_address(a, ANCHOR_SYMBOL, &a->anchor_addr, err) &&
	       only_address(a, "_text", &a->image_start, err) &&
	       only_address(a, "_end", &a->image_end, err) &&
	       only_address(a, "__per_cpu_end", &a->percpu_end, err);
}

static bool is_percpu(const struct anchors *a, uint64_t addr)
{
	return addr < a->percpu_end;
}

static void refuse(const struct anchors *a, struct ko_symbol *sym, const char *remedy,
		   const char *what)
{
	kp_diag_add(a->setup->diags, KP_ERROR_DIAG, NULL, ko_first_user(a->ko, sym), remedy,
		    "%s %s", sym->name, what);
	sym->reported = true;
}

/* The symbol of @name that a record means: its address, or its position, tells which. */
static const struct kp_sym *find_recorded(const struct anchors *a, const struct klp_ref *ref)
{
	size_t count = 0;
	const struct kp_sym *const *found = kp_symtab_find(a->symtab, ref->name, &count);

	for (size_t i = 0; ref->address && i < count; i++)
		if (found[i]->addr == ref->address)
			return found[i];
	if (ref->address || !count || ref->sympos > count || (!ref->sympos && count > 1))
		return NULL;
	return found[ref->sympos ? ref->sympos - 1 : 0];
}

/* What @sym stands for; NULL: nothing in vmlinux, or a finding. */
static const struct kp_sym *find_target(const struct anchors *a, struct ko_symbol *sym)
{
	const struct klp_ref *ref = a->setup->refs ? klp_ref_find(a->setup->refs, sym->name) : NULL;
	const struct kp_sym *target;
	size_t count = 0;

	if (ref) {
		target = find_recorded(a, ref);
		if (!target)
			refuse(a, sym, "give the image that the patch was built for",
			       "has another address in this kernel image, or is not in it");
		return target;
	}

	const struct kp_sym *const *found = kp_symtab_find(a->symtab, sym->name, &count);

	if (count > 1) {
		g_autofree char *what =
			g_strdup_printf("means %zu symbols of the kernel: it is ambiguous", count);

		refuse(a, sym, "use another symbol", what);
	}
	return count == 1 ? found[0] : NULL;
}

static bool check_target(const struct anchors *a, struct ko_symbol *sym,
			 const struct kp_sym *target)
{
	if (is_percpu(a, target->addr))
		return true;
	if (target->addr < a->image_start || target->addr >= a->image_end) {
		refuse(a, sym, "use its value", "is an absolute symbol of the kernel");
		return false;
	}
	if (kp_image_is_init(a->setup->image, target->addr)) {
		refuse(a, sym, "avoid it",
		       "is in memory that the kernel frees at the end of its start");
		return false;
	}
	return true;
}

static bool is_undefined(const struct ko_symbol *sym)
{
	return !sym->sec && sym->shndx == SHN_UNDEF && *sym->name;
}

static void find_targets(struct anchors *a)
{
	ko_mark_used(a->ko);
	for (guint i = 0; i < a->ko->symbols->len; i++) {
		struct ko_symbol *sym = a->ko->symbols->pdata[i];
		bool recorded = a->setup->refs && klp_ref_find(a->setup->refs, sym->name);

		if (!is_undefined(sym) || !sym->used || (!recorded && is_importable(a, sym->name)))
			continue;
		/* A patch says what it means; only exports of a namespace go by the name. */
		if (a->setup->refs && !recorded && !vmlinux_export(a, sym->name))
			continue;

		const struct kp_sym *target = find_target(a, sym);

		if (target && check_target(a, sym, target))
			g_hash_table_insert(a->targets, sym,
					    g_memdup2(&target->addr, sizeof(target->addr)));
	}
}

/* The symbol that everything is counted from, imported if it is not yet. */
static struct ko_symbol *anchor_symbol(struct anchors *a)
{
	if (!a->symbol)
		a->symbol = ko_symbol(a->ko, ANCHOR_SYMBOL);
	if (!a->symbol)
		a->symbol = ko_symbol_new(a->ko, ANCHOR_SYMBOL, STB_GLOBAL, STT_NOTYPE);
	return a->symbol;
}

/* Keys of jump labels are PC64. */
static bool is_wide(uint32_t type)
{
	return type == R_X86_64_64 || type == R_X86_64_PC64;
}

static bool is_relative(uint32_t type)
{
	return type == R_X86_64_PC32 || type == R_X86_64_PLT32;
}

/*
 * R_X86_64_32 and others would be cut off. A per-CPU offset may be used in any signed
 * form: it is small, and a module above KERNEL_MAP_END is less than 2 GB away from 0.
 */
static const char *range_problem(const struct anchors *a, const struct ko_rela *rela, uint64_t addr)
{
	uint64_t value = addr + (uint64_t)rela->addend;

	if (!is_wide(rela->type) && rela->type != R_X86_64_32S && !is_relative(rela->type))
		return "in a form that cannot hold an address of the kernel";
	if (is_percpu(a, addr))
		return (int64_t)value >= -(int64_t)a->percpu_end && (int64_t)value < 0x1000000
			       ? NULL
			       : "with an offset that leaves the per-CPU area";
	/* Holds any value. */
	if (is_wide(rela->type))
		return NULL;
	return value >= KERNEL_MAP_START && value < KERNEL_MAP_END
		       ? NULL
		       : "with an offset that leaves the kernel's image";
}

/* The loader calls their users, who write through these fields. */
static bool is_written_through(const struct ko_section *sec)
{
	return !strcmp(sec->name, "__jump_table") || !strcmp(sec->name, ".static_call_sites");
}

static void rewrite(struct anchors *a, const struct ko_section *sec, struct ko_rela *rela)
{
	const uint64_t *addr = rela->sym ? g_hash_table_lookup(a->targets, rela->sym) : NULL;
	const char *problem;

	if (!addr)
		return;
	problem = range_problem(a, rela, *addr);
	if (!problem && a->setup->unguarded && is_written_through(sec))
		problem = "for the module loader to write to, before anything can check that this "
			  "is the right kernel";
	if (problem) {
		kp_diag_add(a->setup->diags, KP_ERROR_DIAG, NULL,
			    ko_function_at(a->ko, sec, rela->offset), "write it differently",
			    "%s+0x%" G_GINT64_MODIFIER "x refers to %s (relocation type %u) %s",
			    sec->name, rela->offset, rela->sym->name, rela->type, problem);
		rela->sym->reported = true;
		return;
	}
	/* The symbol itself becomes absolute, see make_absolute(). */
	if (is_percpu(a, *addr))
		return;
	rela->addend = (int64_t)((uint64_t)rela->addend + *addr - a->anchor_addr);
	rela->sym = anchor_symbol(a);
}

static void rewrite_section(struct anchors *a, struct ko_section *sec)
{
	for (guint i = 0; i < sec->relas->len; i++) {
		GArray *list = ((struct ko_relas *)sec->relas->pdata[i])->list;

		for (guint j = 0; j < list->len; j++)
			rewrite(a, sec, &g_array_index(list, struct ko_rela, j));
	}
}

static void make_absolute(struct anchors *a)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, a->targets);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		struct ko_symbol *sym = key;
		uint64_t addr = *(uint64_t *)value;

		if (!is_percpu(a, addr))
			continue;
		sym->shndx = SHN_ABS;
		sym->value = addr;
		sym->info = GELF_ST_INFO(STB_LOCAL, STT_NOTYPE);
	}
}

bool anchor_references(struct ko *ko, const struct anchor_setup *setup, GError **err)
{
	struct anchors a;

	if (!anchors_init(&a, ko, setup, err))
		return false;
	a.targets = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	find_targets(&a);
	for (guint i = 0; i < ko->sections->len; i++) {
		struct ko_section *sec = ko->sections->pdata[i];

		if (!sec->drop)
			rewrite_section(&a, sec);
	}
	make_absolute(&a);
	g_hash_table_unref(a.targets);
	return true;
}

bool anchor_field(struct ko *ko, struct ko_section *sec, uint64_t offset, uint64_t address,
		  const struct anchor_setup *setup, GError **err)
{
	struct anchors a;

	if (!anchors_init(&a, ko, setup, err))
		return false;
	if (address < a.image_start || address >= a.image_end)
		return kp_fail(err, KP_FAILED,
			       "%s: %s+0x%" G_GINT64_MODIFIER "x: 0x%" G_GINT64_MODIFIER
			       "x is not in the kernel's image",
			       ko->path, sec->name, offset, address);

	struct ko_rela rela = {
		.offset = offset,
		.addend = (int64_t)(address - a.anchor_addr),
		.type = R_X86_64_64,
		.sym = anchor_symbol(&a),
	};

	g_array_append_val(ko_relas_of(sec)->list, rela);
	return true;
}
