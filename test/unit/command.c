// SPDX-License-Identifier: GPL-2.0
/* Reading kbuild's compile commands, and what the variants make of them. */
#include <stdint.h>

#include "command.h"
#include "compile.h"
#include "target-util.h"

/* The shape of Linux 6.1: objtool runs on each object. */
#define OLD                                                                                        \
	"gcc-12 -Wp,-MMD,fs/.namei.o.d -nostdinc -I./include -include ./include/linux/kconfig.h "  \
	"-O2 -g -DKBUILD_MODFILE='\"fs/namei\"' -DKBUILD_BASENAME='\"na;mei\"' -DX=\"a && b\" "    \
	"-c -o fs/namei.o fs/namei.c  ; ./tools/objtool/objtool --orc --retpoline   fs/namei.o"

/* The shape of 6.12. */
#define NEW                                                                                        \
	"gcc-12 -Wp,-MMD,a/.b.o.d -O2 -gdwarf-5 -DKBUILD_MODNAME='\"b\"' -c -o a/b.o a/../c/b.c "

static bool has(char **argv, const char *arg)
{
	return g_strv_contains((const char *const *)argv, arg);
}

static void reads(struct test *t)
{
	GError *err = NULL;
	struct command *command = command_parse("fs/namei.o", OLD, &err);

	if (!check(t, command != NULL, "old-shape", "%s", err ? err->message : ""))
		return;
	check(t, !strcmp(command->argv[0], "gcc-12") && !strcmp(command->source, "fs/namei.c"),
	      "compiler-and-source", "%s %s", command->argv[0], command->source);
	check(t,
	      has(command->argv, "-DKBUILD_MODFILE=\"fs/namei\"") &&
		      has(command->argv, "-DKBUILD_BASENAME=\"na;mei\"") &&
		      has(command->argv, "-DX=a && b"),
	      "quotes", "not as a shell would");
	g_autofree char *objtool = command->objtool ? g_strjoinv(" ", command->objtool) : NULL;

	check(t, !g_strcmp0(objtool, "./tools/objtool/objtool --orc --retpoline"), "objtool", "%s",
	      objtool);
	command_free(command);
	command = command_parse("a/b.o", NEW, &err);
	check(t, command && !command->objtool && !strcmp(command->source, "a/../c/b.c"),
	      "new-shape", "%s", err ? err->message : "objtool");
	command_free(command);
}

static void refuses(struct test *t)
{
	GError *err = NULL;

	check(t, !command_parse("fs/other.o", OLD, &err), "other-object", "taken");
	check_error(t, "other-object-error", &err, "no call of the compiler for fs/other.o");
	check(t, !command_parse("a/b.o", "", &err), "empty", "taken");
	check_error(t, "empty-error", &err, "no call of the compiler");
	check(t, !command_parse("a/b.o", "gcc -c -o 'a/b.o a.c", &err), "open-quote", "taken");
	check_error(t, "open-quote-error", &err, "no call of the compiler");
	check(t, !command_parse("a/b.o", "as -c -o", &err), "cut-off", "taken");
	check_error(t, "cut-off-error", &err, "no call of the compiler");
}

static void variants(struct test *t)
{
	static const char *const extra[] = { "-I/kpatch", NULL };
	struct command *command = command_parse("fs/namei.o", OLD, NULL);
	struct compile_job *job = compile_job_new(command, COMPILE_SPLIT, NULL, NULL);

	job->extra = extra;
	g_auto(GStrv) split = compile_argv(job, "/out/x.o");
	g_autofree char *line = g_strjoinv(" ", split);

	check(t,
	      strstr(line, " -g0 -ffunction-sections -fdata-sections ") &&
		      strstr(line, " -Druntime_const_ptr(sym)=(sym) ") &&
		      g_str_has_suffix(line, " -c -I/kpatch -o /out/x.o fs/namei.c"),
	      "split", "%s", line);
	check(t, !strstr(line, "-MMD") && !strstr(line, "fs/namei.o") && !strstr(line, "objtool"),
	      "writes-nothing-else", "%s", line);
	job->variant = COMPILE_PREPROCESS_P;
	job->extra = NULL;
	g_auto(GStrv) preprocess = compile_argv(job, "x.i");
	g_autofree char *other = g_strjoinv(" ", preprocess);

	check(t, g_str_has_suffix(other, "-g0 -E -P -o x.i fs/namei.c") && !has(preprocess, "-c"),
	      "preprocess", "%s", other);
	compile_job_free(job);
	command_free(command);
}

int main(void)
{
	struct test t;

	test_start(&t);
	reads(&t);
	refuses(&t);
	variants(&t);
	return test_end(&t);
}
