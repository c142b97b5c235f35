// SPDX-License-Identifier: GPL-2.0
/*
 * #line directives are put where they keep __LINE__ stable, and only where
 * the preprocessor reads them. Each case is preprocessed by the compiler, with
 * and without X defined, and the numbers it gives to unchanged lines are read
 * back: a line "L<n>" must be line n.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../kpatch-build/line.h"

static unsigned int failures;

static GArray *make_lines(const char *const *text)
{
	GArray *lines = g_array_new(FALSE, FALSE, sizeof(struct src_line));
	unsigned int number = 0;

	for (; *text; text++) {
		/* "+" marks an added line, "-" a removed one. */
		struct src_line line = { .text = *text + 1, .len = strlen(*text + 1) };

		if (**text != '+')
			line.orig = ++number;
		if (**text != '-')
			g_array_append_val(lines, line);
	}
	return lines;
}

/* "LINE(12)" in the output of the preprocessor: __LINE__ was expanded at the end. */
static bool numbers_hold(const char *output, const char **where)
{
	for (const char *p = output; (p = strstr(p, "want ")); p++) {
		unsigned int want, got;

		*where = p;
		if (sscanf(p, "want %u got %u", &want, &got) != 2 || want != got)
			return false;
	}
	return true;
}

static void check(const char *name, const char *const *text)
{
	g_autoptr(GArray) lines = make_lines(text);
	GString *source = line_annotate(lines);
	g_autofree char *dir = g_dir_make_tmp("kpatch-test-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "f.c", NULL);

	g_file_set_contents(path, source->str, -1, NULL);
	for (int defined = 0; defined < 2; defined++) {
		g_autofree char *command = g_strdup_printf("cc -E -P %s %s", defined ? "-DX" : "", path);
		g_autofree char *output = NULL;
		g_autofree char *errors = NULL;
		const char *where = "";
		int status = 1;

		g_spawn_command_line_sync(command, &output, &errors, &status, NULL);
		if (status || !output || !numbers_hold(output, &where)) {
			printf("FAIL %s (X %sdefined): %s%.20s in\n%s\n", name,
			       defined ? "" : "not ", errors, where, source->str);
			failures++;
			break;
		}
		if (defined)
			printf("ok %s\n", name);
	}
	g_string_free(source, TRUE);
	g_unlink(path);
	g_rmdir(dir);
}

#define CASE(name, ...) check(name, (const char *const[]){ __VA_ARGS__, NULL })

int main(void)
{
	CASE("plain insert", " want 1 got __LINE__", "+new", " want 2 got __LINE__");
	CASE("plain removal", " want 1 got __LINE__", "-gone", " want 3 got __LINE__");
	CASE("same length", " a", "-b", "+c", " want 3 got __LINE__");
	CASE("in a comment", " /* a", "+new", " b", " */", " want 4 got __LINE__");
	CASE("in a macro", " #define M a \\", "+ new \\", " b \\", " c", " want 4 got __LINE__");
	CASE("in a line comment", " // a \\", "+new \\", " b", " want 3 got __LINE__");
	CASE("in a string", " char *s = \"a\\", "+b\\", " c\";", " want 3 got __LINE__");
	CASE("comment marks in a string", " char *s = \"/*\";", "+x", " want 2 got __LINE__");
	CASE("quote in a character", " char c = '\"';", "+x", " want 2 got __LINE__", " '\\''", "+y",
	     " want 4 got __LINE__");
	CASE("in #if", " #ifdef X", "+new", " want 2 got __LINE__", " #else",
	     " want 4 got __LINE__", " #endif", " want 6 got __LINE__");
	CASE("in #else", " #ifdef X", " want 2 got __LINE__", " #else", "+new", "+new",
	     " want 4 got __LINE__", " #endif", " want 6 got __LINE__");
	CASE("nested", " #if 1", " #ifdef X", "+new", " want 3 got __LINE__", " #elif 1",
	     " want 5 got __LINE__", " #endif", " want 7 got __LINE__", " #else", " x", " #endif",
	     " want 11 got __LINE__");
	CASE("nested the other way", " #ifdef X", " #if 1", "+new", " want 3 got __LINE__",
	     " #endif", " want 5 got __LINE__", " #else", " want 7 got __LINE__", " #endif",
	     " want 9 got __LINE__");
	CASE("added #if around", "+#ifdef X", " want 1 got __LINE__", "+#endif",
	     " want 2 got __LINE__");
	CASE("removed #if", "-#ifdef X", " want 2 got __LINE__", "-#endif", " want 4 got __LINE__");
	CASE("added #else", " #ifdef X", " want 2 got __LINE__", "+#else", "+x", " #endif",
	     " want 4 got __LINE__");
	CASE("macro in skipped #if", " #ifdef X", " #define M \\", "+ new \\", "  a", " #endif",
	     " want 5 got __LINE__");
	CASE("apostrophe in skipped text", " #if 0", " don't", "+new", " x", " #endif",
	     " want 5 got __LINE__");
	CASE("continued directive", " #if 1 && \\", "+  1 && \\", "  1", " want 3 got __LINE__",
	     " #endif", " want 5 got __LINE__");
	CASE("comment after #endif", " #ifdef X", "+x", " #endif /* a", "  b */",
	     " want 4 got __LINE__");
	CASE("inside parentheses", " #define ID(x) x", " ID(", "+new", " a", " )",
	     " want 5 got __LINE__");
	return failures != 0;
}
