// SPDX-License-Identifier: GPL-2.0
#include "text.h"

#include <glib.h>
#include <string.h>

bool text_is_printable(const char *text)
{
	if (!g_utf8_validate(text, -1, NULL))
		return false;
	for (; *text; text = g_utf8_next_char(text))
		if (g_unichar_iscntrl(g_utf8_get_char(text)))
			return false;
	return true;
}

char *text_printable(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *clean = g_string_sized_new(strlen(valid));

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		g_string_append_unichar(clean, g_unichar_iscntrl(c) ? '?' : c);
	}
	return g_string_free(clean, FALSE);
}

json_t *text_json(const char *text)
{
	g_autofree char *clean = text ? text_printable(text) : NULL;

	return clean ? json_string(clean) : json_null();
}

json_t *lines_json(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	json_t *list = json_array();

	for (char **line = lines; *line; line++)
		if (**line)
			json_array_append_new(list, text_json(*line));
	return list;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void names_sort(GPtrArray *names)
{
	g_ptr_array_sort(names, compare_names);
}
