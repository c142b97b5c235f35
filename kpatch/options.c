// SPDX-License-Identifier: GPL-2.0
#include "options.h"

#include <getopt.h>
#include <string.h>

#include "error.h"

static const struct {
	const char *name, *arg, *help;
	command_fn run;
	bool shows;
} commands[] = {
	{ "load", "FILE|NAME", "put a patch in force", command_load, false },
	{ "unload", "NAME", "take a patch out of force and remove its module", command_unload,
	  false },
	{ "list", NULL, "show the loaded patches", command_list, true },
	{ "info", "FILE|NAME", "show what is in a patch, loaded or not", command_info, true },
};

static const struct option long_options[] = {
	{ "wait", required_argument, NULL, 'w' },
	{ "keep-waiting", no_argument, NULL, 'k' },
	{ "core-module", required_argument, NULL, 'c' },
	{ "json", no_argument, NULL, 'j' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

char *options_usage(void)
{
	GString *text = g_string_new("Usage: kpatch [OPTION]... COMMAND\n\nCommands:\n");

	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_autofree char *form = g_strdup_printf("%s %s", commands[i].name,
							commands[i].arg ? commands[i].arg : "");
		g_string_append_printf(text, "  %-16s %s\n", form, commands[i].help);
	}
	g_string_append(text, "\nOptions:\n"
			      "  -w, --wait SECONDS  how long a transition may take (60)\n"
			      "  -k, --keep-waiting  do not undo a transition that takes longer\n"
			      "  -c, --core-module FILE\n"
			      "                      the core to load for the patch, if it is not "
			      "there yet\n"
			      "  -j, --json          print the result as JSON\n"
			      "  -q, --quiet         print errors and lists only\n"
			      "  -h, --help          print this\n"
			      "  -V, --version       print the version\n");
	return g_string_free(text, FALSE);
}

static bool take_seconds(struct options *options, const char *text, GError **err)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(text, 10, 0, 86400, &value, NULL))
		return kp_fail(err, KP_USAGE, "--wait takes seconds from 0 to 86400, not \"%s\"",
			       text);
	options->wait_seconds = (unsigned int)value;
	return true;
}

static bool take_command(struct options *options, int count, char **words, GError **err)
{
	if (!count)
		return kp_fail(err, KP_USAGE, "a command is missing; see kpatch --help");
	options->name = words[0];
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(words[0], commands[i].name) != 0)
			continue;
		options->run = commands[i].run;
		options->shows = commands[i].shows;
		if (count < 2 && commands[i].arg)
			return kp_fail(err, KP_USAGE, "kpatch %s needs %s", words[0],
				       commands[i].arg);
		if (count > (commands[i].arg ? 2 : 1))
			return kp_fail(err, KP_USAGE, "kpatch %s: \"%s\" is one argument too many",
				       words[0], words[commands[i].arg ? 2 : 1]);
		options->arg = words[1];
		return true;
	}
	return kp_fail(err, KP_USAGE, "there is no command \"%s\"; see kpatch --help", words[0]);
}

bool options_parse(struct options *options, int argc, char **argv, GError **err)
{
	*options = (struct options){ .wait_seconds = 60 };
	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, "w:kc:jqhV", long_options, NULL)) != -1;) {
		switch (c) {
		case 'w':
			if (!take_seconds(options, optarg, err))
				return false;
			break;
		case 'k':
			options->keep_waiting = true;
			break;
		case 'c':
			options->core_module = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 'q':
			options->quiet = true;
			break;
		case 'h':
			options->help = true;
			return true;
		case 'V':
			options->version = true;
			return true;
		default:
			return kp_fail(
				err, KP_USAGE,
				"\"%s\" is not an option of kpatch, or its value is missing; "
				"see kpatch --help",
				argv[optind - 1]);
		}
	}
	return take_command(options, argc - optind, argv + optind, err);
}
