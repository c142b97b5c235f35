// SPDX-License-Identifier: GPL-2.0
#include "options.h"

#include <getopt.h>
#include <string.h>

#include "error.h"

enum args { ARGS_NONE, ARGS_ONE, ARGS_MANY };

static const struct {
	const char *name;
	enum args args;
	const char *arg, *help;
	command_fn run, all; /* all: for --all, which takes no arguments */
	bool shows;
	const char *takes; /* of the options that only some take */
} commands[] = {
	{ "load", ARGS_ONE, "FILE|NAME", "put a patch in force, or with --all the installed ones",
	  command_load, command_load_all, false, "a" },
	{ "unload", ARGS_ONE, "NAME", "take a patch, or --all, out of force and remove its module",
	  command_unload, command_unload_all, false, "a" },
	{ "install", ARGS_MANY, "FILE...", "keep patches where load and load --all find them",
	  command_install, NULL, false, "kr" },
	{ "uninstall", ARGS_MANY, "NAME...", "remove installed patches; loaded ones stay in force",
	  command_uninstall, NULL, false, "k" },
	{ "list", ARGS_NONE, NULL, "show the loaded patches", command_list, NULL, true, "" },
	{ "info", ARGS_ONE, "FILE|NAME", "show what is in a patch, loaded or not", command_info,
	  NULL, true, "" },
	{ "status", ARGS_NONE, NULL, "show whether all is in force and what is in the way",
	  command_status, NULL, true, "" },
	{ "signal", ARGS_NONE, NULL, "wake the tasks that hold a transition up", command_signal,
	  NULL, false, "" },
	{ "force", ARGS_ONE, "NAME", "end a transition regardless of tasks: a last resort",
	  command_force, NULL, false, "y" },
	{ "verify", ARGS_NONE, NULL, "compare what is loaded with what is installed",
	  command_verify, NULL, true, "" },
};

static const struct option long_options[] = {
	{ "wait", required_argument, NULL, 'w' },
	{ "keep-waiting", no_argument, NULL, 'K' },
	{ "all", no_argument, NULL, 'a' },
	{ "kernel", required_argument, NULL, 'k' },
	{ "replace", no_argument, NULL, 'r' },
	{ "yes", no_argument, NULL, 'y' },
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
		g_string_append_printf(text, "  %-18s %s\n", form, commands[i].help);
	}
	g_string_append(text, "\nOptions:\n"
			      "  -a, --all           load, unload: all patches\n"
			      "  -k, --kernel RELEASE\n"
			      "                      install, uninstall: for this kernel, not the "
			      "running one\n"
			      "  -r, --replace       install: take the place of another patch of "
			      "the name\n"
			      "  -y, --yes           force: do not ask\n"
			      "  -w, --wait SECONDS  how long a transition may take (60); status: "
			      "wait for it\n"
			      "  -K, --keep-waiting  do not undo a transition that takes longer\n"
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

static bool check_count(const struct options *options, size_t c, GError **err)
{
	guint count = g_strv_length((char **)options->args);
	bool none = commands[c].args == ARGS_NONE || options->all;

	if (!none && !count)
		return kp_fail(err, KP_USAGE, "kpatch %s needs %s", options->name, commands[c].arg);
	if (none ? count > 0 : commands[c].args == ARGS_ONE && count > 1)
		return kp_fail(err, KP_USAGE, "kpatch %s: \"%s\" is one argument too many",
			       options->name, options->args[none ? 0 : 1]);
	return true;
}

/* What a command does not know may have been meant for another one. */
static bool check_taken(const struct options *options, size_t c, GError **err)
{
	const struct {
		char letter;
		bool given;
	} special[] = {
		{ 'a', options->all },
		{ 'k', options->release },
		{ 'r', options->replace },
		{ 'y', options->yes },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(special); i++)
		if (special[i].given && !strchr(commands[c].takes, special[i].letter))
			return kp_fail(err, KP_USAGE,
				       "kpatch %s does not take the option -%c; see kpatch --help",
				       options->name, special[i].letter);
	return true;
}

static bool take_command(struct options *options, char **words, GError **err)
{
	if (!words[0])
		return kp_fail(err, KP_USAGE, "a command is missing; see kpatch --help");
	options->name = words[0];
	options->args = words + 1;
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(words[0], commands[i].name) != 0)
			continue;
		options->run = options->all ? commands[i].all : commands[i].run;
		options->shows = commands[i].shows;
		return check_taken(options, i, err) && check_count(options, i, err);
	}
	return kp_fail(err, KP_USAGE, "there is no command \"%s\"; see kpatch --help", words[0]);
}

bool options_parse(struct options *options, int argc, char **argv, GError **err)
{
	*options = (struct options){ .wait_seconds = 60 };
	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, "w:Kak:ryc:jqhV", long_options, NULL)) != -1;) {
		switch (c) {
		case 'w':
			if (!take_seconds(options, optarg, err))
				return false;
			options->wait = true;
			break;
		case 'K':
			options->keep_waiting = true;
			options->wait = true;
			break;
		case 'a':
			options->all = true;
			break;
		case 'k':
			options->release = optarg;
			break;
		case 'r':
			options->replace = true;
			break;
		case 'y':
			options->yes = true;
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
	return take_command(options, argv + optind, err);
}
