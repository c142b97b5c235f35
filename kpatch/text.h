/* SPDX-License-Identifier: GPL-2.0 */
/* Text from files that may hold anything, on its way to terminals and JSON. */
#ifndef KPATCH_TEXT_H
#define KPATCH_TEXT_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/** text_is_printable() - UTF-8 without control characters. */
bool text_is_printable(const char *text);

/** text_printable() - @text made so, to be freed. */
char *text_printable(const char *text);

/** text_json() - @text made printable; null for NULL. */
json_t *text_json(const char *text);

/** lines_json() - a list of the lines of @text, made printable; empty for NULL. */
json_t *lines_json(const char *text);

/** names_sort() - sort an array of strings. */
void names_sort(GPtrArray *names);

#endif
