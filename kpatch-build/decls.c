// SPDX-License-Identifier: GPL-2.0
#include "decls.h"

#include <string.h>

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_NUMBER, TOKEN_PUNCT };

struct token {
	enum token_kind kind;
	const char *text;
	gsize len;
};

struct parser {
	const char *pos, *end;
	unsigned int line;
	bool line_start; /* nothing but blanks since the last newline */
	struct decls *decls;
};

/* State within one declaration. */
struct build {
	struct decl *decl;
	unsigned int braces, parens;
	unsigned int groups;	  /* of parentheses at the outermost level */
	unsigned int enum_braces; /* depth of the enum body that we are in, 0 if none */
	bool saw_assign;	  /* '=' outside of parentheses and braces */
	bool function_body;
	bool inlined, external, type_def;
	bool has_body;	     /* any braces */
	bool prototype_like; /* parentheses at the outermost level */
	bool assembly;
	bool pointer_name;	   /* inside "(*name" at the outermost level */
	struct token last, before; /* the last two tokens */
	const char *aggregate;	   /* after struct, union, enum: waiting for the tag */
	bool is_enum;
	const char *tag;
};

static bool name_char(char c)
{
	return g_ascii_isalnum(c) || c == '_';
}

static void skip_comment(struct parser *p)
{
	if (p->pos[1] == '/') {
		while (p->pos < p->end && *p->pos != '\n')
			p->pos++;
		return;
	}
	p->pos += 2;
	while (p->pos < p->end && !(*p->pos == '*' && p->pos + 1 < p->end && p->pos[1] == '/')) {
		if (*p->pos == '\n')
			p->line++;
		p->pos++;
	}
	p->pos = MIN(p->pos + 2, p->end);
}

static void skip_blanks(struct parser *p)
{
	while (p->pos < p->end) {
		if (*p->pos == '\n') {
			p->line++;
			p->line_start = true;
			p->pos++;
		} else if (g_ascii_isspace(*p->pos)) {
			p->pos++;
		} else if (*p->pos == '\\' && p->pos + 1 < p->end && p->pos[1] == '\n') {
			p->line++;
			p->pos += 2;
		} else if (*p->pos == '/' && p->pos + 1 < p->end &&
			   (p->pos[1] == '*' || p->pos[1] == '/')) {
			skip_comment(p);
		} else {
			return;
		}
	}
}

static void read_string(struct parser *p, char quote)
{
	p->pos++;
	while (p->pos < p->end && *p->pos != quote && *p->pos != '\n')
		p->pos += *p->pos == '\\' && p->pos + 1 < p->end && p->pos[1] != '\n' ? 2 : 1;
	if (p->pos < p->end && *p->pos == quote)
		p->pos++;
}

static struct token next_token(struct parser *p)
{
	skip_blanks(p);
	if (p->pos >= p->end)
		return (struct token){ .kind = TOKEN_END };
	struct token token = { .kind = TOKEN_PUNCT, .text = p->pos };

	p->line_start = false;
	if (g_ascii_isdigit(*p->pos)) {
		token.kind = TOKEN_NUMBER;
		while (p->pos < p->end && (name_char(*p->pos) || *p->pos == '.'))
			p->pos++;
	} else if (name_char(*p->pos)) {
		token.kind = TOKEN_NAME;
		while (p->pos < p->end && name_char(*p->pos))
			p->pos++;
	} else if (*p->pos == '"' || *p->pos == '\'') {
		token.kind = TOKEN_STRING;
		read_string(p, *p->pos);
	} else {
		p->pos++;
	}
	token.len = (gsize)(p->pos - token.text);
	return token;
}

static inline bool is(const struct token *token, const char *text)
{
	gsize len = strlen(text);

	return token->text && token->len == len && !memcmp(token->text, text, len);
}

static const char *intern(struct decls *decls, const char *text, gsize len)
{
	char buffer[256];
	const char *found;

	if (len >= sizeof(buffer))
		len = sizeof(buffer) - 1;
	memcpy(buffer, text, len);
	buffer[len] = '\0';
	found = g_hash_table_lookup(decls->names, buffer);
	if (found)
		return found;
	char *copy = g_strdup(buffer);

	g_hash_table_add(decls->names, copy);
	return copy;
}

static bool keyword(const struct token *token)
{
	static const char *const words[] = {
		"if",		"else",		 "for",	    "while",	     "do",
		"switch",	"case",		 "default", "break",	     "continue",
		"return",	"goto",		 "sizeof",  "void",	     "int",
		"char",		"long",		 "short",   "unsigned",	     "signed",
		"const",	"volatile",	 "static",  "extern",	     "inline",
		"struct",	"union",	 "enum",    "typedef",	     "typeof",
		"__typeof__",	"asm",		 "__asm__", "__attribute__", "__inline",
		"__inline__",	"_Bool",	 "float",   "double",	     "register",
		"__volatile__", "__extension__",
	};

	if (token->len < 2 || token->len > 13)
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (words[i][0] == token->text[0] && is(token, words[i]))
			return true;
	return false;
}

static void mention(struct parser *p, struct build *b, const char *text, gsize len)
{
	g_ptr_array_add(b->decl->mentions, (void *)intern(p->decls, text, len));
}

/* Assembly in strings names functions and variables. */
static void mention_string(struct parser *p, struct build *b, const struct token *token)
{
	const char *pos = token->text, *end = pos + token->len;

	while (pos < end) {
		const char *start = pos;

		while (pos < end && name_char(*pos))
			pos++;
		if (pos - start > 2 && !g_ascii_isdigit(*start))
			mention(p, b, start, (gsize)(pos - start));
		if (pos == start)
			pos++;
	}
}

static void define(struct build *b, const char *name)
{
	g_ptr_array_add(b->decl->defines, (void *)name);
}

/* FNV-1a; a separator keeps "a b" and "ab" apart. */
static guint64 hash_token(guint64 hash, const struct token *token)
{
	for (gsize i = 0; i < token->len; i++)
		hash = (hash ^ (guchar)token->text[i]) * 0x100000001b3;
	return (hash ^ ' ') * 0x100000001b3;
}

static bool ends_declarator(const struct token *token)
{
	return token->kind == TOKEN_END || is(token, "(") || is(token, "[") || is(token, ";") ||
	       is(token, ",") || is(token, "=") || is(token, ":") || is(token, ")") ||
	       is(token, "__attribute__") || is(token, "__asm__") || is(token, "asm");
}

/*
 * The name before @token, when it is what the declaration declares: a name
 * followed by what can follow a declarator, outside of braces, and not the tag
 * of a type that is only referred to. "(*name)(...)" counts as well.
 */
static void maybe_declared(struct parser *p, struct build *b, const struct token *token)
{
	if (b->last.kind != TOKEN_NAME || keyword(&b->last) || b->braces || b->saw_assign)
		return;
	if ((b->parens && !(b->parens == 1 && b->pointer_name)) || !ends_declarator(token))
		return;
	if (is(&b->before, "struct") || is(&b->before, "union") || is(&b->before, "enum"))
		return;
	define(b, intern(p->decls, b->last.text, b->last.len));
}

/* Tags and enumerators are visible outside, however deep they are nested. */
static void type_names(struct parser *p, struct build *b, const struct token *token)
{
	if (is(token, "struct") || is(token, "union") || is(token, "enum")) {
		b->aggregate = token->text;
		b->is_enum = is(token, "enum");
		b->tag = NULL;
	} else if (b->aggregate && token->kind == TOKEN_NAME && !keyword(token)) {
		/* Attributes may stand between: the last name before the brace is the tag. */
		b->tag = intern(p->decls, token->text, token->len);
	} else if (b->aggregate && is(token, "{")) {
		if (b->tag)
			define(b, b->tag);
		if (b->is_enum && !b->enum_braces)
			b->enum_braces = b->braces + 1;
		b->aggregate = NULL;
	} else if (b->aggregate &&
		   (is(token, ";") || is(token, ",") || is(token, "*") || is(token, "="))) {
		b->aggregate = NULL;
	}
	if (b->enum_braces && b->braces == b->enum_braces && token->kind == TOKEN_NAME &&
	    (is(&b->last, "{") || is(&b->last, ",")))
		define(b, intern(p->decls, token->text, token->len));
}

static void nesting(struct build *b, const struct token *token)
{
	if (is(token, "{")) {
		/* Not a type's body and not an initialiser. */
		if (!b->braces && !b->parens && !b->saw_assign && is(&b->last, ")"))
			b->function_body = true;
		b->has_body = true;
		b->braces++;
	} else if (is(token, "}")) {
		if (b->braces == b->enum_braces)
			b->enum_braces = 0;
		b->braces -= b->braces > 0;
	} else if (is(token, "(")) {
		if (!b->braces)
			b->prototype_like = true;
		b->groups += !b->braces && !b->parens;
		b->parens++;
	} else if (is(token, "*") && b->parens == 1 && is(&b->last, "(")) {
		b->pointer_name = true;
	} else if (is(token, ")")) {
		b->parens -= b->parens > 0;
		b->pointer_name = false;
	} else if (is(token, "=") && !b->braces && !b->parens) {
		b->saw_assign = true;
	}
}

static void specifiers(struct build *b, const struct token *token)
{
	if (b->braces || b->parens)
		return;
	if (is(token, "inline") || is(token, "__inline") || is(token, "__inline__") ||
	    is(token, "__always_inline"))
		b->inlined = true;
	else if (is(token, "extern"))
		b->external = true;
	else if (is(token, "typedef"))
		b->type_def = true;
	else if (is(token, "asm") || is(token, "__asm__"))
		b->assembly = b->assembly || !b->last.text;
}

static struct build start(struct parser *p)
{
	struct build b = { .decl = g_new0(struct decl, 1) };

	b.decl->text = p->pos;
	b.decl->line = p->line;
	b.decl->hash = 0xcbf29ce484222325;
	b.decl->defines = g_ptr_array_new();
	b.decl->mentions = g_ptr_array_new();
	g_ptr_array_add(p->decls->list, b.decl);
	return b;
}

static void decl_free(void *data)
{
	struct decl *decl = data;

	g_ptr_array_unref(decl->defines);
	g_ptr_array_unref(decl->mentions);
	g_free(decl);
}

static void finish(struct parser *p, struct build *b)
{
	struct decl *decl = b->decl;

	decl->len = (gsize)(p->pos - decl->text);
	decl->end_line = p->line;
	/* After take_token(), "last" is the closing token itself. */
	bool ends_in_body = is(&b->before, "}");

	if (b->function_body)
		decl->emits = !b->inlined;
	else if (b->type_def)
		decl->emits = false;
	else if (b->external)
		decl->emits = b->saw_assign;
	else
		/* A variable; a prototype has parentheses, a type a body, and nothing else. */
		decl->emits = b->saw_assign || b->assembly ||
			      (!b->prototype_like && decl->defines->len && !b->has_body) ||
			      (b->has_body && !ends_in_body);
}

/* Step over a comment or a string, neither of which ends a directive; else one character. */
static const char *directive_step(const char *p, const char *end)
{
	if (*p == '"') {
		struct parser string = { .pos = p, .end = end };

		read_string(&string, '"');
		return string.pos;
	}
	if (*p == '/' && p + 1 < end && p[1] == '*') {
		const char *close = memmem(p + 2, (gsize)(end - p - 2), "*/", 2);

		return close ? close + 2 : end;
	}
	return p + 1;
}

/* The end of the directive's line: one that does not end in a backslash or in a comment. */
static const char *directive_end(const struct parser *p)
{
	const char *pos = p->pos;

	while (pos < p->end) {
		if (*pos == '\n' && pos[-1] != '\\')
			return pos;
		pos = directive_step(pos, p->end);
	}
	return p->end;
}

/* Read a directive into @b and step over it; a #define defines its name. */
static void read_directive(struct parser *p, struct build *b)
{
	const char *stop = directive_end(p);
	struct parser line = { .pos = p->pos + 1, .end = stop, .line = p->line, .decls = p->decls };
	struct token word = next_token(&line), token;
	bool macro = is(&word, "define") || is(&word, "undef");
	bool named = !macro;
	/* The words of a file name are no names. */
	bool include = is(&word, "include");

	/* Line markers of the preprocessor are not part of the text. */
	if (word.kind == TOKEN_NAME)
		b->decl->hash = hash_token(b->decl->hash, &word);
	while (word.kind == TOKEN_NAME && (token = next_token(&line)).kind != TOKEN_END) {
		b->decl->hash = hash_token(b->decl->hash, &token);
		if (token.kind == TOKEN_NAME && !named)
			define(b, intern(p->decls, token.text, token.len));
		else if (token.kind == TOKEN_NAME && !include)
			mention(p, b, token.text, token.len);
		else if (token.kind == TOKEN_STRING && !include)
			mention_string(p, b, &token);
		named = true;
	}
	p->pos = stop;
	p->line = line.line;
}

/* The balanced parentheses after __attribute__: names count, structure does not. */
static void skip_attribute(struct parser *p, struct build *b)
{
	unsigned int depth = 0;
	struct token token;

	while ((token = next_token(p)).kind != TOKEN_END) {
		b->decl->hash = hash_token(b->decl->hash, &token);
		if (token.kind == TOKEN_STRING)
			mention_string(p, b, &token);
		else if (token.kind == TOKEN_NAME)
			mention(p, b, token.text, token.len);
		depth += is(&token, "(");
		if (is(&token, ")") && !--depth)
			return;
		if (!depth)
			return;
	}
}

static void take_token(struct parser *p, struct build *b, const struct token *token)
{
	b->decl->hash = hash_token(b->decl->hash, token);
	if (is(token, "(") && b->last.text == b->decl->text && !keyword(&b->last))
		b->decl->invocation = true;
	if (token->kind == TOKEN_NAME && !keyword(token))
		mention(p, b, token->text, token->len);
	else if (token->kind == TOKEN_STRING)
		mention_string(p, b, token);
	specifiers(b, token);
	maybe_declared(p, b, token);
	if (is(token, "__attribute__")) {
		skip_attribute(p, b);
		return;
	}
	type_names(p, b, token);
	nesting(b, token);
	b->before = b->last;
	b->last = *token;
}

/*
 * Is what was read so far "NAME(...)" with something else on the next line? Macros
 * that declare functions often have no semicolon after them.
 */
static bool complete_invocation(struct parser *p, const struct build *b)
{
	unsigned int line = p->line;

	if (!b->decl->invocation || b->braces || b->parens || b->groups != 1)
		return false;
	skip_blanks(p);
	return p->line > line && p->pos < p->end && (name_char(*p->pos) || *p->pos == '#');
}

/* From the first token of a declaration to its ';' or the '}' of its body. */
static void parse_decl(struct parser *p)
{
	struct build b = start(p);
	struct token token;

	for (;;) {
		skip_blanks(p);
		if (p->pos < p->end && *p->pos == '#' && p->line_start) {
			read_directive(p, &b);
			continue;
		}
		token = next_token(p);
		if (token.kind == TOKEN_END)
			break;
		take_token(p, &b, &token);
		if (is(&token, ";") && !b.braces && !b.parens)
			break;
		if (is(&token, ")") && complete_invocation(p, &b))
			break;
		if (is(&token, "}") && !b.braces && b.function_body)
			break;
		/* Braces that #if splits do not balance; kernel style starts functions afresh. */
		if (is(&token, "}") && b.braces && token.text[-1] == '\n' &&
		    (p->pos == p->end || *p->pos == '\n'))
			break;
	}
	finish(p, &b);
}

/* A directive between declarations is a declaration of its own. */
static void parse_directive(struct parser *p)
{
	struct parser word = { .pos = p->pos + 1, .end = directive_end(p), .decls = p->decls };
	struct token token = next_token(&word);

	if (token.kind != TOKEN_NAME) {
		p->pos = word.end;
		return;
	}
	struct build b = start(p);

	read_directive(p, &b);
	b.decl->macro = is(&token, "define") || is(&token, "undef");
	b.decl->directive = !b.decl->macro;
	b.decl->len = (gsize)(p->pos - b.decl->text);
	b.decl->end_line = p->line;
}

struct decls *decls_parse(const char *text, gsize len)
{
	struct decls *decls = g_new0(struct decls, 1);
	struct parser p = {
		.pos = text,
		.end = text + len,
		.line = 1,
		.line_start = true,
		.decls = decls,
	};

	decls->list = g_ptr_array_new_with_free_func(decl_free);
	decls->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (;;) {
		skip_blanks(&p);
		if (p.pos >= p.end)
			return decls;
		if (*p.pos == '#' && p.line_start)
			parse_directive(&p);
		else
			parse_decl(&p);
	}
}

void decls_free(struct decls *decls)
{
	if (!decls)
		return;
	g_ptr_array_unref(decls->list);
	g_hash_table_unref(decls->names);
	g_free(decls);
}
