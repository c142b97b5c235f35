// SPDX-License-Identifier: GPL-2.0
/* Reading kbuild's commands, see command.h. */
#include "command.h"

#include <string.h>

#include "error.h"

void command_free(struct command *command)
{
	if (!command)
		return;
	g_free(command->object);
	g_free(command->source);
	g_strfreev(command->argv);
	g_strfreev(command->objtool);
	g_free(command);
}

/* The end of the first command in @text: at ";", "&&", "||" or "|" outside of quotes. */
static gsize command_length(const char *text)
{
	char quote = 0;
	gsize i;

	for (i = 0; text[i]; i++) {
		if (quote == '\'' ? text[i] == '\'' : quote && text[i] == quote)
			quote = 0;
		else if (quote == '\'')
			continue;
		else if (text[i] == '\\' && text[i + 1])
			i++;
		else if (!quote && (text[i] == '\'' || text[i] == '"'))
			quote = text[i];
		else if (!quote && strchr(";&|\n", text[i]))
			break;
	}
	return i;
}

static int index_of(char **argv, const char *arg)
{
	for (int i = 0; argv[i]; i++)
		if (!strcmp(argv[i], arg))
			return i;
	return -1;
}

/* A compiler call for @object is a command with -c and "-o OBJECT". */
static bool is_compiler(char **argv, const char *object)
{
	int out = index_of(argv, "-o");

	return index_of(argv, "-c") > 0 && out > 0 && argv[out + 1] &&
	       !strcmp(argv[out + 1], object);
}

static void take_objtool(struct command *command, char **argv)
{
	guint len = g_strv_length(argv);

	/* The object comes last. */
	if (len < 2 || strcmp(argv[len - 1], command->object))
		return;
	g_strfreev(command->objtool);
	command->objtool = g_strdupv(argv);
	g_clear_pointer(&command->objtool[len - 1], g_free);
}

struct command *command_parse(const char *object, const char *text, GError **err)
{
	struct command *command = g_new0(struct command, 1);

	command->object = g_strdup(object);
	for (const char *p = text; *p;) {
		gsize len = command_length(p);
		g_autofree char *part = g_strndup(p, len);
		g_auto(GStrv) argv = NULL;

		p += len + (p[len] != '\0');
		/* What the shell would not take either is not the compiler's call. */
		if (!g_shell_parse_argv(part, NULL, &argv, NULL))
			continue;
		g_autofree char *base = g_path_get_basename(argv[0]);

		if (!command->argv && is_compiler(argv, object))
			command->argv = g_steal_pointer(&argv);
		else if (!strcmp(base, "objtool"))
			take_objtool(command, argv);
	}
	if (command->argv) {
		/* kbuild writes the source last. */
		command->source = g_strdup(command->argv[g_strv_length(command->argv) - 1]);
		return command;
	}
	kp_fail(err, KP_FAILED, "no call of the compiler for %s in '%.300s'", object, text);
	command_free(command);
	return NULL;
}
