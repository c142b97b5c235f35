// SPDX-License-Identifier: GPL-2.0
#include "line.h"

#include <stdlib.h>
#include <string.h>

bool line_applies_to(const char *path)
{
	static const char *const suffixes[] = { ".c", ".h", ".inc", ".inl", ".def" };

	for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++)
		if (g_str_has_suffix(path, suffixes[i]))
			return true;
	return false;
}

static void put_line(GString *out, const struct src_line *line)
{
	g_string_append_len(out, line->text, (gssize)line->len);
	if (!line->no_newline)
		g_string_append_c(out, '\n');
}

GString *line_plain(const GArray *lines)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < lines->len; i++)
		put_line(out, &g_array_index(lines, struct src_line, i));
	return out;
}

/* What the preprocessor is in the middle of at the end of a line. */
struct lexer {
	bool in_comment;      /* a block comment */
	bool continued;	      /* the line ended in a backslash */
	bool in_line_comment; /* a // comment that goes on because of a backslash */
	char quote;	      /* string or character constant that goes on because of a backslash */
	GArray *resync;	      /* of bool: an #if group whose later branches need #line again */
};

enum directive { DIRECTIVE_NONE, DIRECTIVE_IF, DIRECTIVE_ELSE, DIRECTIVE_ENDIF };

static enum directive directive_of(const struct src_line *line)
{
	const char *p = line->text, *end = p + line->len;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == end || *p++ != '#')
		return DIRECTIVE_NONE;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	const char *word = p;

	while (p < end && g_ascii_isalpha(*p))
		p++;
	g_autofree char *name = g_strndup(word, (gsize)(p - word));

	if (!strcmp(name, "if") || !strcmp(name, "ifdef") || !strcmp(name, "ifndef"))
		return DIRECTIVE_IF;
	if (!strcmp(name, "else") || g_str_has_prefix(name, "elif"))
		return DIRECTIVE_ELSE;
	return strcmp(name, "endif") ? DIRECTIVE_NONE : DIRECTIVE_ENDIF;
}

static void lex_char(struct lexer *lex, const char **pos, const char *end)
{
	const char *p = *pos;
	char next = p + 1 < end ? p[1] : '\0';

	if (lex->in_comment) {
		if (*p == '*' && next == '/') {
			lex->in_comment = false;
			p++;
		}
	} else if (lex->quote) {
		if (*p == '\\')
			p++;
		else if (*p == lex->quote)
			lex->quote = '\0';
	} else if (*p == '/' && next == '*') {
		lex->in_comment = true;
		p++;
	} else if (*p == '/' && next == '/') {
		lex->in_line_comment = true;
	} else if (*p == '"' || *p == '\'') {
		lex->quote = *p;
	}
	*pos = p + 1;
}

static void lex_line(struct lexer *lex, const struct src_line *line)
{
	const char *p = line->text, *end = p + line->len;
	const char *last = end;

	/* gcc takes a backslash for a continuation even when blanks follow it. */
	while (last > p && g_ascii_isspace(last[-1]))
		last--;
	lex->continued = last > p && last[-1] == '\\';
	if (lex->continued)
		end = last - 1;
	while (p < end && !lex->in_line_comment)
		lex_char(lex, &p, end);
	if (!lex->continued) {
		lex->in_line_comment = false;
		/* An apostrophe in text that is skipped or in #error: it ends with the line. */
		lex->quote = '\0';
	}
}

static bool can_insert(const struct lexer *lex)
{
	return !lex->in_comment && !lex->continued;
}

/*
 * A #line inside an #if group only counts when that group is compiled. The
 * other groups and what comes after #endif need one of their own.
 */
static void mark_groups(struct lexer *lex)
{
	for (guint i = 0; i < lex->resync->len; i++)
		g_array_index(lex->resync, bool, i) = true;
}

/* Follow #if nesting; true when the next line needs a #line whatever the count says. */
static bool follow_directive(struct lexer *lex, enum directive directive)
{
	guint depth = lex->resync->len;

	if (directive == DIRECTIVE_IF) {
		bool no = false;

		g_array_append_val(lex->resync, no);
		return false;
	}
	if (directive == DIRECTIVE_NONE || !depth)
		return false;
	bool resync = g_array_index(lex->resync, bool, depth - 1);

	if (directive == DIRECTIVE_ENDIF)
		g_array_set_size(lex->resync, depth - 1);
	return resync;
}

GString *line_annotate(const GArray *lines)
{
	GString *out = g_string_new(NULL);
	struct lexer lex = { .resync = g_array_new(FALSE, FALSE, sizeof(bool)) };
	unsigned int number = 1; /* what the compiler takes the current line for */
	bool resync = false;
	enum directive pending = DIRECTIVE_NONE; /* of a directive that goes on on the next line */

	for (guint i = 0; i < lines->len; i++) {
		const struct src_line *line = &g_array_index(lines, struct src_line, i);
		bool fresh = can_insert(&lex);

		if (line->orig && (number != line->orig || resync) && fresh) {
			g_string_append_printf(out, "#line %u\n", line->orig);
			number = line->orig;
			resync = false;
			mark_groups(&lex);
		}
		put_line(out, line);
		number++;
		if (fresh)
			pending = directive_of(line);
		lex_line(&lex, line);
		if (!lex.continued) {
			resync |= follow_directive(&lex, pending);
			pending = DIRECTIVE_NONE;
		}
	}
	g_array_unref(lex.resync);
	return out;
}

/* Text of each line of one file in preprocessed output: line number -> GString *. */
struct numbered {
	GHashTable *lines;
};

static void string_free(void *data)
{
	g_string_free(data, TRUE);
}

/* Append @text without blanks, so that only tokens count. */
static void append_tokens(GString *to, const char *text, gsize len)
{
	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isspace(text[i]))
			g_string_append_c(to, text[i]);
}

static bool marker(const char *line, gsize len, unsigned int *number, char **name)
{
	if (len < 5 || line[0] != '#' || line[1] != ' ' || !g_ascii_isdigit(line[2]))
		return false;
	char *end;
	const char *close = memrchr(line, '"', len);

	*number = (unsigned int)strtoul(line + 2, &end, 10);
	if (*end != ' ' || end[1] != '"' || !close || close <= end + 1)
		return false;
	*name = g_strndup(end + 2, (gsize)(close - end - 2));
	return true;
}

static bool names_path(const char *name, const char *path)
{
	gsize n = strlen(name), p = strlen(path);

	return n >= p && !strcmp(name + n - p, path) && (n == p || name[n - p - 1] == '/');
}

static GHashTable *lines_of(const char *path, const GString *output)
{
	GHashTable *lines = g_hash_table_new_full(NULL, NULL, NULL, string_free);
	const char *p = output->str, *end = p + output->len;
	unsigned int number = 1;
	bool here = false;

	while (p < end) {
		const char *newline = memchr(p, '\n', (gsize)(end - p));
		gsize len = (gsize)((newline ? newline : end) - p);
		g_autofree char *name = NULL;

		if (marker(p, len, &number, &name)) {
			here = names_path(name, path);
		} else {
			if (here && len) {
				GString *text =
					g_hash_table_lookup(lines, GUINT_TO_POINTER(number));

				if (!text) {
					text = g_string_new(NULL);
					g_hash_table_insert(lines, GUINT_TO_POINTER(number), text);
				}
				append_tokens(text, p, len);
			}
			number++;
		}
		p = newline ? newline + 1 : end;
	}
	return lines;
}

static const char *text_at(GHashTable *lines, gint64 number)
{
	GString *text = number > 0 ? g_hash_table_lookup(lines, GUINT_TO_POINTER(number)) : NULL;

	return text ? text->str : "";
}

unsigned int line_verify(const struct src_file *file, const GString *original,
			 const GString *patched)
{
	g_autoptr(GHashTable) before = lines_of(file->path, original);
	g_autoptr(GHashTable) after = lines_of(file->path, patched);

	/* A line whose text moved to where it would be without any #line was not renumbered. */
	for (guint i = 0; i < file->lines->len; i++) {
		unsigned int orig = g_array_index(file->lines, struct src_line, i).orig;
		gint64 shift = (gint64)i + 1 - orig;

		if (!orig || !shift)
			continue;
		const char *text = text_at(before, orig);

		/* Short texts (braces) are found anywhere; added lines may share a number. */
		if (strlen(text) > 4 && !strstr(text_at(after, orig), text) &&
		    !strcmp(text, text_at(after, orig + shift)))
			return orig;
	}
	return 0;
}
