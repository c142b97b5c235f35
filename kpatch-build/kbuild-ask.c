// SPDX-License-Identifier: GPL-2.0
#include "kbuild-ask.h"

#include <string.h>

#include "error.h"
#include "run.h"
#include "tree.h"

#define MARK_CC	   "KPATCH-CC"
#define MARK_OTHER "KPATCH-OTHER"

/*
 * Variables of scripts/Kbuild.include, replaced on make's command line. if_changed_rule runs the
 * compile rule, cmd everything else that kbuild's own rules do.
 */
static const char *const ask_overrides[] = {
	"if_changed_rule=$(if $(filter cc_o_c,$(1))," MARK_CC " $@ $(cmd_cc_o_c)," MARK_OTHER
	" $@)",
	"cmd=" MARK_OTHER " $@",
	NULL,
};

/* The compile rule, except for the objects that were asked for. */
static const char *const generate_overrides[] = {
	"if_changed_rule=$(if $(filter $@,$(kpatch-objects)),@:,$(rule_$(1)))",
	NULL,
};

void kbuild_answer_free(struct kbuild_answer *answer)
{
	if (!answer)
		return;
	g_hash_table_unref(answer->commands);
	g_string_free(answer->messages, TRUE);
	g_free(answer->other);
	g_free(answer);
}

static GPtrArray *make_argv(const struct kbuild_question *question, const char *const *options,
			    const char *const *overrides)
{
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) vars = tree_make_vars(question->target);
	g_autoptr(GString) objects = g_string_new("kpatch-objects=");

	g_ptr_array_add(argv, g_strdup("make"));
	for (int i = 0; options[i]; i++)
		g_ptr_array_add(argv, g_strdup(options[i]));
	g_ptr_array_add(argv, g_strdup("-rRk"));
	g_ptr_array_add(argv, g_strdup("--no-print-directory"));
	g_ptr_array_add(argv, g_strdup("-f"));
	g_ptr_array_add(argv, g_strdup("scripts/Makefile.build"));
	g_ptr_array_add(argv, g_strdup("obj=."));
	g_ptr_array_add(argv, g_strdup("need-builtin=1"));
	g_ptr_array_add(argv, g_strdup("need-modorder=1"));
	for (int i = 0; vars[i]; i++)
		g_ptr_array_add(argv, g_strdup(vars[i]));
	for (int i = 0; overrides[i]; i++)
		g_ptr_array_add(argv, g_strdup(overrides[i]));
	for (guint i = 0; i < question->objects->len; i++) {
		g_string_append_printf(objects, " %s", (char *)question->objects->pdata[i]);
		g_ptr_array_add(argv, g_strconcat("./", question->objects->pdata[i], NULL));
	}
	g_ptr_array_add(argv, g_string_free(g_steal_pointer(&objects), FALSE));
	g_ptr_array_add(argv, NULL);
	return argv;
}

static void take_other(struct kbuild_answer *answer, const GPtrArray *objects, const char *name)
{
	/* After each object kbuild may call a checker for it. */
	if (!answer->other &&
	    !g_ptr_array_find_with_equal_func((GPtrArray *)objects, name, g_str_equal, NULL))
		answer->other = g_strdup(name);
}

/* Understands one line of "make -n"; *@joined: it goes on with what the last one began. */
static void parse_line(struct kbuild_answer *answer, const GPtrArray *objects, char *line,
		       bool *joined)
{
	bool was_joined = *joined;

	g_strstrip(line);
	*joined = g_str_has_suffix(line, "\\");
	if (was_joined || !*line || !strcmp(line, ":") || g_str_has_prefix(line, "make "))
		return;
	if (g_str_has_prefix(line, "make[") || g_str_has_prefix(line, "make:"))
		return;
	if (g_str_has_prefix(line, MARK_OTHER " ")) {
		take_other(answer, objects, line + strlen(MARK_OTHER " "));
		return;
	}
	if (!g_str_has_prefix(line, MARK_CC " ")) {
		g_autofree char *word = g_strndup(line, strcspn(line, " "));

		take_other(answer, objects, word);
		return;
	}
	const char *rest = line + strlen(MARK_CC " ");
	g_autofree char *object = g_strndup(rest, strcspn(rest, " "));

	take_other(answer, objects, object);
	g_hash_table_replace(answer->commands, g_strdup(object),
			     g_strdup(g_strchug((char *)rest + strlen(object))));
}

struct kbuild_answer *kbuild_ask(const struct kbuild_question *question, GError **err)
{
	static const char *const options[] = { "-n", NULL };
	g_autoptr(GPtrArray) argv = make_argv(question, options, ask_overrides);
	struct run_job job = { .argv = (char **)argv->pdata, .out = g_string_new(NULL) };
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();

	job.opts = (struct run_opts){ .cwd = question->srcdir,
				      .env = (const char *const *)question->env,
				      .log = question->log,
				      .any_status = true };
	g_ptr_array_add(jobs, &job);
	g_autoptr(kbuild_answer) answer = g_new0(struct kbuild_answer, 1);

	answer->commands = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	answer->messages = g_string_new(NULL);
	bool ok = run_pool(jobs, 1, NULL, NULL, err);

	if (ok) {
		g_auto(GStrv) lines = g_strsplit(job.out->str, "\n", 0);
		bool joined = false;

		for (int i = 0; lines[i]; i++)
			parse_line(answer, question->objects, lines[i], &joined);
		g_string_append(answer->messages, g_strchomp(job.output->str));
	}
	g_string_free(job.out, TRUE);
	if (job.output)
		g_string_free(job.output, TRUE);
	return ok ? g_steal_pointer(&answer) : NULL;
}

bool kbuild_answer_is_missing(const struct kbuild_answer *answer, const GPtrArray *objects)
{
	for (guint i = 0; i < objects->len; i++)
		if (!g_hash_table_contains(answer->commands, objects->pdata[i]))
			return true;
	return answer->other != NULL;
}

bool kbuild_generate(const struct kbuild_question *question, GError **err)
{
	g_autofree char *parallel = g_strdup_printf("-j%u", MAX(question->jobs, 1));
	const char *const options[] = { parallel, NULL };
	g_autoptr(GPtrArray) argv = make_argv(question, options, generate_overrides);
	const struct run_opts opts = { .cwd = question->srcdir,
				       .env = (const char *const *)question->env,
				       .log = question->log };
	int status = 1;

	for (int attempt = 0; attempt < 2 && status; attempt++)
		if (!run_status(&opts, (const char *const *)argv->pdata, NULL, &status, err))
			return false;
	return true;
}
