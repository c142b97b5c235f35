// SPDX-License-Identifier: GPL-2.0
/* Cutting sections into atoms and turning relocations into references between them. */
#include "object.h"

#include <string.h>

#include "arch.h"
#include "error.h"
#include "tables.h"

static struct atom *atom_new(struct section *sec, enum atom_kind kind, size_t start, size_t size)
{
	struct atom *atom = g_new0(struct atom, 1);

	atom->obj = sec->obj;
	atom->sec = sec;
	atom->kind = kind;
	atom->start = start;
	atom->size = size;
	atom->refs = g_array_new(FALSE, FALSE, sizeof(struct ref));
	g_ptr_array_add(sec->obj->atoms, atom);
	return atom;
}

static int symbol_order(const void *a, const void *b)
{
	const struct symbol *sa = *(struct symbol *const *)a, *sb = *(struct symbol *const *)b;

	if (sa->value != sb->value)
		return sa->value < sb->value ? -1 : 1;
	/* the name that stands for the atom comes first: sized, then global, then in table order */
	if (!sa->size != !sb->size)
		return sa->size ? -1 : 1;
	if ((sa->bind == STB_LOCAL) != (sb->bind == STB_LOCAL))
		return sa->bind == STB_LOCAL ? 1 : -1;
	return sa->index < sb->index ? -1 : sa->index > sb->index;
}

/* The symbols that begin something in @sec. Labels inside a function begin nothing. */
static GPtrArray *cutting_symbols(struct section *sec)
{
	GPtrArray *syms = g_ptr_array_new();

	for (unsigned int i = 1; i < sec->obj->symbols->len; i++) {
		struct symbol *sym = g_ptr_array_index(sec->obj->symbols, i);

		if (sym->sec == sec &&
		    (sym->type == STT_FUNC || sym->type == STT_OBJECT || sym->type == STT_NOTYPE))
			g_ptr_array_add(syms, sym);
	}
	g_ptr_array_sort(syms, symbol_order);
	return syms;
}

/* __pfx_f and __cfi_f name the padding before f, not a function. */
static bool names_padding(const struct symbol *sym)
{
	return g_str_has_prefix(sym->name, "__pfx_") || g_str_has_prefix(sym->name, "__cfi_");
}

static void cut_by_symbols(struct section *sec)
{
	g_autoptr(GPtrArray) syms = cutting_symbols(sec);
	enum atom_kind kind = sec->class == SEC_CODE ? ATOM_FUNC : ATOM_DATA;
	struct atom *last = NULL;
	uint64_t covered = 0;

	for (unsigned int i = 0; i < syms->len; i++) {
		struct symbol *sym = g_ptr_array_index(syms, i);
		bool inside = last && (sym->value < covered || sym->value == last->sym->value);

		if (names_padding(sym))
			continue;
		if (inside) {
			if (!last->aliases)
				last->aliases = g_ptr_array_new();
			g_ptr_array_add(last->aliases, sym);
			sym->atom = last;
			continue;
		}
		/* what precedes the first symbol (prefix padding) goes with it */
		size_t start = last ? (size_t)sym->value : 0;

		if (last)
			last->size = start - last->start;
		last = atom_new(sec, kind, start, sec->size - start);
		last->sym = sym;
		sym->atom = last;
		covered = sym->value + sym->size;
		g_ptr_array_add(sec->atoms, last);
	}
	if (!last && sec->size)
		g_ptr_array_add(sec->atoms, atom_new(sec, kind, 0, sec->size));
}

static bool cut_table(struct section *sec, GError **err)
{
	struct section *companion = NULL;
	size_t size, csize = 0;

	if (!sec->size)
		return true;
	if (!table_entry_size(sec, &size, err))
		return false;
	if (sec->table->companion)
		companion = g_hash_table_lookup(sec->obj->sec_by_name, sec->table->companion);
	if (companion) {
		csize = companion->size / (sec->size / size);
		if (csize * (sec->size / size) != companion->size)
			return kp_fail(err, KP_FAILED,
				       "%s: %s and %s differ in length; compile it again",
				       sec->obj->path, sec->name, companion->name);
	}
	for (size_t start = 0; start < sec->size; start += size) {
		size_t left = MIN(size, sec->size - start);

		g_ptr_array_add(sec->atoms, atom_new(sec, ATOM_ENTRY, start, left));
		if (companion)
			g_ptr_array_add(companion->atoms, atom_new(companion, ATOM_ENTRY,
								   start / size * csize, csize));
	}
	return true;
}

struct atom *atom_at(const struct section *sec, size_t pos)
{
	unsigned int lo = 0, hi = sec->atoms->len;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;
		struct atom *atom = g_ptr_array_index(sec->atoms, mid);

		if (atom->start <= pos)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? g_ptr_array_index(sec->atoms, lo - 1) : NULL;
}

/* Bytes of the string at @pos, its end included; 0 if it has no end. */
static size_t string_size(const struct section *sec, size_t pos)
{
	static const uint8_t zero[4];
	size_t unit = sec->shdr.sh_entsize;

	for (size_t end = pos; sec->size - end >= unit; end += unit) {
		if (!memcmp(sec->data + end, zero, unit))
			return end + unit - pos;
	}
	return 0;
}

/* The atom at @pos of a mergeable section, made when it is first referred to. */
static struct atom *lazy_atom(struct section *sec, size_t pos)
{
	size_t start = pos, size;

	if (pos >= sec->size || !sec->data)
		return NULL;
	if (sec->class == SEC_CONST) {
		start = pos - pos % sec->shdr.sh_entsize;
		size = sec->shdr.sh_entsize;
	} else {
		size = string_size(sec, pos);
		if (!size)
			return NULL;
	}
	if (!sec->lazy)
		sec->lazy = g_hash_table_new(NULL, NULL);
	struct atom *atom = g_hash_table_lookup(sec->lazy, GSIZE_TO_POINTER(start + 1));

	if (!atom) {
		atom = atom_new(sec, sec->class == SEC_CONST ? ATOM_CONST : ATOM_STRING, start,
				size);
		g_hash_table_insert(sec->lazy, GSIZE_TO_POINTER(start + 1), atom);
	}
	return atom;
}

/*
 * Where a relocation points to, in the section of its symbol. For PC-relative operands the addend
 * counts from the end of the field's place in the instruction, so the instruction's end is needed;
 * but only where the section holds more than one thing.
 */
static void rela_target(const struct section *from, const struct rela *rela, int64_t *pos,
			int64_t *bias)
{
	const struct section *to = rela->sym->sec;
	bool code = from->class == SEC_CODE || from->class == SEC_BLOCKS;

	*bias = 0;
	if (code && arch.rela_is_pcrel(rela->type)) {
		bool single = !to || rela->sym->type != STT_SECTION ||
			      (to->atoms->len <= 1 && to->class != SEC_STRINGS &&
			       to->class != SEC_CONST && to->class != SEC_BLOCKS);

		*bias = -(int64_t)arch.rela_width(rela->type);
		if (!single && !arch.is_branch(from->data, rela->offset, rela->type)) {
			struct atom *atom =
				from->class == SEC_CODE ? atom_at(from, rela->offset) : NULL;
			size_t start = atom ? atom->start : rela->offset - MIN(rela->offset, 3);
			size_t end = 0;

			if (atom)
				end = arch.insn_end(from->data, start, atom->start + atom->size,
						    rela->offset);
			/* only matters if the function has to go into the patch (check.c) */
			if (!end && atom)
				atom->stuck = true;
			if (end)
				*bias = -(int64_t)(end - rela->offset);
		}
	}
	*pos = (int64_t)rela->sym->value + rela->addend - *bias;
}

/* Blocks begin where something refers to; first collect those places. */
static bool cut_blocks(struct object *obj, GError **err)
{
	g_autoptr(GHashTable) starts =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);

	for (unsigned int i = 1; i < obj->sections->len; i++) {
		struct section *sec = g_ptr_array_index(obj->sections, i);

		for (unsigned int r = 0; sec->relas && r < sec->relas->len; r++) {
			struct rela *rela = &g_array_index(sec->relas, struct rela, r);
			struct section *to = rela->sym->sec;
			int64_t pos, bias;

			if (sec->class == SEC_DROPPED || !to || to->class != SEC_BLOCKS ||
			    to == sec)
				continue;
			/* the target of a smp_locks or paravirt entry is a place inside a block */
			if (sec->class == SEC_TABLE && !table_is(sec, ".altinstructions"))
				continue;
			rela_target(sec, rela, &pos, &bias);
			if (pos < 0 || (size_t)pos > to->size)
				return kp_fail(err, KP_FAILED, "%s: a relocation points outside %s",
					       obj->path, to->name);
			GArray *list = g_hash_table_lookup(starts, to);
			size_t start = (size_t)pos;

			if (!list) {
				list = g_array_new(FALSE, FALSE, sizeof(size_t));
				g_hash_table_insert(starts, to, list);
			}
			g_array_append_val(list, start);
		}
	}
	for (unsigned int i = 1; i < obj->sections->len; i++) {
		struct section *sec = g_ptr_array_index(obj->sections, i);
		GArray *list = g_hash_table_lookup(starts, sec);

		if (sec->class != SEC_BLOCKS || !sec->size)
			continue;
		g_autofree bool *begins = g_new0(bool, sec->size + 1);

		for (unsigned int s = 0; list && s < list->len; s++)
			begins[g_array_index(list, size_t, s)] = true;
		begins[0] = true;
		struct atom *last = NULL;

		for (size_t pos = 0; pos <= sec->size; pos++) {
			if (!begins[pos])
				continue;
			if (last)
				last->size = pos - last->start;
			last = atom_new(sec, ATOM_BLOCK, pos, sec->size - pos);
			g_ptr_array_add(sec->atoms, last);
		}
	}
	return true;
}

/* The atom at @pos of @sec, the last one also when @pos is its end. */
static struct atom *target_atom(struct section *sec, int64_t pos)
{
	if (pos < 0)
		pos = 0;
	if (sec->class == SEC_STRINGS || sec->class == SEC_CONST)
		return lazy_atom(sec, (size_t)pos);
	return atom_at(sec, (size_t)pos);
}

/*
 * What a reference by the section's symbol to the beginning of @atom means: a global variable would
 * be named, so it is the end of a local one before it.
 */
static struct atom *end_or_begin(struct atom *atom, int64_t pos)
{
	const struct section *sec = atom->sec;

	if (sec->class != SEC_DATA || pos <= 0 || (size_t)pos != atom->start ||
	    atom_has_local_name(atom))
		return atom;

	struct atom *before = atom_at(sec, (size_t)pos - 1);

	return before && atom_has_local_name(before) ? before : atom;
}

/*
 * An alternative may be empty (struct alt_instr ends with the length of the replacement): what
 * follows at its place belongs to another.
 */
static bool is_empty_replacement(const struct atom *entry, const struct ref *ref)
{
	const uint8_t *bytes = atom_bytes(entry);

	return table_is(entry->sec, ".altinstructions") && ref->offset && bytes && entry->size &&
	       !bytes[entry->size - 1];
}

static struct atom *empty_atom(struct section *sec)
{
	if (!sec->empty)
		sec->empty = atom_new(sec, ATOM_BLOCK, 0, 0);
	return sec->empty;
}

static bool add_ref(struct atom *atom, const struct rela *rela, GError **err)
{
	struct section *from = atom->sec;
	struct ref ref = {
		.offset = rela->offset - atom->start,
		.type = rela->type,
		.sym = rela->sym,
		.by_section = rela->sym->type == STT_SECTION,
	};
	int64_t pos;

	rela_target(from, rela, &pos, &ref.bias);
	if (from->class == SEC_CODE || from->class == SEC_BLOCKS)
		ref.branch = arch.is_branch(from->data, rela->offset, rela->type);
	ref.at = pos;
	if (rela->sym->sec && rela->sym->sec->class == SEC_BLOCKS &&
	    is_empty_replacement(atom, &ref)) {
		ref.atom = empty_atom(rela->sym->sec);
		ref.at = 0;
	} else if (rela->sym->sec) {
		ref.atom = rela->sym->atom ? rela->sym->atom : target_atom(rela->sym->sec, pos);
		if (!ref.atom && !atom->stuck && rela->sym->sec->class != SEC_DROPPED &&
		    !(rela->sym->sec->size == 0))
			return kp_fail(err, KP_FAILED, "%s: %s+0x%zx refers outside of %s",
				       atom->obj->path, atom_name(atom), ref.offset,
				       rela->sym->sec->name);
		if (ref.atom && ref.by_section)
			ref.atom = end_or_begin(ref.atom, pos);
		if (ref.atom)
			ref.at = pos - (int64_t)ref.atom->start;
		if (ref.atom && ref.at > ref.atom->reach)
			ref.atom->reach = ref.at;
	}
	g_array_append_val(atom->refs, ref);
	return true;
}

static bool resolve_refs(struct object *obj, GError **err)
{
	for (unsigned int i = 1; i < obj->sections->len; i++) {
		struct section *sec = g_ptr_array_index(obj->sections, i);

		if (sec->class == SEC_DROPPED || !sec->relas)
			continue;
		for (unsigned int r = 0; r < sec->relas->len; r++) {
			const struct rela *rela = &g_array_index(sec->relas, struct rela, r);
			struct atom *atom = target_atom(sec, (int64_t)rela->offset);

			if (atom && !add_ref(atom, rela, err))
				return false;
		}
	}
	return true;
}

static void attach(struct atom *owner, struct atom *entry)
{
	if (!owner->entries)
		owner->entries = g_ptr_array_new();
	g_ptr_array_add(owner->entries, entry);
	entry->owner = owner;
}

/* Whether nothing is in the atom's bytes from @end on. */
static bool is_padding(const struct atom *atom, size_t end)
{
	const struct section *sec = atom->sec;

	for (unsigned int r = 0; sec->relas && r < sec->relas->len; r++) {
		uint64_t offset = g_array_index(sec->relas, struct rela, r).offset;

		if (offset >= atom->start + end && offset < atom->start + atom->size)
			return false;
	}
	for (size_t i = end; sec->class == SEC_DATA && sec->data && i < atom->size; i++) {
		if (sec->data[atom->start + i])
			return false;
	}
	return true;
}

/*
 * Between the end of a sized symbol and the next one there is padding. How much depends on what
 * comes next, so it is no part of the function or variable.
 */
static void trim_padding(struct object *obj)
{
	for (unsigned int i = 0; i < obj->atoms->len; i++) {
		struct atom *atom = g_ptr_array_index(obj->atoms, i);

		if ((atom->kind != ATOM_FUNC && atom->kind != ATOM_DATA) || !atom->sym ||
		    !atom->sym->size || atom->sec->class == SEC_KPATCH)
			continue;
		size_t end = (size_t)(atom->sym->value + atom->sym->size) - atom->start;

		for (unsigned int a = 0; atom->aliases && a < atom->aliases->len; a++) {
			const struct symbol *alias = g_ptr_array_index(atom->aliases, a);

			end = MAX(end, (size_t)(alias->value + alias->size) - atom->start);
		}
		if (end < atom->size && atom->reach <= (int64_t)end && is_padding(atom, end))
			atom->size = end;
	}
}

/*
 * Give each table entry to the code it describes, table by table in the order of their names: that
 * of the sections differs between two builds.
 */
static int table_order(const void *a, const void *b)
{
	const struct section *x = *(struct section *const *)a, *y = *(struct section *const *)b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

static void attach_table(struct section *sec)
{
	struct section *companion =
		sec->table->companion
			? g_hash_table_lookup(sec->obj->sec_by_name, sec->table->companion)
			: NULL;

	for (unsigned int e = 0; e < sec->atoms->len; e++) {
		struct atom *entry = g_ptr_array_index(sec->atoms, e);
		struct ref *first = &g_array_index(entry->refs, struct ref, 0);

		if (!entry->refs->len || !first->atom)
			continue;
		attach(first->atom, entry);
		if (companion)
			attach(first->atom, g_ptr_array_index(companion->atoms, e));
		if (table_is(sec, "__mcount_loc") && first->atom->kind == ATOM_FUNC)
			first->atom->fentry = true;
	}
}

static void attach_entries(struct object *obj)
{
	g_autoptr(GPtrArray) tables = g_ptr_array_new();

	for (unsigned int i = 1; i < obj->sections->len; i++) {
		struct section *sec = g_ptr_array_index(obj->sections, i);

		if (sec->class == SEC_TABLE)
			g_ptr_array_add(tables, sec);
	}
	g_ptr_array_sort(tables, table_order);
	for (unsigned int i = 0; i < tables->len; i++)
		attach_table(g_ptr_array_index(tables, i));
}

/* foo.cold is part of foo: GCC split it off, and both jump into each other. */
static void find_parents(struct object *obj)
{
	for (unsigned int i = 0; i < obj->atoms->len; i++) {
		struct atom *atom = g_ptr_array_index(obj->atoms, i);
		const char *cold = atom->sym && atom->kind == ATOM_FUNC
					   ? strstr(atom->sym->name, ".cold")
					   : NULL;

		if (!cold || (cold[5] && cold[5] != '.'))
			continue;
		g_autofree char *name = g_strndup(atom->sym->name, (gsize)(cold - atom->sym->name));
		struct symbol *parent = object_symbol(obj, name);

		if (!parent || !parent->atom || parent->atom == atom)
			continue;
		atom->parent = parent->atom;
		if (!parent->atom->children)
			parent->atom->children = g_ptr_array_new();
		g_ptr_array_add(parent->atom->children, atom);
	}
}

/** struct slice - finding branches of one atom into its neighbours in the same section. */
struct slice {
	struct atom *atom;
	bool short_branch;
};

static void slice_branch(void *ctx, size_t insn, size_t operand, size_t width, int64_t target)
{
	struct slice *slice = ctx;
	struct atom *atom = slice->atom;

	(void)insn;
	for (unsigned int i = 0; i < atom->refs->len; i++) {
		if (g_array_index(atom->refs, struct ref, i).offset == operand)
			return;
	}
	if (target >= 0 && (size_t)target < atom->size)
		return;
	int64_t pos = (int64_t)atom->start + target;

	if (width != 4 || pos < 0 || (size_t)pos >= atom->sec->size) {
		slice->short_branch = true;
		return;
	}
	struct atom *to = atom_at(atom->sec, (size_t)pos);
	struct ref ref = {
		.offset = operand,
		.type = arch.rela_branch,
		.branch = true,
		.by_section = true,
		.sym = atom->sec->sym,
		.atom = to,
		.at = pos - (int64_t)to->start,
		.bias = -4,
	};
	g_array_append_val(atom->refs, ref);
}

static int ref_order(const void *a, const void *b)
{
	const struct ref *ra = a, *rb = b;

	return ra->offset < rb->offset ? -1 : ra->offset > rb->offset;
}

/*
 * Functions that share a section (.sched.text, .noinstr.text) branch to each other without
 * relocations, since the assembler knows the distance. A function that is moved needs them.
 */
static void find_hidden_branches(struct object *obj)
{
	for (unsigned int i = 1; i < obj->sections->len; i++) {
		struct section *sec = g_ptr_array_index(obj->sections, i);

		if (sec->class != SEC_CODE || sec->atoms->len < 2)
			continue;
		for (unsigned int a = 0; a < sec->atoms->len; a++) {
			struct slice slice = { .atom = g_ptr_array_index(sec->atoms, a) };

			if (!arch.each_local_branch(sec->data + slice.atom->start, slice.atom->size,
						    slice_branch, &slice) ||
			    slice.short_branch) {
				/* whoever wants to move it finds that it cannot be (check.c) */
				slice.atom->stuck = true;
				continue;
			}
			g_array_sort(slice.atom->refs, ref_order);
		}
	}
}

bool object_cut(struct object *obj, GError **err)
{
	for (unsigned int i = 1; i < obj->sections->len; i++) {
		struct section *sec = g_ptr_array_index(obj->sections, i);

		if (sec->class == SEC_CODE || sec->class == SEC_DATA || sec->class == SEC_KPATCH)
			cut_by_symbols(sec);
		else if (sec->class == SEC_TABLE && !cut_table(sec, err))
			return false;
	}
	if (!cut_blocks(obj, err) || !resolve_refs(obj, err))
		return false;
	trim_padding(obj);
	find_hidden_branches(obj);
	attach_entries(obj);
	find_parents(obj);
	return true;
}

const char *atom_name(const struct atom *atom)
{
	return atom->sym ? atom->sym->name : atom->sec->name;
}

const uint8_t *atom_bytes(const struct atom *atom)
{
	if (atom->patched)
		return atom->patched;
	return atom->sec->data ? atom->sec->data + atom->start : NULL;
}

bool atom_is_writable(const struct atom *atom)
{
	return atom->sec->shdr.sh_flags & SHF_WRITE &&
	       !g_str_has_prefix(atom->sec->name, ".data.rel.ro");
}

bool atom_is_callback(const struct atom *atom)
{
	return atom->sec->class == SEC_KPATCH &&
	       g_str_has_prefix(atom->sec->name, ".kpatch.callbacks.");
}

bool atom_is_local(const struct atom *atom)
{
	if (!atom->sym)
		return true;
	if (atom->sym->bind != STB_LOCAL)
		return false;
	for (unsigned int i = 0; atom->aliases && i < atom->aliases->len; i++) {
		const struct symbol *alias = g_ptr_array_index(atom->aliases, i);

		if (alias->bind != STB_LOCAL)
			return false;
	}
	return true;
}

bool atom_has_local_name(const struct atom *atom)
{
	if (!atom->sym || atom->sym->bind == STB_LOCAL)
		return true;
	for (unsigned int i = 0; atom->aliases && i < atom->aliases->len; i++) {
		const struct symbol *alias = g_ptr_array_index(atom->aliases, i);

		if (alias->bind == STB_LOCAL)
			return true;
	}
	return false;
}

size_t atom_entry_offset(const struct atom *atom)
{
	return atom->sym ? atom->sym->value - atom->start : 0;
}

struct atom *atom_root(struct atom *atom)
{
	while (atom->parent)
		atom = atom->parent;
	return atom;
}
