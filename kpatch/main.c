// SPDX-License-Identifier: GPL-2.0
/* kpatch: puts patch modules in force and takes them out again. */
#include <stdio.h>
#include <unistd.h>

#include "ask.h"
#include "batch.h"
#include "command.h"
#include "error.h"
#include "options.h"

struct console {
	bool terminal, quiet;
	bool passing;  /* the cursor is behind a line that may be overwritten */
	int signal_fd; /* see struct host */
};

static void clear_line(struct console *console)
{
	if (console->passing)
		fputs("\r\033[K", stderr);
	console->passing = false;
}

static void say(const char *line, bool passing, void *data)
{
	struct console *console = data;

	if (console->quiet)
		return;
	clear_line(console);
	console->passing = passing && console->terminal;
	fprintf(stderr, "%s%s", line, console->passing ? "" : "\n");
	fflush(stderr);
}

static bool ask(const char *question, void *data)
{
	struct console *console = data;

	clear_line(console);
	return ask_user(STDIN_FILENO, console->signal_fd, question);
}

static void print_json(const struct command *cmd, const struct options *options,
		       const GError *error)
{
	command_set(cmd, "command", options->name);
	command_outcome(cmd, error);
	json_dumpf(cmd->result, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
	putchar('\n');
}

static void run_command(const struct command *cmd, const struct options *options, GError **err)
{
	if (options->args[0] && options->args[1])
		batch_each(cmd, options->run, options->args, err);
	else
		options->run(cmd, options->args[0], err);
}

static int run(const struct options *options, GError **err)
{
	struct host *host = host_new(err);
	if (!host)
		return kp_exit_status(*err);

	struct console console = { .terminal = isatty(STDERR_FILENO),
				   .quiet = options->quiet,
				   .signal_fd = host->signal_fd };
	struct command cmd = {
		.host = host,
		.wait_seconds = options->wait_seconds,
		.keep_waiting = options->keep_waiting,
		.wait = options->wait,
		.replace = options->replace,
		.yes = options->yes,
		.release = options->release,
		.core_module = options->core_module,
		.say = say,
		.ask = isatty(STDIN_FILENO) ? ask : NULL,
		.say_data = &console,
		.result = json_object(),
		.text = g_string_new(NULL),
	};
	run_command(&cmd, options, err);
	clear_line(&console);
	if (options->json)
		print_json(&cmd, options, *err);
	else if (!options->quiet || options->shows)
		fputs(cmd.text->str, stdout);
	g_string_free(cmd.text, TRUE);
	json_decref(cmd.result);
	host_free(host);
	return kp_exit_status(*err);
}

/* The journal takes a line's priority from what it begins with, see sd-daemon(3): 3 is an error. */
static void print_error(const GError *error)
{
	const char *priority = g_log_writer_is_journald(STDERR_FILENO) ? "<3>" : "";
	g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);

	for (char **line = lines; *line; line++)
		fprintf(stderr, "%s%s%s\n", priority, line == lines ? "kpatch: " : "", *line);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct options options;
	int status = KP_OK;

	if (!options_parse(&options, argc, argv, &error)) {
		status = kp_exit_status(error);
	} else if (options.help) {
		g_autofree char *usage = options_usage();
		fputs(usage, stdout);
	} else if (options.version) {
		puts("kpatch " KP_VERSION);
	} else {
		status = run(&options, &error);
	}
	if (error)
		print_error(error);
	if (fflush(stdout) != 0 && status == KP_OK)
		status = KP_FAILED;
	return status;
}
