// SPDX-License-Identifier: GPL-2.0
#include "paste.h"

#include <stdbool.h>
#include <string.h>

void paste_free(struct paste *paste)
{
	if (!paste)
		return;
	g_ptr_array_unref(paste->pieces);
	g_free(paste);
}

static bool is_word(char c)
{
	return g_ascii_isalnum(c) || c == '_';
}

static bool same(const char *a, gsize a_len, const char *b, gsize b_len)
{
	return a_len == b_len && !memcmp(a, b, a_len);
}

/* Is the word a parameter of the macro? They are between the parentheses that touch its name. */
static bool is_parameter(const struct decl *decl, const char *word, gsize len)
{
	const char *stop = decl->text + decl->len;
	const char *open = memchr(decl->text, '(', decl->len);
	const char *close = open ? memchr(open, ')', (gsize)(stop - open)) : NULL;

	if (!close || !is_word(open[-1]))
		return false;
	for (const char *p = open; p < close;) {
		while (p < close && !is_word(*p))
			p++;
		const char *start = p;

		while (p < close && is_word(*p))
			p++;
		if (p > start && same(start, (gsize)(p - start), word, len))
			return true;
	}
	return same(word, len, "__VA_ARGS__", strlen("__VA_ARGS__"));
}

static void add_piece(struct paste *paste, const struct decl *decl, const char *word, gsize len)
{
	g_ptr_array_add(paste->pieces, is_parameter(decl, word, len) ? NULL : g_strndup(word, len));
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (g_ascii_isspace(*p) || *p == '\\'))
		p++;
	return p;
}

static const char *skip_word(const char *p, const char *end)
{
	while (p < end && is_word(*p))
		p++;
	return p;
}

static bool at_paste(const char *p, const char *end)
{
	return end - p >= 2 && p[0] == '#' && p[1] == '#';
}

/* The chain whose first word is [word, after); where it ends. */
static const char *read_chain(const struct decl *decl, const char *word, const char *after,
			      GPtrArray *pastes)
{
	const char *end = decl->text + decl->len;
	struct paste *paste = g_new0(struct paste, 1);
	bool literal = false;

	paste->pieces = g_ptr_array_new_with_free_func(g_free);
	paste->macro = decl->defines->len ? decl->defines->pdata[0] : "";
	add_piece(paste, decl, word, (gsize)(after - word));
	for (const char *p = skip_space(after, end); at_paste(p, end); p = skip_space(after, end)) {
		word = skip_space(p + 2, end);
		after = skip_word(word, end);
		if (after == word) {
			after = p + 2;
			break;
		}
		add_piece(paste, decl, word, (gsize)(after - word));
	}
	for (guint i = 0; i < paste->pieces->len; i++)
		literal |= paste->pieces->pdata[i] != NULL;
	if (literal && paste->pieces->len > 1)
		g_ptr_array_add(pastes, paste);
	else
		paste_free(paste);
	return after;
}

void paste_find(const struct decl *decl, GPtrArray *pastes)
{
	const char *end = decl->text + decl->len;

	if (!memmem(decl->text, decl->len, "##", 2))
		return;
	for (const char *p = decl->text; p < end;) {
		const char *after = skip_word(p, end);

		if (after == p)
			p++;
		else if (at_paste(skip_space(after, end), end))
			p = read_chain(decl, p, after, pastes);
		else
			p = after;
	}
}

struct match {
	const struct paste *paste;
	GPtrArray *ways;	/* of GPtrArray of char * */
	const char *starts[16]; /* of the argument at each piece; NULL: not known */
	gsize lens[16];
};

static bool is_name(const char *text, gsize len)
{
	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isdigit(text[i]))
			return true;
	/* An empty argument or a number: nothing that can be looked for. */
	return false;
}

/*
 * Every name with an underscore in it is "a ## _ ## b" for some letters a and b.
 * With so little literal text, arguments count when they are words.
 */
static bool plausible(const struct match *m)
{
	gsize literal = 0, shortest = G_MAXSIZE;

	for (guint i = 0; i < m->paste->pieces->len; i++) {
		if (m->paste->pieces->pdata[i])
			literal += strlen(m->paste->pieces->pdata[i]);
		else if (m->starts[i])
			shortest = MIN(shortest, m->lens[i]);
	}
	return literal > 2 || (shortest > 2 && shortest != G_MAXSIZE);
}

static void found(struct match *m)
{
	if (!plausible(m))
		return;
	GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < m->paste->pieces->len; i++)
		if (m->starts[i] && is_name(m->starts[i], m->lens[i]))
			g_ptr_array_add(arguments, g_strndup(m->starts[i], m->lens[i]));
	g_ptr_array_add(m->ways, arguments);
}

/* Match pieces from @at on with the rest of the name, in all ways. */
static void match_from(struct match *m, guint at, const char *name)
{
	GPtrArray *pieces = m->paste->pieces;

	if (at == pieces->len) {
		if (!*name)
			found(m);
		return;
	}
	const char *literal = pieces->pdata[at];

	m->starts[at] = NULL;
	if (literal) {
		if (g_str_has_prefix(name, literal))
			match_from(m, at + 1, name + strlen(literal));
		return;
	}
	/* Of two parameters in a row it is not known which part is whose. */
	bool joined =
		(at && !pieces->pdata[at - 1]) || (at + 1 < pieces->len && !pieces->pdata[at + 1]);
	gsize rest = strlen(name);

	for (gsize len = 0; len <= rest; len++) {
		m->starts[at] = joined ? NULL : name;
		m->lens[at] = len;
		match_from(m, at + 1, name + len);
		/* One way is enough when the parts are not known anyway. */
		if (joined && m->ways->len)
			break;
	}
}

GPtrArray *paste_match(const struct paste *paste, const char *name)
{
	const char *first = paste->pieces->pdata[0];
	const char *last = paste->pieces->pdata[paste->pieces->len - 1];

	if ((first && !g_str_has_prefix(name, first)) || (last && !g_str_has_suffix(name, last)))
		return NULL;
	struct match m = {
		.paste = paste,
		.ways = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref),
	};

	if (paste->pieces->len <= G_N_ELEMENTS(m.starts))
		match_from(&m, 0, name);
	else
		found(&m);
	if (m.ways->len)
		return m.ways;
	g_ptr_array_unref(m.ways);
	return NULL;
}
