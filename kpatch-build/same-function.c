// SPDX-License-Identifier: GPL-2.0
#include "same-function.h"

#include <string.h>

static uint64_t target(const struct ko_rela *rela)
{
	return rela->sym->value + (uint64_t)rela->addend;
}

static const struct ko_symbol *function_symbol(const struct ko *ko, const struct ko_rela *rela)
{
	for (guint i = 0; i < ko->symbols->len; i++) {
		const struct ko_symbol *sym = ko->symbols->pdata[i];

		if (sym->sec == rela->sym->sec && GELF_ST_TYPE(sym->info) == STT_FUNC &&
		    sym->value == target(rela) && sym->size)
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

static bool same_relocations(const struct ko_symbol *a, const struct ko_symbol *b)
{
	g_autoptr(GPtrArray) ra = relocations(a), rb = relocations(b);

	if (ra->len != rb->len)
		return false;
	for (guint i = 0; i < ra->len; i++) {
		const struct ko_rela *x = ra->pdata[i], *y = rb->pdata[i];

		if (x->offset - a->value != y->offset - b->value || x->type != y->type ||
		    x->sym != y->sym || x->addend != y->addend)
			return false;
	}
	return true;
}

static bool same_code(const struct ko_symbol *a, const struct ko_symbol *b)
{
	const struct ko_section *sa = a->sec, *sb = b->sec;

	return !strcmp(a->name, b->name) && a->size == b->size && sa->data && sb->data &&
	       a->value + a->size <= sa->size && b->value + b->size <= sb->size &&
	       !memcmp(sa->data + a->value, sb->data + b->value, a->size) && same_relocations(a, b);
}

bool same_function(const struct ko *ko, const struct ko_rela *a, const struct ko_rela *b)
{
	if (!a->sym || !b->sym)
		return false;
	if (!a->sym->sec || !b->sym->sec)
		return a->sym == b->sym && a->addend == b->addend;
	if (a->sym->sec == b->sym->sec && target(a) == target(b))
		return true;

	const struct ko_symbol *fa = function_symbol(ko, a), *fb = function_symbol(ko, b);

	return fa && fb && same_code(fa, fb);
}
