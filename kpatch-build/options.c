// SPDX-License-Identifier: GPL-2.0
#include "options.h"

#include <argp.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "package.h"

/* The kernel's limit for a module name (MODULE_NAME_LEN) is 56 with the terminating zero. */
#define NAME_MAX_LEN 55

enum {
	OPT_SKIP_COMPILER_CHECK = 256,
	OPT_CORE,
	OPT_JSON,
	OPT_CACHE,
	OPT_SIGN_KEY,
	OPT_SIGN_CERT,
	OPT_MAX_OBJECTS,
	OPT_KEEP,
	OPT_TITLE,
	OPT_PATCH_VERSION,
	OPT_AUTHOR,
	OPT_FIXES,
	OPT_PACKAGE,
	OPT_CC_LAUNCHER,
};

static const struct argp_option option_table[] = {
	{ 0, 0, 0, 0, "The kernel that the patch is for:", 1 },
	{ "archversion", 'a', "RELEASE", 0,
	  "kernel release, as uname -r shows it (default: running); several: a module for each",
	  0 },
	{ "sourcedir", 's', "DIR", 0, "source tree, prepared or built; it is only read", 0 },
	{ "config", 'c', "FILE", 0, "kernel configuration", 0 },
	{ "vmlinux", 'v', "FILE", 0, "vmlinux or vmlinuz of the kernel", 0 },
	{ "skip-compiler-check", OPT_SKIP_COMPILER_CHECK, 0, 0,
	  "use a compiler other than the one that built the kernel", 0 },
	{ "skip-gcc-check", OPT_SKIP_COMPILER_CHECK, 0, OPTION_ALIAS | OPTION_HIDDEN, 0, 0 },
	{ 0, 0, 0, 0, "The module:", 2 },
	{ "name", 'n', "NAME", 0, "name of the module (default: livepatch-PATCH)", 0 },
	{ "output", 'o', "DIR", 0, "folder for the module (default: the current one)", 0 },
	{ "non-replace", 'R', 0, 0, "do not replace patches that are loaded already", 0 },
	{ "core", OPT_CORE, "CORE", 0,
	  "kpatch: the bundled core (default), livepatch: the kernel's own", 0 },
	{ "package", OPT_PACKAGE, "KIND", 0,
	  "make a package of it as well, for exactly that kernel: deb or rpm", 0 },
	{ "sign-key", OPT_SIGN_KEY, "FILE", 0, "sign the module with this private key", 0 },
	{ "sign-cert", OPT_SIGN_CERT, "FILE", 0, "certificate that belongs to the key", 0 },
	{ "title", OPT_TITLE, "TEXT", 0, "what it is (default: the subjects of the patches)", 0 },
	{ "patch-version", OPT_PATCH_VERSION, "VERSION", 0, "its version", 0 },
	{ "author", OPT_AUTHOR, "TEXT", 0, "who made it (default: as the patches say)", 0 },
	{ "fixes", OPT_FIXES, "IDS", 0,
	  "the CVEs that it fixes, with commas between, or none (default: those that the patches "
	  "mention)",
	  0 },
	{ 0, 0, 0, 0, "The build:", 3 },
	{ "jobs", 'j', "N", 0, "compile N objects at once (default: one a processor)", 0 },
	{ "cc-launcher", OPT_CC_LAUNCHER, "COMMAND", 0,
	  "compile through this command: ccache, distcc, icecc", 0 },
	{ "target", 't', "TARGET", 0,
	  "only patch this object (fs/namei.o), module (nf_tables), vmlinux or modules; repeatable",
	  0 },
	{ "max-objects", OPT_MAX_OBJECTS, "N", 0, "compile up to N objects (default: 100)", 0 },
	{ "cache", OPT_CACHE, "DIR", 0, "cache folder (default: $KPATCH_CACHE, ~/.cache/kpatch)",
	  0 },
	{ 0, 0, 0, 0, "Output:", 4 },
	{ "json", OPT_JSON, "FILE", 0, "write a report", 0 },
	{ "quiet", 'q', 0, 0, "only print errors and warnings", 0 },
	{ "debug", 'd', 0, 0, "say more; twice: keep temporary files as well", 0 },
	{ "keep", OPT_KEEP, 0, 0, "keep temporary files and say where they are", 0 },
	{ "skip-cleanup", OPT_KEEP, 0, OPTION_ALIAS | OPTION_HIDDEN, 0, 0 },
	{ 0 },
};

/** struct parsing - argp's callback keeps the first error here. */
struct parsing {
	struct options *options;
	const char *name;
	const char *core;
	const char *package;
	const char *cc_launcher;
	GError **err;
};

static unsigned int parse_count(struct argp_state *state, const char *what, const char *arg)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(arg, 10, 1, 100000, &value, NULL))
		argp_error(state, "%s must be a number from 1 to 100000, not '%s'", what, arg);
	return (unsigned int)value;
}

static error_t parse_target_option(struct target_request *target, int key, char *arg)
{
	switch (key) {
	case 's':
		target->source_dir = arg;
		return 0;
	case 'c':
		target->config = arg;
		return 0;
	case 'v':
		target->vmlinux = arg;
		return 0;
	case OPT_SKIP_COMPILER_CHECK:
		target->skip_compiler_check = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_fixes_option(struct argp_state *state, int key, char *arg)
{
	struct fixes_given *given = &((struct parsing *)state->input)->options->fixes;
	g_autoptr(GError) error = NULL;

	switch (key) {
	case OPT_TITLE:
		given->title = arg;
		return 0;
	case OPT_PATCH_VERSION:
		given->version = arg;
		return 0;
	case OPT_AUTHOR:
		given->author = arg;
		return 0;
	case OPT_FIXES:
		if (!fixes_add_given(given, arg, &error))
			argp_error(state, "%s", error->message);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_module_option(struct parsing *p, int key, char *arg)
{
	struct options *o = p->options;

	switch (key) {
	case 'n':
		p->name = arg;
		return 0;
	case 'o':
		o->output_dir = arg;
		return 0;
	case 'R':
		o->replace = false;
		return 0;
	case OPT_CORE:
		p->core = arg;
		return 0;
	case OPT_PACKAGE:
		p->package = arg;
		return 0;
	case OPT_SIGN_KEY:
		o->sign_key = arg;
		return 0;
	case OPT_SIGN_CERT:
		o->sign_cert = arg;
		return 0;
	default:
		return parse_target_option(&o->target, key, arg);
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parsing *p = state->input;
	struct options *o = p->options;

	switch (key) {
	case 'a':
		if (!g_ptr_array_find_with_equal_func(o->releases, arg, g_str_equal, NULL))
			g_ptr_array_add(o->releases, arg);
		return 0;
	case OPT_CC_LAUNCHER:
		p->cc_launcher = arg;
		return 0;
	case 'j':
		o->jobs = parse_count(state, "--jobs", arg);
		return 0;
	case 't':
		g_ptr_array_add(o->only, g_strdup(arg));
		return 0;
	case OPT_MAX_OBJECTS:
		o->max_objects = parse_count(state, "--max-objects", arg);
		return 0;
	case OPT_CACHE:
		o->cache = arg;
		return 0;
	case OPT_JSON:
		o->json = arg;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'd':
		o->debug++;
		return 0;
	case OPT_KEEP:
		o->keep = true;
		return 0;
	case ARGP_KEY_ARG:
		g_ptr_array_add(o->patches, g_strdup(arg));
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no patch given");
		return EINVAL;
	default:
		return parse_module_option(p, key, arg) ? parse_fixes_option(state, key, arg) : 0;
	}
}

char *options_sanitise_name(const char *name)
{
	char *clean = g_strndup(name, NAME_MAX_LEN);

	for (char *p = clean; *p; p++)
		if (!g_ascii_isalnum(*p) && *p != '_' && *p != '-')
			*p = '-';
	return clean;
}

static char *default_name(const struct options *o)
{
	if (o->patches->len > 1)
		return g_strdup("livepatch-patch");
	g_autofree char *base = g_path_get_basename(o->patches->pdata[0]);

	for (gsize i = 0; i < 2; i++)
		if (g_str_has_suffix(base, i ? ".diff" : ".patch"))
			*strrchr(base, '.') = '\0';
	g_autofree char *full = g_strconcat("livepatch-", base, NULL);

	return options_sanitise_name(full);
}

static bool check_core(struct options *o, const char *name, GError **err)
{
	g_autofree char *names = patch_core_names();

	o->core = patch_core_find(name);
	return o->core ||
	       kp_fail(err, KP_USAGE, "--core=%s: there is no such core; use %s", name, names);
}

static bool check_releases(struct options *o, GError **err)
{
	struct target_request *target = &o->target;

	if (o->releases->len == 1)
		target->release = o->releases->pdata[0];
	if (o->releases->len > 1 && (target->source_dir || target->config || target->vmlinux))
		return kp_fail(
			err, KP_USAGE,
			"--sourcedir, --config and --vmlinux are about one kernel: give them "
			"with one --archversion");
	return true;
}

/* Compilers run in the kernel's source, where a relative path would not lead anywhere. */
static bool check_launcher(struct options *o, const char *text, GError **err)
{
	g_autoptr(GError) why = NULL;

	if (!text)
		return true;
	if (!g_shell_parse_argv(text, NULL, &o->cc_launcher, &why))
		return kp_fail(err, KP_USAGE, "--cc-launcher='%s': %s", text, why->message);
	g_autofree char *found = g_find_program_in_path(o->cc_launcher[0]);

	if (!found)
		return kp_fail(
			err, KP_FAILED,
			"--cc-launcher: there is no command '%s'; install it (the packages "
			"of ccache, distcc and icecc are called like them), or give its path",
			o->cc_launcher[0]);
	g_free(o->cc_launcher[0]);
	o->cc_launcher[0] = g_canonicalize_filename(found, NULL);
	return true;
}

/* The patches' names change from version to version, so they are in no name here. */
static bool choose_package(struct options *o, const char *format, GError **err)
{
	o->package = package_format_find(format, err);
	if (!o->package || !package_check_version(o->fixes.version, err))
		return false;
	o->name = package_module_name(o->given_name, o->fixes.version, err);
	return o->name;
}

static bool check_options(struct parsing *p, GError **err)
{
	struct options *o = p->options;

	if (!check_core(o, p->core, err) || !check_releases(o, err) ||
	    !check_launcher(o, p->cc_launcher, err))
		return false;
	if (!g_file_test(o->output_dir, G_FILE_TEST_IS_DIR))
		return kp_fail(err, KP_FAILED, "output folder %s does not exist; make it first",
			       o->output_dir);
	if (!fixes_check_given(&o->fixes, err))
		return false;
	if (!o->sign_key != !o->sign_cert)
		return kp_fail(err, KP_USAGE, "--sign-key and --sign-cert only work together");
	if (p->name && !*p->name)
		return kp_fail(err, KP_USAGE, "--name is empty");
	for (guint i = 0; i < o->patches->len; i++)
		if (!g_file_test(o->patches->pdata[i], G_FILE_TEST_IS_REGULAR))
			return kp_fail(err, KP_FAILED, "patch file '%s' not found",
				       (char *)o->patches->pdata[i]);
	o->given_name = p->name;
	if (p->package)
		return choose_package(o, p->package, err);
	o->name = p->name ? options_sanitise_name(p->name) : default_name(o);
	return true;
}

bool options_parse(struct options *options, int argc, char **argv, GError **err)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.args_doc = "PATCH...",
		.doc = "Build a module that patches the running kernel from source patches.\v"
		       "Exit status: 0 built, 1 failed, 2 the patch cannot be made into a module, "
		       "3 it changes nothing, 4 built for some of several kernels, 64 wrong usage.",
	};
	struct parsing parsing = { .options = options, .err = err };
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	*options = (struct options){
		.patches = g_ptr_array_new_with_free_func(g_free),
		.releases = g_ptr_array_new(),
		.only = g_ptr_array_new_with_free_func(g_free),
		.jobs = processors > 0 ? (unsigned int)processors : 1,
		.output_dir = ".",
		.replace = true,
		.max_objects = 100,
	};
	argp_program_version = "kpatch-build " KP_VERSION;
	argp_err_exit_status = KP_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &parsing);
	if (!check_options(&parsing, err))
		return false;
	options->keep |= options->debug > 1;
	return true;
}

void options_clear(struct options *options)
{
	g_clear_pointer(&options->patches, g_ptr_array_unref);
	g_clear_pointer(&options->releases, g_ptr_array_unref);
	g_clear_pointer(&options->only, g_ptr_array_unref);
	g_clear_pointer(&options->cc_launcher, g_strfreev);
	g_clear_pointer(&options->name, g_free);
	fixes_clear_given(&options->fixes);
}
