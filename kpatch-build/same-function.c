// SPDX-License-Identifier: GPL-2.0
#include "same-function.h"

#include <string.h>

static uint64_t target(const struct ko_rela *rela)
{
	return rela->sym->value + (uint64_t)rela->addend;
}

static const struct ko_symbol *function_symbol(const struct ko *ko, const struct ko_section *sec,
					       uint64_t at)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		if (sym->sec == sec && GELF_ST_TYPE(sym->info) == STT_FUNC && sym->value == at &&
		    sym->size)
			return sym;
	}
	return NULL;
}

/* The relocations of the function's code, in order. */
static GPtrArray *relocations(const struct ko_symbol *function)
{
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < function->sec->relas->len; i++) {
		const GArray *relas = ((struct ko_relas *)function->sec->relas->pdata[i])->list;

		for (guint k = 0; k < relas->len; k++) {
			struct ko_rela *rela = &g_array_index(relas, struct ko_rela, k);

			if (rela->offset >= function->value &&
			    rela->offset < function->value + function->size)
				g_ptr_array_add(list, rela);
		}
	}
	return list;
}

/* Functions that call each other end it. */
#define MAX_DEPTH 8

static bool same_code(const struct ko *ko, const struct ko_symbol *a, const struct ko_symbol *b,
		      unsigned int depth);

/* Whether the relative operand at @at is the last part of its instruction, from whose end it
 * counts. */
static bool ends_instruction(const struct ko_section *code, uint64_t at)
{
	uint8_t before = at > 1 ? code->data[at - 2] : 0, last = at ? code->data[at - 1] : 0;

	return last == 0xe8 || last == 0xe9 ||		    /* call, jmp */
	       (before == 0x0f && (last & 0xf0) == 0x80) || /* jcc */
	       (before == 0x8d && (last & 0xc7) == 0x05);   /* lea x(%rip) */
}

/* What @rela of the code in @code refers to; false if that takes a disassembler. */
static bool referred(const struct ko_section *code, const struct ko_rela *rela, uint64_t *at)
{
	*at = target(rela);
	switch (rela->type) {
	case R_X86_64_64:
	case R_X86_64_32:
	case R_X86_64_32S:
		return true;
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		*at += sizeof(int32_t);
		return ends_instruction(code, rela->offset);
	default:
		return false;
	}
}

static const char *string_at(const struct ko_section *sec, uint64_t at)
{
	if (!ko_is_strings(sec) || !sec->data || at >= sec->size ||
	    !memchr(sec->data + at, 0, sec->size - at))
		return NULL;
	return (const char *)sec->data + at;
}

/* Each object has strings and static functions of its own. */
static bool same_target(const struct ko *ko, const struct ko_symbol *a, const struct ko_rela *x,
			const struct ko_symbol *b, const struct ko_rela *y, unsigned int depth)
{
	const struct ko_section *sx = x->sym ? x->sym->sec : NULL;
	const struct ko_section *sy = y->sym ? y->sym->sec : NULL;
	uint64_t at_x, at_y;

	if (x->sym == y->sym && x->addend == y->addend)
		return true;
	if (!sx || !sy || !referred(a->sec, x, &at_x) || !referred(b->sec, y, &at_y))
		return false;
	if (sx == sy && at_x == at_y)
		return true;
	if (sx == a->sec && sy == b->sec && at_x - a->value < a->size)
		return at_x - a->value == at_y - b->value;

	const char *text_x = string_at(sx, at_x), *text_y = string_at(sy, at_y);

	if (text_x && text_y)
		return !strcmp(text_x, text_y);

	const struct ko_symbol *fx = function_symbol(ko, sx, at_x);
	const struct ko_symbol *fy = function_symbol(ko, sy, at_y);

	return fx && fy && same_code(ko, fx, fy, depth + 1);
}

static bool same_relocations(const struct ko *ko, const struct ko_symbol *a,
			     const struct ko_symbol *b, unsigned int depth)
{
	g_autoptr(GPtrArray) ra = relocations(a), rb = relocations(b);

	if (ra->len != rb->len)
		return false;
	for (guint i = 0; i < ra->len; i++) {
		const struct ko_rela *x = ra->pdata[i], *y = rb->pdata[i];

		if (x->offset - a->value != y->offset - b->value || x->type != y->type ||
		    !same_target(ko, a, x, b, y, depth))
			return false;
	}
	return true;
}

static bool same_code(const struct ko *ko, const struct ko_symbol *a, const struct ko_symbol *b,
		      unsigned int depth)
{
	const struct ko_section *sa = a->sec, *sb = b->sec;

	return depth < MAX_DEPTH && !strcmp(a->name, b->name) && a->size == b->size && sa->data &&
	       sb->data && a->value <= sa->size && a->size <= sa->size - a->value &&
	       b->value <= sb->size && b->size <= sb->size - b->value &&
	       !memcmp(sa->data + a->value, sb->data + b->value, a->size) &&
	       same_relocations(ko, a, b, depth);
}

bool same_function(const struct ko *ko, const struct ko_rela *a, const struct ko_rela *b)
{
	if (!a->sym || !b->sym)
		return false;
	if (!a->sym->sec || !b->sym->sec)
		return a->sym == b->sym && a->addend == b->addend;
	if (a->sym->sec == b->sym->sec && target(a) == target(b))
		return true;

	const struct ko_symbol *fa = function_symbol(ko, a->sym->sec, target(a));
	const struct ko_symbol *fb = function_symbol(ko, b->sym->sec, target(b));

	return fa && fb && same_code(ko, fa, fb, 0);
}
