// SPDX-License-Identifier: GPL-2.0
/*
 * Target, tree, walk, commands and compilation as a program, for the tests next to it:
 *   kbuild-tool target               what was found
 *   kbuild-tool prepare              the path of the master
 *   kbuild-tool objects [SOURCE...]  PATH SOURCE builtin|module|both MODULES REASON
 *   kbuild-tool commands OBJECT...   as in kbuild's .cmd file, and objtool's
 *   kbuild-tool compile OUT SOURCE...  the path of each original, then OUT/N.o from a working copy
 *   kbuild-tool copy COMMAND         run a shell command in a working copy
 *   kbuild-tool rewalk COMMAND DIR...  the same, then the objects that only the copy has, and
 *                                    their commands
 *   kbuild-tool module NAME OUT      the path of a module's file
 * RELEASE, SOURCE_DIR, CONFIG, VMLINUX, SKIP_CHECK in the environment are the request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "compile.h"
#include "error.h"
#include "kbuild.h"
#include "run.h"
#include "target.h"
#include "tree.h"

struct tool {
	struct target *target;
	struct tree *tree;
	struct kbuild *kbuild;
	struct commands *commands;
	char **args; /* after the subcommand */
};

static bool open_tree(struct tool *t, GError **err)
{
	g_autofree char *cache = cache_root(NULL, err);

	t->tree = cache ? tree_open(t->target, cache, 2, NULL, NULL, err) : NULL;
	t->kbuild = t->tree ? kbuild_open(t->tree, 2, err) : NULL;
	t->commands = t->kbuild ? commands_open(t->tree, 2, err) : NULL;
	return t->commands;
}

static bool show_target(struct tool *t, GError **err)
{
	const struct target *target = t->target;

	(void)err;
	printf("release %s\nversion %s\ndistro %s\nsource %s\nconfig %s\nheaders %s\n"
	       "symvers %s\nimage %s\nmodules %s\ncc %s\nkernel_version %x\n",
	       target->release, target->version, target->distro, target->source, target->config,
	       target->headers ?: "-", target->symvers, target->image, target->modules ?: "-",
	       target->cc, target->kernel_version);
	return true;
}

static bool prepare(struct tool *t, GError **err)
{
	if (!open_tree(t, err))
		return false;
	printf("%s\n", t->tree->master);
	return true;
}

static void print_object(const struct kbuild_object *object)
{
	g_ptr_array_add(object->modules, NULL);
	g_autofree char *modules = g_strjoinv(",", (char **)object->modules->pdata);

	g_ptr_array_set_size(object->modules, (int)object->modules->len - 1);
	printf("%s %s %s %s %s\n", object->path, object->source ?: "-",
	       !object->builtin ? "module"
	       : *modules	? "both"
				: "builtin",
	       *modules ? modules : "-", object->unpatchable ?: "-");
}

static bool show_objects(struct tool *t, GError **err)
{
	if (!open_tree(t, err))
		return false;
	const GPtrArray *all = kbuild_objects(t->kbuild);

	for (guint i = 0; !*t->args && i < all->len; i++)
		print_object(all->pdata[i]);
	for (char **source = t->args; *source; source++) {
		const GPtrArray *found = kbuild_find_objects_for_source(t->kbuild, *source);

		for (guint i = 0; i < found->len; i++)
			print_object(found->pdata[i]);
	}
	return true;
}

static void print_command(const struct command *command)
{
	g_autofree char *line = g_strjoinv(" ", command->argv);
	g_autofree char *objtool = command->objtool ? g_strjoinv(" ", command->objtool) : NULL;

	printf("%s: %s%s%s\n", command->object, line, objtool ? " ; " : "", objtool ?: "");
}

static bool show_commands(struct tool *t, GError **err)
{
	g_autoptr(GPtrArray) objects = g_ptr_array_new();

	if (!open_tree(t, err))
		return false;
	for (char **path = t->args; *path; path++) {
		const struct kbuild_object *object = kbuild_find_object(t->kbuild, *path);

		if (!object)
			return kp_fail(err, KP_FAILED, "%s is not built", *path);
		g_ptr_array_add(objects, (void *)object);
	}
	if (!commands_learn(t->commands, objects, NULL, err))
		return false;
	for (char **path = t->args; *path; path++)
		print_command(commands_get(t->commands, *path));
	return true;
}

/* Both variants of the original, and the split one from a working copy. */
static bool add_jobs(struct tool *t, GPtrArray *jobs, const struct work *work, const char *source,
		     const char *out, GError **err)
{
	const GPtrArray *found = kbuild_find_objects_for_source(t->kbuild, source);

	if (!found->len)
		return kp_fail(err, KP_FAILED, "%s is not built", source);
	if (!commands_learn(t->commands, found, NULL, err))
		return false;
	const struct kbuild_object *object = found->pdata[0];
	const struct command *command = commands_get(t->commands, object->path);
	g_autofree char *path = g_strdup_printf("%s/%u.o", out, jobs->len / 3);

	g_ptr_array_add(jobs, compile_job_new(command, COMPILE_PLAIN, NULL, NULL));
	g_ptr_array_add(jobs, compile_job_new(command, COMPILE_SPLIT, NULL, NULL));
	g_ptr_array_add(jobs, compile_job_new(command, COMPILE_SPLIT, work->copy, path));
	return true;
}

static bool compile_sources(struct tool *t, GError **err)
{
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	struct work *work = open_tree(t, err) ? work_new(t->tree, err) : NULL;
	bool ok = work && work_copy(work, err);
	g_autofree char *script = g_strdup(getenv("EDIT"));
	const char *const argv[] = { "sh", "-ec", script, NULL };

	if (ok && script) {
		const struct run_opts opts = { .cwd = work->copy };

		ok = run_command(&opts, argv, NULL, err);
	}
	for (char **source = t->args + 1; ok && *source; source++)
		ok = add_jobs(t, jobs, work, *source, t->args[0], err);
	ok = ok && compile_run(t->tree, jobs, 2, NULL, NULL, err);
	for (guint i = 0; ok && i < jobs->len; i++) {
		const struct compile_job *job = jobs->pdata[i];

		printf("%s %s\n", job->output, job->cached ? "cached" : "compiled");
	}
	work_free(work);
	return ok;
}

static bool in_copy(struct tool *t, struct work **work, GError **err)
{
	const char *const argv[] = { "sh", "-ec", t->args[0], NULL };
	g_autoptr(GString) out = g_string_new(NULL);

	*work = open_tree(t, err) ? work_new(t->tree, err) : NULL;
	if (!*work || !work_copy(*work, err))
		return false;
	const struct run_opts opts = { .cwd = (*work)->copy };

	if (!run_command(&opts, argv, out, err))
		return false;
	fputs(out->str, stdout);
	return true;
}

static bool run_in_copy(struct tool *t, GError **err)
{
	struct work *work = NULL;
	bool ok = in_copy(t, &work, err);

	work_free(work);
	return ok;
}

static bool rewalk_copy(struct tool *t, const struct work *work, GError **err)
{
	g_autoptr(GPtrArray) dirs = g_ptr_array_new();

	for (char **dir = t->args + 1; *dir; dir++)
		g_ptr_array_add(dirs, *dir);
	struct kbuild *fresh = kbuild_rewalk(t->kbuild, work, dirs, err);
	bool ok = fresh;

	for (guint i = 0; ok && i < kbuild_objects(fresh)->len; i++) {
		const struct kbuild_object *object = kbuild_objects(fresh)->pdata[i];

		if (kbuild_find_object(t->kbuild, object->path))
			continue;
		print_object(object);
		ok = commands_learn_new(t->commands, object, work, err);
		if (ok)
			print_command(commands_get(t->commands, object->path));
	}
	for (guint i = 0; ok && i < kbuild_objects(t->kbuild)->len; i++) {
		const struct kbuild_object *object = kbuild_objects(t->kbuild)->pdata[i];

		if (!kbuild_find_object(fresh, object->path))
			printf("gone: %s\n", object->path);
	}
	kbuild_free(fresh);
	return ok;
}

static bool rewalk(struct tool *t, GError **err)
{
	struct work *work = NULL;
	bool ok = in_copy(t, &work, err) && rewalk_copy(t, work, err);

	work_free(work);
	return ok;
}

static bool show_module(struct tool *t, GError **err)
{
	g_autofree char *path = target_module(t->target, t->args[0], t->args[1], err);

	if (path)
		printf("%s\n", path);
	return path;
}

static const struct {
	const char *name;
	int args; /* at least */
	bool (*run)(struct tool *t, GError **err);
} subcommands[] = {
	{ "target", 0, show_target },	   { "prepare", 0, prepare },
	{ "objects", 0, show_objects },	   { "commands", 1, show_commands },
	{ "compile", 2, compile_sources }, { "copy", 1, run_in_copy },
	{ "rewalk", 2, rewalk },	   { "module", 2, show_module },
};

static bool run_tool(struct tool *t, const char *name, int args, GError **err)
{
	const struct target_request request = {
		.release = getenv("RELEASE"),
		.source_dir = getenv("SOURCE_DIR"),
		.config = getenv("CONFIG"),
		.vmlinux = getenv("VMLINUX"),
		.skip_compiler_check = getenv("SKIP_CHECK") != NULL,
	};

	for (size_t i = 0; i < G_N_ELEMENTS(subcommands); i++) {
		if (strcmp(name, subcommands[i].name) || args < subcommands[i].args)
			continue;
		t->target = target_find(&request, err);
		return t->target && subcommands[i].run(t, err);
	}
	return kp_fail(err, KP_USAGE, "no such subcommand, or too few arguments");
}

int main(int argc, char **argv)
{
	struct tool t = { .args = argv + 2 };
	GError *error = NULL;

	if (argc < 2)
		return KP_USAGE;
	run_catch_signals();
	bool ok = run_tool(&t, argv[1], argc - 2, &error);

	if (!ok)
		fprintf(stderr, "%s\n", error->message);
	commands_free(t.commands);
	kbuild_free(t.kbuild);
	tree_free(t.tree);
	target_free(t.target);
	return kp_exit_status(error);
}
