// SPDX-License-Identifier: GPL-2.0
/*
 * Placing units. Each round narrows the candidates by contents, places what has one left,
 * and learns from the references of what has been placed; it ends when a round changes
 * nothing. What then has several candidates stays open: nothing is guessed.
 */
#include <string.h>

#include "runpre-priv.h"

/** struct score - how well a unit fits a base. */
struct score {
	unsigned int same, differs;
};

static struct score try_base(const struct match *m, const struct unit *u, uint64_t base)
{
	struct score score = { 0 };
	uint64_t at;

	for (guint i = 0; i < u->chunks->len; i++) {
		if (compare_chunk(m, u, base, &g_array_index(u->chunks, struct chunk, i), &at,
				  NULL))
			score.same++;
		else
			score.differs++;
	}
	return score;
}

static void compare_all(const struct match *m, struct unit *u)
{
	for (guint i = 0; i < u->chunks->len; i++) {
		struct chunk *c = &g_array_index(u->chunks, struct chunk, i);

		g_clear_pointer(&c->why, g_free);
		c->state = compare_chunk(m, u, u->base, c, &c->at, &c->why) ? CHUNK_SAME
									    : CHUNK_DIFFERS;
	}
}

static void place(const struct match *m, struct unit *u, uint64_t base)
{
	u->base = base;
	u->placed = true;
	compare_all(m, u);
}

/* Drops the candidates that references or contents rule out; places the unit if one is left. */
static bool narrow(const struct match *m, struct unit *u)
{
	uint64_t best = 0, full = 0;
	unsigned int best_same = 0, nbest = 0, nfull = 0;

	if (u->learned->len == 1) {
		uint64_t base = g_array_index(u->learned, uint64_t, 0);

		if (u->constrained && !array_has(u->bases, base))
			return false;
		place(m, u, base);
		return true;
	}
	if (u->learned->len > 1)
		return false;
	for (guint i = 0; i < u->bases->len; i++) {
		uint64_t base = g_array_index(u->bases, uint64_t, i);
		struct score score = try_base(m, u, base);

		if (score.differs == 0) {
			full = base;
			nfull++;
		}
		if (score.same > best_same) {
			best_same = score.same;
			nbest = 0;
		}
		if (score.same == best_same && score.same) {
			best = base;
			nbest++;
		}
	}
	if (nfull == 1)
		place(m, u, full);
	else if (nfull == 0 && nbest == 1)
		place(m, u, best);
	return u->placed;
}

static bool learn_symbol(struct match *m, uint32_t sym, uint64_t addr)
{
	if (!m->has_implied[sym]) {
		m->has_implied[sym] = 1;
		m->implied[sym] = addr;
		return true;
	}
	if (m->implied[sym] != addr)
		m->conflict[sym] = 1;
	return false;
}

static bool learn_unit(struct match *m, const struct target *t, uint64_t base)
{
	struct unit *u = m->units[t->shndx];

	if (u->placed || array_has(u->learned, base))
		return false;
	/* A weak definition says where the winner is, not where this one is. */
	if (t->sym->bind == STB_WEAK)
		return false;
	g_array_append_val(u->learned, base);
	return true;
}

static bool learn_rela(struct match *m, const struct unit *u, const struct kp_elf_rela *r)
{
	struct target t = resolve_target(m, r);
	struct kp_ref ref;

	if (r->type == R_X86_64_NONE || t.kind == TARGET_IGNORED ||
	    u->mask[r->offset] != MASK_RELOC ||
	    !kp_image_ref(m->img, u->base + r->offset, r->type, &ref))
		return false;
	if (!ref.defined) {
		bool news = t.kind == TARGET_UNDEF && !m->implied_name[r->sym];

		if (news)
			m->implied_name[r->sym] = ref.undef;
		return news;
	}
	uint64_t addr = ref.addr - (uint64_t)r->addend;

	if (t.kind == TARGET_UNIT)
		return learn_unit(m, &t, addr - t.sym->value);
	/* what a section symbol of merged data is at depends on the entry */
	if (t.sym->type == STT_SECTION)
		return false;
	return learn_symbol(m, r->sym, addr);
}

/* Learns from the references of the chunks that are the same. */
static bool learn(struct match *m, const struct unit *u)
{
	bool news = false;

	for (guint i = 0; u->mask && i < u->chunks->len; i++) {
		const struct chunk *c = &g_array_index(u->chunks, struct chunk, i);

		if (c->state != CHUNK_SAME)
			continue;
		for (guint k = unit_first_rela(u, c->start); k < u->relas->len; k++) {
			const struct kp_elf_rela *r =
				&g_array_index(u->relas, struct kp_elf_rela, k);

			if (r->offset >= c->end)
				break;
			news |= learn_rela(m, u, r);
		}
	}
	return news;
}

/* The chunk of a data unit that @offset is in, NULL if there is none. */
static const struct chunk *unnamed_at(const struct unit *u, uint64_t offset)
{
	for (guint i = 0; i < u->chunks->len; i++) {
		const struct chunk *c = &g_array_index(u->chunks, struct chunk, i);

		if (!c->sym && offset >= c->start && offset < c->end)
			return c;
	}
	return NULL;
}

/* A function whose switch table or literals differ is not the same function. */
static void check_unnamed_data(struct match *m, struct unit *u, struct chunk *c)
{
	for (guint k = unit_first_rela(u, c->start); k < u->relas->len; k++) {
		const struct kp_elf_rela *r = &g_array_index(u->relas, struct kp_elf_rela, k);

		if (r->offset >= c->end)
			return;
		struct target t = resolve_target(m, r);

		if (t.kind != TARGET_UNIT || m->units[t.shndx] == u ||
		    (m->elf->sections[t.shndx].flags & (SHF_WRITE | SHF_EXECINSTR)))
			continue;
		const struct chunk *data = unnamed_at(m->units[t.shndx], t.offset);

		if (!data || data->state != CHUNK_DIFFERS)
			continue;
		c->state = CHUNK_DIFFERS;
		c->at = r->offset;
		c->why =
			g_strdup_printf("refers to unnamed data in %s that differs: %s",
					m->elf->sections[t.shndx].name, data->why ? data->why : "");
		return;
	}
}

void match_solve(struct match *m)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (uint32_t s = 1; s < m->elf->nsections; s++) {
			struct unit *u = m->units[s];

			if (u && !u->placed)
				changed |= narrow(m, u);
		}
		for (uint32_t s = 1; s < m->elf->nsections; s++)
			if (m->units[s] && m->units[s]->placed)
				changed |= learn(m, m->units[s]);
	}
	/* Places that were found late may contradict what was compared early. */
	for (uint32_t s = 1; s < m->elf->nsections; s++)
		if (m->units[s] && m->units[s]->placed)
			compare_all(m, m->units[s]);
	for (uint32_t s = 1; s < m->elf->nsections; s++) {
		struct unit *u = m->units[s];

		if (!u || !u->placed || !(m->elf->sections[s].flags & SHF_EXECINSTR))
			continue;
		for (guint i = 0; i < u->chunks->len; i++) {
			struct chunk *c = &g_array_index(u->chunks, struct chunk, i);

			if (c->state == CHUNK_SAME)
				check_unnamed_data(m, u, c);
		}
	}
}
