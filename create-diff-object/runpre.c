// SPDX-License-Identifier: GPL-2.0
/* The results: what the placed units say about each symbol. */
#include "runpre.h"

#include <inttypes.h>
#include <string.h>

#include "error.h"
#include "runpre-priv.h"

struct runpre {
	GArray *syms; /* of struct runpre_sym */
	GHashTable *by_name;
	GStringChunk *strings;
};

void runpre_free(struct runpre *rp)
{
	if (!rp)
		return;
	g_array_unref(rp->syms);
	g_hash_table_unref(rp->by_name);
	g_string_chunk_free(rp->strings);
	g_free(rp);
}

static const char *G_GNUC_PRINTF(2, 3) say(struct runpre *rp, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	g_autofree char *text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	return g_string_chunk_insert(rp->strings, text);
}

static const char *list_addrs(struct runpre *rp, const GArray *bases, uint64_t value)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (guint i = 0; i < bases->len && i < 8; i++)
		g_string_append_printf(list, "%s0x%" PRIx64, i ? ", " : "",
				       g_array_index(bases, uint64_t, i) + value);
	if (bases->len > 8)
		g_string_append(list, " ...");
	return g_string_chunk_insert(rp->strings, list->str);
}

static const struct kp_sym *symbol_at(const struct match *m, const char *name, uint64_t addr,
				      size_t *count)
{
	const struct kp_sym *const *found = kp_symtab_find(m->symtab, name, count);

	for (size_t i = 0; i < *count; i++)
		if (found[i]->addr == addr)
			return found[i];
	return NULL;
}

static void set_target(const struct match *m, struct runpre_sym *rs, const struct kp_sym *target)
{
	rs->target = target;
	rs->addr = target->addr;
	rs->sympos = kp_symtab_sympos(m->symtab, target);
}

/* The kernel uses another definition than this weak one: which, if that is clear. */
static void set_overridden(const struct match *m, struct runpre_sym *rs)
{
	size_t count = 0;
	const struct kp_sym *const *found = kp_symtab_find(m->symtab, rs->name, &count);

	rs->state = RUNPRE_OVERRIDDEN;
	rs->addr = 0;
	if (count == 1)
		set_target(m, rs, found[0]);
	else if (m->has_implied[rs->symndx] && !m->conflict[rs->symndx])
		rs->addr = m->implied[rs->symndx];
}

static const struct chunk *chunk_of(const struct unit *u, uint32_t sym)
{
	for (guint i = 0; i < u->chunks->len; i++)
		if (g_array_index(u->chunks, struct chunk, i).sym == sym)
			return &g_array_index(u->chunks, struct chunk, i);
	return NULL;
}

/*
 * A function that is not where its section as a whole is said to be: with a wrong source, sizes
 * before it have changed. Tells where it really is and how it differs there.
 */
static bool look_elsewhere(const struct match *m, struct runpre *rp, struct runpre_sym *rs,
			   const struct unit *u, const struct chunk *c)
{
	size_t count = 0;
	const struct kp_sym *const *found = kp_symtab_find(m->symtab, rs->name, &count);
	g_autofree char *why = NULL;
	uint64_t at;

	if (count != 1 || !c)
		return false;
	set_target(m, rs, found[0]);
	if (compare_chunk(m, u, rs->addr - m->elf->syms[rs->symndx].value, c, &at, &why)) {
		rs->state = RUNPRE_MATCH;
		return true;
	}
	rs->state = RUNPRE_DIFFERS;
	rs->differs_at = at - c->start;
	rs->why = g_string_chunk_insert(rp->strings, why ? why : "");
	return true;
}

static void judge_placed(const struct match *m, struct runpre *rp, struct runpre_sym *rs,
			 const struct kp_elf_sym *sym, const struct unit *u)
{
	const struct chunk *c = chunk_of(u, rs->symndx);
	size_t count = 0;

	rs->addr = u->base + sym->value;
	rs->target = symbol_at(m, rs->name, rs->addr, &count);
	if (!rs->target && count && sym->bind == STB_WEAK) {
		set_overridden(m, rs);
		return;
	}
	if (!rs->target && count) {
		if (rs->is_func && look_elsewhere(m, rp, rs, u, c))
			return;
		rs->state = rs->is_func ? RUNPRE_DIFFERS : RUNPRE_AMBIGUOUS;
		rs->why = say(rp,
			      "its section is at 0x%" PRIx64
			      ", but the target has no symbol %s at 0x%" PRIx64,
			      u->base, rs->name, u->base + sym->value);
		return;
	}
	if (rs->target)
		rs->sympos = kp_symtab_sympos(m->symtab, rs->target);
	rs->state = RUNPRE_MATCH;
	if (rs->is_func && !c) {
		rs->state = RUNPRE_DIFFERS;
		rs->why = "has no size, so it cannot be compared";
	} else if (c && c->state == CHUNK_DIFFERS) {
		rs->state = RUNPRE_DIFFERS;
		rs->differs_at = c->at - c->start;
		rs->why = g_string_chunk_insert(rp->strings, c->why ? c->why : "");
	}
}

static void judge_open(const struct match *m, struct runpre *rp, struct runpre_sym *rs,
		       const struct kp_elf_sym *sym, const struct unit *u)
{
	size_t count = 0;

	kp_symtab_find(m->symtab, rs->name, &count);
	if (sym->bind == STB_WEAK && count) {
		set_overridden(m, rs);
	} else if (u->learned->len > 1) {
		rs->state = RUNPRE_AMBIGUOUS;
		rs->why = say(rp, "references disagree about its place: %s",
			      list_addrs(rp, u->learned, sym->value));
	} else if (count == 1 && look_elsewhere(m, rp, rs, u, chunk_of(u, rs->symndx))) {
		return;
	} else if (count) {
		rs->state = RUNPRE_AMBIGUOUS;
		rs->why = say(rp, "it may be at %s", list_addrs(rp, u->bases, sym->value));
	} else {
		rs->state = RUNPRE_ABSENT;
		rs->why = "the target has no symbol of this name, and nothing refers to it";
	}
}

/* Defined in merged data or in a section that does not stay as it is. */
static void judge_unplaceable(const struct match *m, struct runpre_sym *rs)
{
	size_t count = 0;

	if (m->conflict[rs->symndx]) {
		rs->state = RUNPRE_AMBIGUOUS;
		rs->why = "references disagree about its place";
	} else if (m->has_implied[rs->symndx]) {
		rs->state = RUNPRE_MATCH;
		rs->addr = m->implied[rs->symndx];
		rs->target = symbol_at(m, rs->name, rs->addr, &count);
		if (rs->target)
			rs->sympos = kp_symtab_sympos(m->symtab, rs->target);
	} else {
		rs->state = RUNPRE_ABSENT;
		rs->why = "it is in a section that the target does not keep as it is";
	}
}

/* One definition can be global in a linked kernel: its name settles what references did not. */
static bool settle_by_name(const struct match *m, struct runpre_sym *rs)
{
	size_t count = 0;
	const struct kp_sym *const *found = kp_symtab_find(m->symtab, rs->name, &count);
	const struct kp_sym *global = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!found[i]->global)
			continue;
		if (global)
			return false;
		global = found[i];
	}
	if (!global)
		return false;
	set_target(m, rs, global);
	rs->state = RUNPRE_MATCH;
	return true;
}

static void judge_undefined(const struct match *m, struct runpre *rp, struct runpre_sym *rs)
{
	size_t count = 0;

	rs->undef = m->implied_name[rs->symndx];
	if (m->conflict[rs->symndx]) {
		rs->state = RUNPRE_AMBIGUOUS;
		rs->external_ambiguous = true;
		rs->why = say(rp, "references disagree about its place, one says 0x%" PRIx64,
			      m->implied[rs->symndx]);
	} else if (m->has_implied[rs->symndx]) {
		rs->state = RUNPRE_MATCH;
		rs->addr = m->implied[rs->symndx];
		rs->target = symbol_at(m, rs->name, rs->addr, &count);
		if (rs->target)
			rs->sympos = kp_symtab_sympos(m->symtab, rs->target);
	} else if (rs->undef) {
		rs->state = RUNPRE_MATCH;
	} else if (!settle_by_name(m, rs)) {
		kp_symtab_find(m->symtab, rs->name, &count);
		rs->state = count ? RUNPRE_AMBIGUOUS : RUNPRE_ABSENT;
		rs->why =
			count ? "no matching code refers to it, and its name does not settle which"
			      : "no matching code refers to it, and the target has no such symbol";
	}
}

static void judge(const struct match *m, struct runpre *rp, uint32_t index)
{
	const struct kp_elf_sym *sym = &m->elf->syms[index];
	struct runpre_sym rs = {
		.name = g_string_chunk_insert(rp->strings, sym->name),
		.symndx = index,
		.defined = sym->shndx != SHN_UNDEF && sym->shndx != KP_SHN_COMMON,
		.is_func = sym->type == STT_FUNC,
		.size = sym->size,
	};
	const struct unit *u = unit_of_symbol(m, sym);

	if (!symbol_is_interesting(sym) || (rs.defined && sym->shndx >= m->elf->nsections))
		return;
	if (!rs.defined)
		judge_undefined(m, rp, &rs);
	else if (!u)
		judge_unplaceable(m, &rs);
	else if (u->placed)
		judge_placed(m, rp, &rs, sym, u);
	else
		judge_open(m, rp, &rs, sym, u);
	g_array_append_val(rp->syms, rs);
}

/* A definition goes before a reference, the first before others. */
static void index_names(struct runpre *rp)
{
	for (guint i = 0; i < rp->syms->len; i++) {
		struct runpre_sym *rs = &g_array_index(rp->syms, struct runpre_sym, i);
		struct runpre_sym *old = g_hash_table_lookup(rp->by_name, rs->name);

		if (!old || (!old->defined && rs->defined))
			g_hash_table_replace(rp->by_name, (void *)(uintptr_t)rs->name, rs);
	}
}

struct runpre *runpre_match(const char *object_path, const struct kp_image *img, GError **err)
{
	struct match m = { .img = img, .symtab = kp_image_symtab(img) };

	m.elf = kp_elf_open(object_path, err);
	if (!m.elf)
		return NULL;
	struct runpre *rp = NULL;

	if (m.elf->type != ET_REL) {
		kp_fail(err, KP_FAILED, "%s: not a relocatable object", object_path);
	} else if (match_load(&m, err)) {
		match_solve(&m);
		rp = g_new0(struct runpre, 1);
		rp->syms = g_array_new(FALSE, TRUE, sizeof(struct runpre_sym));
		rp->by_name = g_hash_table_new(g_str_hash, g_str_equal);
		rp->strings = g_string_chunk_new(1 << 14);
		for (uint32_t i = 1; i < m.elf->nsyms; i++)
			judge(&m, rp, i);
		index_names(rp);
	}
	match_clear(&m);
	return rp;
}

const struct runpre_sym *runpre_find(const struct runpre *rp, const char *name)
{
	return g_hash_table_lookup(rp->by_name, name);
}

size_t runpre_count(const struct runpre *rp)
{
	return rp->syms->len;
}

const struct runpre_sym *runpre_at(const struct runpre *rp, size_t i)
{
	return i < rp->syms->len ? &g_array_index(rp->syms, struct runpre_sym, i) : NULL;
}

void runpre_totals(const struct runpre *rp, struct runpre_totals *t)
{
	*t = (struct runpre_totals){ 0 };
	unsigned int *const counters[] = {
		[RUNPRE_MATCH] = &t->match,	      [RUNPRE_DIFFERS] = &t->differs,
		[RUNPRE_OVERRIDDEN] = &t->overridden, [RUNPRE_ABSENT] = &t->absent,
		[RUNPRE_AMBIGUOUS] = &t->ambiguous,
	};

	for (guint i = 0; i < rp->syms->len; i++) {
		const struct runpre_sym *rs = &g_array_index(rp->syms, struct runpre_sym, i);

		if (!rs->defined || !rs->is_func)
			continue;
		t->functions++;
		(*counters[rs->state])++;
	}
}

const char *runpre_state_name(enum runpre_state state)
{
	static const char *const names[] = {
		[RUNPRE_MATCH] = "match",	    [RUNPRE_DIFFERS] = "differs",
		[RUNPRE_OVERRIDDEN] = "overridden", [RUNPRE_ABSENT] = "absent",
		[RUNPRE_AMBIGUOUS] = "ambiguous",
	};

	return names[state];
}
