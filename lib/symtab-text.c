// SPDX-License-Identifier: GPL-2.0
/* Symbol tables in text form: System.map (`nm -n`) and `readelf -s --wide`. */
#include <string.h>

#include "error.h"
#include "symtab-priv.h"

/** struct words - a line split at blanks; points into the line. */
struct words {
	char *w[10];
	unsigned int n;
};

static void split(char *line, struct words *out)
{
	char *save = NULL;

	out->n = 0;
	for (char *w = strtok_r(line, " \t\r", &save); w; w = strtok_r(NULL, " \t\r", &save)) {
		if (out->n == G_N_ELEMENTS(out->w))
			return;
		out->w[out->n++] = w;
	}
}

static bool parse_u64(const char *s, guint base, uint64_t *out)
{
	char *end = NULL;

	if (!g_ascii_isxdigit(s[0]))
		return false;
	*out = g_ascii_strtoull(s, &end, base);
	return *end == '\0';
}

static bool add_map_line(struct symtab_builder *b, const struct words *w)
{
	struct kp_sym sym = { 0 };

	if (w->n != 3 || !parse_u64(w->w[0], 16, &sym.addr) || strlen(w->w[1]) != 1)
		return false;
	sym.type = w->w[1][0];
	sym.weak = strchr("wWvV", sym.type) != NULL;
	sym.global = g_ascii_isupper(sym.type) || sym.weak;
	/* nm shows undefined weak symbols without an address: they are not in kallsyms either */
	if (sym.type != 'U' && sym.type != 'w')
		symtab_builder_add(b, &sym, w->w[2]);
	return true;
}

/* "   12: ffffffff81000000   512 FUNC    GLOBAL DEFAULT    1 name" */
static bool add_readelf_line(struct symtab_builder *b, const struct words *w, unsigned int *file)
{
	uint64_t ndx = 0;
	struct kp_sym sym = { 0 };
	unsigned int at = 6;

	if (w->n < 7 || !g_str_has_suffix(w->w[0], ":"))
		return false;
	if (!parse_u64(w->w[1], 16, &sym.addr) || !parse_u64(w->w[2], 0, &sym.size))
		return false;
	/* st_other, as "[<other>: 88]" or "[VARIANT_PCS]", is shown before the section index */
	while (at < w->n && (w->w[at][0] == '[' || g_str_has_suffix(w->w[at], "]")))
		at++;
	if (at >= w->n)
		return false;
	const char *type = w->w[3], *bind = w->w[4], *index = w->w[at];

	if (strcmp(type, "FILE") == 0)
		(*file)++;
	if (at + 1 >= w->n || strcmp(index, "UND") == 0 || strcmp(type, "FILE") == 0 ||
	    strcmp(type, "SECTION") == 0)
		return true;
	if (parse_u64(index, 10, &ndx))
		sym.shndx = (unsigned int)ndx;
	sym.is_func = strcmp(type, "FUNC") == 0;
	sym.is_object = strcmp(type, "OBJECT") == 0;
	sym.weak = strcmp(bind, "WEAK") == 0;
	sym.global = strcmp(bind, "LOCAL") != 0;
	sym.type = sym.is_func ? 'T' : sym.shndx ? 'D' : 'A';
	if (!sym.global)
		sym.type = (char)g_ascii_tolower(sym.type);
	sym.file = sym.global ? 0 : *file;
	symtab_builder_add(b, &sym, w->w[at + 1]);
	return true;
}

/* A kernel is linked at the top of the address space, a module at zero. */
static bool looks_like_module(const struct symtab_builder *b)
{
	for (guint i = 0; i < b->syms->len; i++)
		if (g_array_index(b->syms, struct kp_sym, i).addr >= 0xffffffff80000000ULL)
			return false;
	return true;
}

static bool is_readelf_noise(const char *line)
{
	return *line == '\0' || g_str_has_prefix(line, "Symbol table ") ||
	       g_str_has_prefix(line, "File:") || strstr(line, "Num:") != NULL;
}

static bool add_readelf(struct symtab_builder *b, char **lines, const char *path, GError **err)
{
	unsigned int file = 0;
	bool dynamic = false;

	for (size_t i = 0; lines[i]; i++) {
		struct words w;

		if (g_str_has_prefix(lines[i], "Symbol table "))
			dynamic = strstr(lines[i], "'.dynsym'") != NULL;
		if (dynamic || is_readelf_noise(g_strstrip(lines[i])))
			continue;
		if (g_str_has_suffix(lines[i], "[...]"))
			return kp_fail(err, KP_FAILED,
				       "%s: line %zu: names are shortened; use `readelf -s --wide`",
				       path, i + 1);
		split(lines[i], &w);
		/* symbol 0 and section symbols of old readelf have no name */
		if (!add_readelf_line(b, &w, &file))
			return kp_fail(err, KP_FAILED,
				       "%s: line %zu: not a line of `readelf -s --wide`", path,
				       i + 1);
	}
	return true;
}

static bool add_map(struct symtab_builder *b, char **lines, const char *path, GError **err)
{
	for (size_t i = 0; lines[i]; i++) {
		struct words w;

		if (*g_strstrip(lines[i]) == '\0')
			continue;
		/* what Debian has in /boot */
		if (strstr(lines[i], "The real System.map"))
			return kp_fail(err, KP_FAILED,
				       "%s: only says where the real System.map is; give the "
				       "vmlinuz instead",
				       path);
		split(lines[i], &w);
		if (!add_map_line(b, &w))
			return kp_fail(err, KP_FAILED, "%s: line %zu: not a line of a System.map",
				       path, i + 1);
	}
	return true;
}

struct kp_symtab *symtab_read_text(const char *text, size_t len, const char *path, GError **err)
{
	if (len == 0) {
		kp_fail(err, KP_FAILED, "%s: holds no symbols: the file is empty", path);
		return NULL;
	}
	if (memchr(text, '\0', len)) {
		kp_fail(err, KP_FAILED,
			"%s: neither a vmlinuz, an x86-64 ELF file, a System.map nor `readelf -s` "
			"text",
			path);
		return NULL;
	}
	g_autofree char *copy = g_strndup(text, len);
	g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
	bool readelf = strstr(copy, "Symbol table '") || strstr(copy, "Num:");
	g_autoptr(symtab_builder) b =
		symtab_builder_new(readelf ? KP_SYMTAB_READELF : KP_SYMTAB_SYSTEM_MAP);

	if (readelf ? !add_readelf(b, lines, path, err) : !add_map(b, lines, path, err))
		return NULL;
	b->module = readelf && looks_like_module(b);
	return symtab_builder_finish(g_steal_pointer(&b), path, err);
}
