// SPDX-License-Identifier: GPL-2.0
/* Comparing a chunk of the object with the image: bytes, and what relocated fields refer to. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "runpre-priv.h"

/** struct cursor - one comparison. */
struct cursor {
	const struct match *m;
	const struct unit *u;
	const struct kp_elf_section *s;
	uint64_t base;
	char **why;
};

static bool G_GNUC_PRINTF(2, 3) differ(const struct cursor *c, const char *fmt, ...)
{
	va_list ap;

	if (!c->why)
		return false;
	va_start(ap, fmt);
	*c->why = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	return false;
}

static bool has_symbol_at(const struct match *m, const char *name, uint64_t addr, size_t *count)
{
	const struct kp_sym *const *found = kp_symtab_find(m->symtab, name, count);

	for (size_t i = 0; i < *count; i++)
		if (found[i]->addr == addr)
			return true;
	return false;
}

static bool check_undef(const struct cursor *c, const struct kp_elf_rela *r,
			const struct kp_elf_sym *sym, const struct kp_ref *ref)
{
	const struct match *m = c->m;
	size_t count = 0;

	if (!ref->defined)
		return (strcmp(ref->undef, sym->name) == 0 && ref->addend == r->addend) ||
		       differ(c,
			      "refers to %s%+" G_GINT64_FORMAT " instead of %s%+" G_GINT64_FORMAT,
			      ref->undef, ref->addend, sym->name, r->addend);
	uint64_t addr = ref->addr - (uint64_t)r->addend;

	if (has_symbol_at(m, sym->name, addr, &count))
		return true;
	/* what nobody defines is zero */
	if (sym->bind == STB_WEAK && addr == 0)
		return true;
	if (count)
		return differ(c, "refers to 0x%" PRIx64 ", where %s is not", addr, sym->name);
	if (m->has_implied[r->sym] && m->implied[r->sym] != addr)
		return differ(c, "refers to 0x%" PRIx64 ", elsewhere %s is at 0x%" PRIx64, addr,
			      sym->name, m->implied[r->sym]);
	return true;
}

/* The entry of a merged section at @offset, in the image at @addr. */
static bool same_entry(const struct match *m, const struct kp_elf_section *s, uint64_t offset,
		       uint64_t addr)
{
	uint64_t unit = s->entsize ? s->entsize : 1, len;

	if (!s->data || offset >= s->size)
		return false;
	if (s->flags & SHF_STRINGS) {
		static const uint8_t zero[8];

		if (unit > sizeof(zero))
			return false;
		for (len = 0; s->size - offset - len >= unit; len += unit)
			if (memcmp(s->data + offset + len, zero, unit) == 0)
				break;
		if (s->size - offset - len < unit)
			return false;
		len += unit;
	} else {
		if (offset % unit != 0 || s->size - offset < unit)
			return false;
		len = unit;
	}
	const uint8_t *bytes = kp_image_bytes(m->img, addr, len);

	return bytes && memcmp(bytes, s->data + offset, len) == 0;
}

static bool check_merged(const struct cursor *c, const struct kp_elf_rela *r,
			 const struct target *t, const struct kp_ref *ref)
{
	/* PC bias: 4, and more when an immediate follows the field (constants only) */
	static const uint64_t biases[] = { 4, 5, 6, 8 };
	const struct kp_elf_section *s = &c->m->elf->sections[t->shndx];
	uint64_t plain = t->sym->value + (uint64_t)r->addend;
	bool same = false;

	if (!ref->defined)
		return differ(c, "refers to %s instead of data in %s", ref->undef, s->name);
	/*
	 * The linker moves a symbol with its entry and adds the addend afterwards, whatever it is;
	 * only a section symbol's addend tells which entry is meant.
	 */
	if (t->sym->type != STT_SECTION)
		same = same_entry(c->m, s, t->sym->value, ref->addr - (uint64_t)r->addend);
	else if (!rela_is_pc_relative(r) || r->type == R_X86_64_PC64)
		same = same_entry(c->m, s, plain, ref->addr);
	else
		for (size_t i = 0; i < ((s->flags & SHF_STRINGS) ? 1 : G_N_ELEMENTS(biases)); i++)
			same |= same_entry(c->m, s, plain + biases[i], ref->addr + biases[i]);
	return same || differ(c, "refers to other contents than those in %s", s->name);
}

static bool check_unit(const struct cursor *c, const struct kp_elf_rela *r, const struct target *t,
		       const struct kp_ref *ref)
{
	const struct match *m = c->m;
	const struct unit *tu = m->units[t->shndx];
	const char *name = *t->sym->name ? t->sym->name : m->elf->sections[t->shndx].name;
	size_t count = 0;

	if (!ref->defined)
		return differ(c, "refers to %s instead of %s", ref->undef, name);
	uint64_t implied = ref->addr - (uint64_t)r->addend - t->sym->value;

	/* another definition may have won over a weak one */
	if (t->sym->bind == STB_WEAK &&
	    has_symbol_at(m, t->sym->name, implied + t->sym->value, &count))
		return true;
	bool ok;

	if (tu == c->u)
		ok = implied == c->base;
	else if (tu->placed)
		ok = implied == tu->base;
	else
		ok = tu->constrained ? array_has(tu->bases, implied)
				     : base_is_plausible(m, t->shndx, implied);
	return ok || differ(c, "refers to 0x%" PRIx64 ", which is not %s", ref->addr, name);
}

static bool check_rela(const struct cursor *c, const struct kp_elf_rela *r)
{
	struct kp_ref ref;

	if (r->type == R_X86_64_NONE)
		return true;
	struct target t = resolve_target(c->m, r);

	if (!kp_image_ref(c->m->img, c->base + r->offset, r->type, &ref))
		return differ(c, "has no reference of this kind (relocation type %u)", r->type);
	switch (t.kind) {
	case TARGET_UNDEF:
		return check_undef(c, r, t.sym, &ref);
	case TARGET_MERGED:
		return check_merged(c, r, &t, &ref);
	case TARGET_UNIT:
		return check_unit(c, r, &t, &ref);
	default:
		return true;
	}
}

static bool compare_relas(const struct cursor *c, uint64_t start, uint64_t end, uint64_t *at)
{
	for (guint i = unit_first_rela(c->u, start); i < c->u->relas->len; i++) {
		const struct kp_elf_rela *r = &g_array_index(c->u->relas, struct kp_elf_rela, i);

		if (r->offset >= end)
			break;
		if (c->u->mask[r->offset] == MASK_JUMP_LABEL)
			continue;
		*at = r->offset;
		if (!check_rela(c, r))
			return false;
	}
	return true;
}

/* A jump label: the jump of the object, or the NOP that objtool made of it. */
static bool compare_jump_label(const struct cursor *c, const uint8_t *bytes, uint64_t at)
{
	static const uint8_t nop2[] = { 0x66, 0x90 }, nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	const uint8_t *code = c->s->data + at;
	size_t len = code[0] == 0xeb ? 2 : 5;

	if (memcmp(bytes, len == 2 ? nop2 : nop5, len) == 0)
		return true;
	return memcmp(bytes, code, len) == 0 ||
	       differ(c, "is neither the jump of a jump label nor the NOP in its place");
}

/*
 * Module: a field that the image relocates and the object does not. Allowed when it comes to the
 * same, as for a call inside a section that the assembler resolved.
 */
static bool compare_extra_rela(const struct cursor *c, uint64_t at, uint32_t type)
{
	struct kp_ref ref;
	uint32_t value = 0;

	if (c->s->size - at < sizeof(value) || (type != R_X86_64_PC32 && type != R_X86_64_PLT32) ||
	    !kp_image_ref(c->m->img, c->base + at, type, &ref) || !ref.defined)
		return differ(c, "is relocated in the image only");
	memcpy(&value, c->s->data + at, sizeof(value));
	return value == (uint32_t)(ref.addr - (c->base + at)) ||
	       differ(c, "refers to another place");
}

static bool compare_bytes(const struct cursor *c, const struct chunk *chunk, const uint8_t *bytes,
			  uint64_t *at)
{
	bool module = kp_image_is_module(c->m->img);

	for (uint64_t i = chunk->start; i < chunk->end; i++) {
		uint8_t mask = c->u->mask[i];

		*at = i;
		if (mask == MASK_RELOC)
			continue;
		if (mask == MASK_JUMP_LABEL) {
			uint64_t len = c->s->data[i] == 0xeb ? 2 : 5;

			if (len > chunk->end - i)
				return differ(c, "ends inside a jump label");
			if (!compare_jump_label(c, bytes + (i - chunk->start), i))
				return false;
			i += len - 1;
			continue;
		}
		uint32_t type =
			module ? kp_image_reloc_type(c->m->img, c->base + i) : R_X86_64_NONE;

		if (type != R_X86_64_NONE) {
			if (!compare_extra_rela(c, i, type))
				return false;
			i += 3;
			continue;
		}
		if (bytes[i - chunk->start] != c->s->data[i])
			return differ(c, "is 0x%02x in the object, 0x%02x in the image",
				      c->s->data[i], bytes[i - chunk->start]);
	}
	return true;
}

bool compare_chunk(const struct match *m, const struct unit *u, uint64_t base,
		   const struct chunk *chunk, uint64_t *at, char **why)
{
	const struct cursor c = {
		.m = m, .u = u, .s = &m->elf->sections[u->shndx], .base = base, .why = why
	};
	uint64_t addr = base + chunk->start, len = chunk->end - chunk->start;
	const struct kp_image_section *place = kp_image_section_at(m->img, addr);

	*at = chunk->start;
	if (why)
		*why = NULL;
	if (!place || addr < place->addr || len > place->addr + place->size - addr)
		return differ(&c, "is not inside a section of the image");
	if (!u->mask)
		return true;
	const uint8_t *bytes = kp_image_bytes(m->img, addr, len);

	if (!bytes)
		return differ(&c, "has no contents in the image");
	return compare_bytes(&c, chunk, bytes, at) &&
	       compare_relas(&c, chunk->start, chunk->end, at);
}
