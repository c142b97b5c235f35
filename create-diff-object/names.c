// SPDX-License-Identifier: GPL-2.0
#include "names.h"

#include <glib.h>
#include <string.h>

#include "object.h"

/*
 * GCC appends .N to the names of static locals and .isra.N, .constprop.N, .part.N, .cold to
 * functions it made from others (gcc/ipa-*.c); clang puts the function's name in front of a static
 * local and may add .llvm.N. __UNIQUE_ID() of include/linux/compiler.h appends __COUNTER__.
 */
char *name_key(const char *name)
{
	GString *key = g_string_new(NULL);
	const char *p = name;

	while (*p) {
		if (p[0] == '.' && g_ascii_isdigit(p[1])) {
			const char *end = p + 1;

			while (g_ascii_isdigit(*end))
				end++;
			if (!*end || *end == '.') {
				p = end;
				continue;
			}
		}
		g_string_append_c(key, *p++);
	}
	if (strstr(name, "__UNIQUE_ID_")) {
		while (key->len && g_ascii_isdigit(key->str[key->len - 1]))
			g_string_truncate(key, key->len - 1);
	}
	return g_string_free(key, FALSE);
}

char *name_base(const char *name)
{
	const char *dot = name[0] ? strchr(name + 1, '.') : NULL;

	return dot ? g_strndup(name, (gsize)(dot - name)) : g_strdup(name);
}

bool name_is_numbered(const char *name)
{
	g_autofree char *key = name_key(name);

	return strcmp(key, name) != 0;
}

static bool is_digits(const char *text)
{
	while (g_ascii_isdigit(*text))
		text++;
	return !*text;
}

/* "x", "x.3" */
static bool is_numbered(const char *text, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(text, name, len) &&
	       (!text[len] || (text[len] == '.' && is_digits(text + len + 1)));
}

bool name_is_variable(const char *symbol, const char *name)
{
	const char *dot = strchr(symbol, '.');

	return is_numbered(symbol, name) || (dot && is_numbered(dot + 1, name));
}

bool atom_is_special_static(const struct atom *atom)
{
	/* who makes them: lockdep, WARN_ONCE, printk_once and DO_ONCE, GCC, GCC,
	 * printk_ratelimited, GCC's switch conversion, printk index, dynamic debug */
	static const char *const names[] = {
		"__key",    "__warned",	    "__already_done",	   "___done",	 "___once_key",
		"__func__", "__FUNCTION__", "__PRETTY_FUNCTION__", "_rs",	 "CSWTCH",
		"_entry",   "_entry_ptr",   "__print_once",	   "descriptor",
	};

	if (atom->kind != ATOM_DATA || !atom->sym || !atom_is_local(atom))
		return false;
	if (!strcmp(atom->sec->name, "__dyndbg") || !strcmp(atom->sec->name, "__verbose") ||
	    g_str_has_prefix(atom->sec->name, ".data.once") ||
	    g_str_has_prefix(atom->sec->name, ".data..once") ||
	    g_str_has_prefix(atom->sym->name, "__UNIQUE_ID_ddebug"))
		return true;

	const char *dot = strchr(atom->sym->name, '.');

	for (size_t i = 0; dot && i < G_N_ELEMENTS(names); i++) {
		size_t len = strlen(names[i]);

		/* "name.N" of GCC, "function.name" or "function.name.N" of clang */
		if ((size_t)(dot - atom->sym->name) == len &&
		    !strncmp(atom->sym->name, names[i], len))
			return true;
		if (!strncmp(dot + 1, names[i], len) && (!dot[len + 1] || dot[len + 1] == '.'))
			return true;
	}
	return false;
}
