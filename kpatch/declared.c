// SPDX-License-Identifier: GPL-2.0
#include "declared.h"

#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "text.h"

/* Cut the first word off *@line. NULL if there is none. */
static char *take_word(char **line)
{
	char *word = *line;
	char *space = strchr(word, ' ');

	if (!*word)
		return NULL;
	*line = space ? space + 1 : word + strlen(word);
	if (space)
		*space = '\0';
	return word;
}

/* The same with the last word; NULL if there is no other before it. */
static char *take_last_word(char *line)
{
	char *space = strrchr(line, ' ');

	if (!space)
		return NULL;
	*space = '\0';
	return space + 1;
}

/* "-" stands for no name. */
static const char *name_or_null(const char *name)
{
	return strcmp(name, "-") == 0 ? NULL : name;
}

static json_t *hex(const char *digits)
{
	return json_sprintf("0x%s", digits);
}

/* "ID VERSION NAME STATUS" */
static json_t *state_json(char *line, const json_t *patch G_GNUC_UNUSED)
{
	const char *id = take_word(&line), *version = take_word(&line);
	const char *status = take_last_word(line);

	if (!id || !version || !status)
		return NULL;
	return json_pack("{s:o, s:I, s:s?, s:s}", "id", hex(id), "version",
			 (json_int_t)strtoull(version, NULL, 10), "name", name_or_null(line),
			 "status", status);
}

static bool has_state(const json_t *patch, const char *name)
{
	const json_t *state;
	size_t i;

	json_array_foreach(json_object_get(patch, "states"), i, state)
	{
		if (!g_strcmp0(json_string_value(json_object_get(state, "name")), name))
			return true;
	}
	return false;
}

/* "ID COUNT NAME [STATE]". A name is an expression of C, maybe with spaces; a state is of the
 * patch. */
static json_t *shadow_json(char *line, const json_t *patch)
{
	const char *id = take_word(&line), *count = take_word(&line);
	const char *space = strrchr(line, ' ');
	const char *state = space && has_state(patch, space + 1) ? take_last_word(line) : NULL;

	if (!id || !count || !*line)
		return NULL;
	return json_pack("{s:o, s:I, s:s?, s:s?}", "id", hex(id), "variables",
			 (json_int_t)strtoull(count, NULL, 10), "name", name_or_null(line), "state",
			 state);
}

/* "OBJNAME FILE NAME SIZE" */
static json_t *kept_json(char *line, const json_t *patch G_GNUC_UNUSED)
{
	const char *size = take_last_word(line), *name = take_last_word(line);
	const char *object = take_word(&line);

	if (!size || !name || !object || !*line)
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:I}", "object", object, "file", line, "name", name,
			 "size", (json_int_t)strtoull(size, NULL, 10));
}

static void write_state(GString *text, const json_t *state)
{
	const char *name = json_string_value(json_object_get(state, "name"));

	g_string_append_printf(text, "%s (%s)",
			       name ? name : json_string_value(json_object_get(state, "id")),
			       json_string_value(json_object_get(state, "status")));
}

static void write_shadow(GString *text, const json_t *type)
{
	const char *name = json_string_value(json_object_get(type, "name"));
	json_int_t count = json_integer_value(json_object_get(type, "variables"));

	g_string_append_printf(text, "%s (%" JSON_INTEGER_FORMAT " variable%s)",
			       name ? name : json_string_value(json_object_get(type, "id")), count,
			       count == 1 ? "" : "s");
}

static void write_kept(GString *text, const json_t *kept)
{
	g_string_append_printf(text, "%s (%" JSON_INTEGER_FORMAT " bytes)",
			       json_string_value(json_object_get(kept, "name")),
			       json_integer_value(json_object_get(kept, "size")));
}

/* In this order: types name states. */
static const struct {
	const char *file, *title;
	json_t *(*parse)(char *line, const json_t *patch); /* NULL: not such a line */
	void (*write)(GString *text, const json_t *item);
} kinds[] = {
	{ "states", "states", state_json, write_state },
	{ "shadow_types", "shadow types", shadow_json, write_shadow },
	{ "kept", "kept data", kept_json, write_kept },
};

void declared_add(json_t *patch, const char *dir)
{
	for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
		g_autofree char *text = host_read(dir, kinds[k].file, NULL);
		if (!text)
			continue;
		json_t *list = json_array();
		g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
		for (char **line = lines; *line; line++) {
			g_autofree char *clean = text_printable(*line);
			json_t *item = kinds[k].parse(clean, patch);
			if (item)
				json_array_append_new(list, item);
		}
		json_object_set_new(patch, kinds[k].file, list);
	}
}

void declared_write(GString *text, const json_t *patch)
{
	for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
		const json_t *list = json_object_get(patch, kinds[k].file);
		for (size_t i = 0; i < json_array_size(list); i++) {
			if (i)
				g_string_append(text, ", ");
			else
				g_string_append_printf(text, "  %s: ", kinds[k].title);
			kinds[k].write(text, json_array_get(list, i));
		}
		if (json_array_size(list))
			g_string_append_c(text, '\n');
	}
}
