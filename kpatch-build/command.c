// SPDX-License-Identifier: GPL-2.0
#include "command.h"

#include <string.h>

#include "error.h"
#include "kbuild-ask.h"
#include "kbuild-env.h"
#include "lock.h"

struct commands {
	const struct tree *tree;
	unsigned int jobs;
	char *dir;	   /* a file for each command, CACHE/TARGET/commands */
	GHashTable *known; /* object -> struct command * */
};

struct commands *commands_open(const struct tree *tree, unsigned int jobs, GError **err)
{
	g_autofree char *dir = g_build_filename(tree->dir, "commands", NULL);

	if (!cache_mkdir(dir, err))
		return NULL;
	struct commands *commands = g_new0(struct commands, 1);

	commands->tree = tree;
	commands->jobs = jobs;
	commands->dir = g_steal_pointer(&dir);
	commands->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)command_free);
	return commands;
}

void commands_free(struct commands *commands)
{
	if (!commands)
		return;
	g_hash_table_unref(commands->known);
	g_free(commands->dir);
	g_free(commands);
}

const struct command *commands_get(const struct commands *commands, const char *object)
{
	return g_hash_table_lookup(commands->known, object);
}

static char *file_of(const struct commands *commands, const char *object)
{
	g_autofree char *name = g_strdelimit(g_strdup(object), "/", '!');

	return g_build_filename(commands->dir, name, NULL);
}

static bool remember(struct commands *commands, const char *object, const char *text, GError **err)
{
	struct command *command = command_parse(object, text, err);

	if (!command)
		return false;
	g_hash_table_replace(commands->known, g_strdup(object), command);
	return true;
}

/* The objects whose command is neither known nor in the cache. */
static GPtrArray *find_unknown(struct commands *commands, const GPtrArray *objects)
{
	GPtrArray *unknown = g_ptr_array_new();

	for (guint i = 0; i < objects->len; i++) {
		const struct kbuild_object *object = objects->pdata[i];
		g_autofree char *file = file_of(commands, object->path);
		g_autofree char *text = NULL;

		if (commands_get(commands, object->path))
			continue;
		if (!g_file_get_contents(file, &text, NULL, NULL) ||
		    !remember(commands, object->path, text, NULL))
			g_ptr_array_add(unknown, object->path);
	}
	return unknown;
}

/* Takes the answers for @objects and keeps them in the cache. */
static bool take(struct commands *commands, const GPtrArray *objects,
		 const struct kbuild_answer *answer, GError **err)
{
	for (guint i = 0; i < objects->len; i++) {
		const char *object = objects->pdata[i];
		const char *text = g_hash_table_lookup(answer->commands, object);
		g_autofree char *file = file_of(commands, object);

		if (!text)
			return kp_fail(err, KP_FAILED,
				       "kbuild does not say how to compile %s%s%s; see '%s'",
				       object, *answer->messages->str ? ": " : "",
				       answer->messages->str, commands->tree->log);
		if (!remember(commands, object, text, err) ||
		    !cache_write(file, text, strlen(text), err))
			return false;
	}
	return true;
}

static bool ask_master(struct commands *commands, const GPtrArray *objects, bool *generated,
		       GError **err)
{
	const struct tree *tree = commands->tree;
	g_autofree char *lock_path = g_build_filename(tree->dir, "lock", NULL);
	g_autofree char *env_path = kbuild_env_path(tree);
	g_auto(GStrv) env = kbuild_env_load(env_path, tree->master, err);
	g_autoptr(kp_lock) lock = env ? kp_lock_take(lock_path, KP_LOCK_EXCLUSIVE, err) : NULL;

	if (!lock)
		return false;
	const struct kbuild_question question = { .target = tree->target,
						  .srcdir = tree->master,
						  .env = env,
						  .log = tree->log,
						  .jobs = commands->jobs,
						  .objects = objects };
	g_autoptr(kbuild_answer) answer = kbuild_ask(&question, err);

	*generated = false;
	if (answer && kbuild_answer_is_missing(answer, objects)) {
		*generated = true;
		if (!kbuild_generate(&question, err))
			return false;
		g_clear_pointer(&answer, kbuild_answer_free);
		answer = kbuild_ask(&question, err);
	}
	return answer && take(commands, objects, answer, err);
}

bool commands_learn(struct commands *commands, const GPtrArray *objects, struct work *work,
		    GError **err)
{
	g_autoptr(GPtrArray) unknown = find_unknown(commands, objects);
	bool generated;

	if (!unknown->len)
		return true;
	if (!ask_master(commands, unknown, &generated, err))
		return false;
	return !work || !generated || work_refresh(work, err);
}

bool commands_learn_new(struct commands *commands, const struct kbuild_object *object,
			const struct work *work, GError **err)
{
	const struct tree *tree = commands->tree;
	g_autofree char *env_path = kbuild_env_path(tree);
	g_autofree char *log = g_build_filename(work->dir, "command.log", NULL);
	g_auto(GStrv) env = kbuild_env_load(env_path, work->copy, err);
	g_autoptr(GPtrArray) objects = g_ptr_array_new();

	if (!env)
		return false;
	g_ptr_array_add(objects, object->path);
	const struct kbuild_question question = { .target = tree->target,
						  .srcdir = work->copy,
						  .env = env,
						  .log = log,
						  .jobs = 1,
						  .objects = objects };
	g_autoptr(kbuild_answer) answer = kbuild_ask(&question, err);
	const char *text = answer ? g_hash_table_lookup(answer->commands, object->path) : NULL;

	if (!answer)
		return false;
	if (!text)
		return kp_fail(err, KP_FAILED, "kbuild does not say how to compile the new %s: %s",
			       object->path, answer->messages->str);
	/* Nothing may be made in the copy, whose files are links to the master's. */
	if (answer->other)
		return kp_fail(err, KP_UNPATCHABLE,
			       "the new %s needs '%s', which kbuild would have to generate first; "
			       "put the generated file into the patch",
			       object->path, answer->other);
	return remember(commands, object->path, text, err);
}
