// SPDX-License-Identifier: GPL-2.0
#include "compile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "run.h"

struct compile_job *compile_job_new(const struct command *command, enum compile_variant variant,
				    const char *dir, const char *output)
{
	struct compile_job *job = g_new0(struct compile_job, 1);

	job->command = command;
	job->variant = variant;
	job->dir = dir;
	job->output = g_strdup(output);
	return job;
}

void compile_job_free(struct compile_job *job)
{
	if (!job)
		return;
	g_free(job->output);
	g_free(job->warnings);
	if (job->text)
		g_string_free(job->text, TRUE);
	g_free(job);
}

static bool is_preprocessing(const struct compile_job *job)
{
	return job->variant == COMPILE_PREPROCESS || job->variant == COMPILE_PREPROCESS_P;
}

static const char *const *variant_args(enum compile_variant variant)
{
	/* Debug information is of no use and holds paths; code does not depend on it. */
	static const char *const plain[] = { "-g0", "-c", NULL };
	/*
	 * The boot code writes the values of some variables right into built-in code
	 * (asm/runtime-const.h, since 6.11; only there do the names mean anything). Nobody would do
	 * that to a module, so code for a patch reads the variables, as code of modules does.
	 */
#define SPLIT                                                                                      \
	"-ffunction-sections", "-fdata-sections", "-D_ASM_RUNTIME_CONST_H",                        \
		"-Druntime_const_ptr(sym)=(sym)",                                                  \
		"-Druntime_const_shift_right_32(val,sym)=((u32)(val)>>(sym))",                     \
		"-Druntime_const_init(type,sym)=do{}while(0)", "-c"
	static const char *const split[] = { "-g0", SPLIT, NULL };
	/* Whatever the configuration leaves out of debug information: types are wanted. */
	static const char *const types[] = { "-g",	 "-gdwarf-4", "-gno-split-dwarf",
					     "-gz=none", SPLIT,	      NULL };
	static const char *const preprocess[] = { "-g0", "-E", NULL };
	static const char *const preprocess_p[] = { "-g0", "-E", "-P", NULL };
	static const char *const *const args[] = {
		[COMPILE_PLAIN] = plain,
		[COMPILE_SPLIT] = split,
		[COMPILE_TYPES] = types,
		[COMPILE_PREPROCESS] = preprocess,
		[COMPILE_PREPROCESS_P] = preprocess_p,
	};

	return args[variant];
}

static void add_args(GPtrArray *argv, const char *const *args)
{
	for (; args && *args; args++)
		g_ptr_array_add(argv, g_strdup(*args));
}

/* CONFIG_DEBUG_INFO_REDUCED leaves out types, which is all that is wanted of debug information. */
static bool is_left_out(const char *arg)
{
	return !strcmp(arg, "-c") || g_str_has_prefix(arg, "-Wp,-MMD") ||
	       g_str_has_prefix(arg, "-Wp,-MD") || g_str_has_prefix(arg, "-femit-struct-debug-");
}

char **compile_argv(const struct compile_job *job, const char *output)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	char **original = job->command->argv;

	bool options = false;

	for (int i = 0; original[i]; i++) {
		const char *arg = original[i];

		/* What precedes the options is the compiler, or a wrapper and the compiler. */
		if (!options && *arg == '-') {
			options = true;
			add_args(argv, job->first);
		}

		/* The output, dependencies and the source, which comes last again. */
		if (!strcmp(arg, "-o") && original[i + 1])
			i++;
		else if (!is_left_out(arg) && original[i + 1])
			g_ptr_array_add(argv, g_strdup(arg));
	}
	add_args(argv, variant_args(job->variant));
	add_args(argv, job->extra);
	g_ptr_array_add(argv, g_strdup("-o"));
	g_ptr_array_add(argv, g_strdup(output));
	g_ptr_array_add(argv, g_strdup(job->command->source));
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_steal(argv, NULL);
}

/*
 * An original's place in the cache. The master does not change, so command, compiler and
 * configuration (all in the target's key) say what comes out.
 */
static char *cache_path(const struct tree *tree, const struct compile_job *job)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_auto(GStrv) argv = compile_argv(job, "");
	g_autofree char *base = g_path_get_basename(job->command->object);

	base[strlen(base) - strlen(".o")] = '\0';
	g_checksum_update(sum, (const guchar *)tree->target->key, -1);
	for (int i = 0; argv[i]; i++)
		g_checksum_update(sum, (const guchar *)argv[i], (gssize)strlen(argv[i]) + 1);
	return g_strdup_printf("%s/objects/%s-%.32s.%s", tree->dir, base,
			       g_checksum_get_string(sum), is_preprocessing(job) ? "i" : "o");
}

/* A run of the compiler for a job. */
struct unit {
	struct compile_job *job;
	char *tmp;   /* what the compiler writes */
	char *place; /* where that goes when it is complete; NULL: into job->text */
};

static void unit_free(void *data)
{
	struct unit *unit = data;

	g_free(unit->tmp);
	g_free(unit->place);
	g_free(unit);
}

/* What compile_run() works with. */
struct run {
	const struct tree *tree;
	struct cache_tmp *tmp;
	char **env;
	unsigned int done, total;
	compile_done_fn callback;
	void *user;
};

static void run_done(struct run *run, const struct compile_job *job)
{
	run->done++;
	if (run->callback)
		run->callback(run->done, run->total, job, run->user);
}

static bool unit_done(struct run_job *rj, void *user, GError **err)
{
	struct run *run = user;
	struct unit *unit = rj->data;
	struct compile_job *job = unit->job;

	g_strchomp(rj->output->str);
	g_free(job->warnings);
	job->warnings = *rj->output->str ? g_strdup(rj->output->str) : NULL;
	if (!unit->place) {
		g_autofree char *text = NULL;
		gsize len;

		if (!g_file_get_contents(unit->tmp, &text, &len, err))
			return false;
		g_string_append_len(job->text, text, (gssize)len);
		remove(unit->tmp);
	} else if (rename(unit->tmp, unit->place) < 0) {
		return kp_fail_errno(err, "cannot write '%s'", unit->place);
	}
	run_done(run, job);
	return true;
}

/*
 * Elsewhere the assembler would not find the files that a source takes in with .incbin (two do:
 * kernel/configs.c and kernel/kheaders.c).
 */
static bool reads_binaries(const char *dir, const struct compile_job *job)
{
	g_autofree char *path = g_build_filename(dir, job->command->source, NULL);
	g_autofree char *text = NULL;

	return !g_file_get_contents(path, &text, NULL, NULL) || strstr(text, ".incbin");
}

/* The command with what it is called through. */
static char **launch_argv(const char *dir, const struct compile_job *job, const char *output)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_auto(GStrv) compiler = compile_argv(job, output);

	if (!reads_binaries(dir, job))
		add_args(argv, job->launcher);
	add_args(argv, (const char *const *)compiler);
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_steal(argv, NULL);
}

/* The run for a job that is not in the cache; @n: makes names unique. */
static struct run_job *new_unit(const struct run *run, struct compile_job *job, guint n)
{
	struct unit *unit = g_new0(struct unit, 1);

	unit->job = job;
	unit->tmp =
		g_strdup_printf("%s/%u.%s", run->tmp->path, n, is_preprocessing(job) ? "i" : "o");
	unit->place = job->text ? NULL : g_strdup(job->output);
	/* Elsewhere a rename would not do. */
	if (unit->place && !g_str_has_prefix(unit->place, run->tree->dir)) {
		g_free(unit->tmp);
		unit->tmp = g_strconcat(unit->place, ".tmp", NULL);
	}
	const char *dir = job->dir ?: run->tree->master;
	struct run_job *rj = run_job_new(job->launcher ? launch_argv(dir, job, unit->tmp)
						       : compile_argv(job, unit->tmp));

	rj->data = unit;
	rj->opts = (struct run_opts){ .cwd = dir,
				      .env = (const char *const *)run->env,
				      .what = job->command->source };
	return rj;
}

/* Whether the job's result is in the cache; sets the place of an original. */
static bool from_cache(const struct run *run, struct compile_job *job)
{
	job->cached = false;
	if (job->text || job->output)
		return false;
	job->output = cache_path(run->tree, job);
	job->cached = g_file_test(job->output, G_FILE_TEST_EXISTS);
	return job->cached;
}

static bool run_units(struct run *run, GPtrArray *jobs, unsigned int parallel, GError **err)
{
	g_autoptr(GPtrArray) units = g_ptr_array_new_with_free_func((GDestroyNotify)run_job_free);
	g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(unit_free);

	for (guint i = 0; i < jobs->len; i++) {
		if (from_cache(run, jobs->pdata[i])) {
			run_done(run, jobs->pdata[i]);
			continue;
		}
		struct run_job *unit = new_unit(run, jobs->pdata[i], i);

		g_ptr_array_add(units, unit);
		g_ptr_array_add(owned, unit->data);
	}
	if (run_pool(units, parallel, unit_done, run, err))
		return true;
	for (guint i = 0; i < owned->len; i++)
		remove(((struct unit *)owned->pdata[i])->tmp);
	return false;
}

bool compile_run(const struct tree *tree, GPtrArray *jobs, unsigned int parallel,
		 compile_done_fn done, void *user, GError **err)
{
	g_autofree char *objects = g_build_filename(tree->dir, "objects", NULL);
	g_autofree char *parent = g_build_filename(tree->dir, "work", NULL);
	struct run run = { .tree = tree, .total = jobs->len, .callback = done, .user = user };

	if (!cache_mkdir(objects, err))
		return false;
	run.tmp = cache_tmp_new(parent, err);
	if (!run.tmp)
		return false;
	/* The compiler's own temporary files: removed with ours, however it ends. */
	run.env = g_environ_setenv(tree_make_env(), "TMPDIR", run.tmp->path, TRUE);
	bool ok = run_units(&run, jobs, parallel, err);

	cache_tmp_free(run.tmp, false);
	g_strfreev(run.env);
	return ok;
}
