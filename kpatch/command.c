// SPDX-License-Identifier: GPL-2.0
#include "command.h"

#include <stdarg.h>

static void say(const struct command *cmd, bool passing, const char *fmt, va_list ap)
{
	if (!cmd->say)
		return;
	g_autofree char *line = g_strdup_vprintf(fmt, ap);
	cmd->say(line, passing, cmd->say_data);
}

void command_say(const struct command *cmd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cmd, false, fmt, ap);
	va_end(ap);
}

void command_progress(const struct command *cmd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cmd, true, fmt, ap);
	va_end(ap);
}

void command_set(const struct command *cmd, const char *key, const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);

	json_object_set_new(cmd->result, key, json_string(valid));
}

void command_outcome(const struct command *cmd, const GError *error)
{
	json_object_set_new(cmd->result, "ok", json_boolean(!error));
	if (error)
		command_set(cmd, "error", error->message);
}
