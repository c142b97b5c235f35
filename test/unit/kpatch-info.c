// SPDX-License-Identifier: GPL-2.0
/*
 * kpatch info on modules made of assembly: every table, whole and damaged; and what kpatch list
 * reads of the same things from sysfs.
 */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "kpatch/command.h"
#include "kpatch/declared.h"
#include "kpatch/host.h"

struct bench {
	char *dir;
	struct host host;
	struct command cmd;
};

static void setup(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	*b = (struct bench){ .dir = g_dir_make_tmp("kpatch-unit-XXXXXX", NULL) };
	g_assert_nonnull(b->dir);
	b->host = (struct host){
		.store = b->dir,
		.release = (char *)"6.1.0-1-test",
		.signal_fd = -1,
		.kmsg_fd = -1,
	};
	b->cmd = (struct command){
		.host = &b->host,
		.result = json_object(),
		.text = g_string_new(NULL),
	};
}

static void teardown(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	g_autoptr(GDir) dir = g_dir_open(b->dir, 0, NULL);

	for (const char *name; (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(b->dir, name, NULL);
		g_unlink(path);
	}
	g_rmdir(b->dir);
	g_free(b->dir);
	json_decref(b->cmd.result);
	g_string_free(b->cmd.text, TRUE);
}

/* Assemble @source, with the module information of a patch, to a file; returns its path. */
static char *assemble(const struct bench *b, const char *info, const char *source)
{
	g_autofree char *text = g_strconcat(
		".section .modinfo,\"a\"\n"
		".asciz \"vermagic=6.1.0-2-other SMP mod_unload\"\n",
		info,
		".section .rodata.str1.1,\"aMS\",@progbits,1\n"
		"v: .asciz \"vmlinux\"\nm: .asciz \"snd_pcm\"\nf: .asciz \"fs/a.c\"\n"
		"one: .asciz \"one\"\ntwo: .asciz \"two\"\nbad: .ascii \"\\033[2J\\0\"\n"
		".text\n.type first,@function\nfirst: ret\n.size first,1\n"
		".type second,@function\nsecond: ret\n.size second,1\nret\nunnamed: ret\n",
		source, NULL);
	g_autofree char *from = g_build_filename(b->dir, "patch.s", NULL);
	char *path = g_build_filename(b->dir, "patch.ko", NULL);
	const char *argv[] = { "as", "-o", path, from, NULL };
	int status = -1;

	g_assert_true(g_file_set_contents(from, text, -1, NULL));
	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
				   NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
	return path;
}

#define MADE ".asciz \"name=fix\"\n.asciz \"kpatch.core=kpatch\"\n"

static void expect_info(struct bench *b, const char *path)
{
	GError *error = NULL;

	json_object_clear(b->cmd.result);
	g_string_truncate(b->cmd.text, 0);
	g_assert_true(command_info(&b->cmd, path, &error));
	g_assert_no_error(error);
}

static void expect_fail(struct bench *b, const char *path, const char *words)
{
	GError *error = NULL;

	json_object_clear(b->cmd.result);
	g_string_truncate(b->cmd.text, 0);
	g_assert_false(command_info(&b->cmd, path, &error));
	g_assert_nonnull(error);
	g_assert_cmpint(kp_exit_status(error), ==, KP_FAILED);
	if (!strstr(error->message, words))
		g_error("\"%s\" does not contain \"%s\"", error->message, words);
	/* What is damaged shows nothing that could be taken for the whole. */
	g_assert_cmpstr(b->cmd.text->str, ==, "");
	g_assert_null(json_object_get(b->cmd.result, "objects"));
	g_clear_error(&error);
}

/* The part of the result that is called @key equals @json. */
static void expect_json(const struct bench *b, const char *key, const char *json)
{
	g_autofree char *got = json_dumps(json_object_get(b->cmd.result, key),
					  JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);

	g_assert_cmpstr(got, ==, json);
}

static void expect_text(const struct bench *b, const char *words)
{
	if (!strstr(b->cmd.text->str, words))
		g_error("\"%s\" does not contain \"%s\"", b->cmd.text->str, words);
}

#define TABLE(name) ".section " name ",\"aw\",@progbits\n"
#define FUNCS                                                                                      \
	TABLE(".kpatch.funcs")                                                                     \
	".quad first, 10, 0, 11, 0, one, v\n"                                                      \
	".quad second, 12, 0, 13, 3, two, m\n"
#define FUNCS_END ".zero 56\n"

static void test_functions(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	/* With the row of zeroes that ends it, and without, as old modules have it. */
	for (int i = 0; i < 2; i++) {
		g_autofree char *path = assemble(b, MADE, i ? FUNCS : FUNCS FUNCS_END);

		expect_info(b, path);
		expect_json(b, "objects",
			    "[{\"callbacks\":[],\"functions\":[{\"name\":\"one\",\"new_size\":10,"
			    "\"old_size\":11,\"sympos\":0}],\"late_references\":0,"
			    "\"name\":\"vmlinux\"},"
			    "{\"callbacks\":[],\"functions\":[{\"name\":\"two\",\"new_size\":12,"
			    "\"old_size\":13,\"sympos\":3}],\"late_references\":0,"
			    "\"name\":\"snd_pcm\"}]");
		expect_text(b, "  vmlinux\n    function one: 10 bytes, was 11\n");
		expect_text(b, "  snd_pcm\n    function two,3: 12 bytes, was 13\n");
		expect_text(b, "  no states, shadow types or kept data\n");
	}
}

static void test_module(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *path =
		assemble(b,
			 MADE ".asciz \"author=A\"\n.asciz \"author=B\"\n.asciz \"version=2\"\n"
			      ".asciz \"description=\\033[2Jx\"\n.asciz \"depends=kpatch,snd\"\n"
			      ".asciz \"license=GPL\"\n.asciz \"kpatch.replace=N\"\n"
			      ".asciz \"kpatch.build_id=0102\"\n",
			 FUNCS FUNCS_END);

	expect_info(b, path);
	g_autofree char *file = g_strdup_printf("fix\n  file: %s\n", path);
	expect_text(b, file);
	expect_text(b, "  version: 2\n  description: ?[2Jx\n  author: A, B\n  license: GPL\n"
		       "  core: kpatch\n  kernel: 6.1.0-2-other (build-id 0102)\n"
		       "  cumulative: no\n  needs modules: kpatch, snd\n");
	expect_json(b, "depends", "[\"kpatch\",\"snd\"]");
	expect_json(b, "replace", "false");
	expect_json(b, "kernel", "\"6.1.0-2-other\"");
}

/* A livepatch that somebody wrote by hand: there is little to say, and no error. */
static void test_by_hand(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *path =
		assemble(b, ".asciz \"livepatch=Y\"\n.asciz \"name=hand\"\n", "");

	expect_info(b, path);
	expect_text(b, "  core: livepatch\n");
	expect_text(b, "  cumulative: the file does not say\n");
	expect_text(b, "  functions: the file does not list them\n"
		       "  no states, shadow types or kept data\n");
	expect_json(b, "replace", "null");
	expect_json(b, "states", "[]");
}

static void test_callbacks(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *path = assemble(
		b, MADE,
		TABLE(".kpatch.callbacks.pre_patch") ".quad first, v\nc: .quad unnamed, m\n.zero 16\n"
		TABLE(".kpatch.callbacks.post_patch") ".zero 16\n"
		TABLE(".kpatch.callbacks.post_unpatch") ".quad _printk + 16, v\n.zero 16\n"
		TABLE(".kpatch.places") ".quad c, f, 7\n");

	expect_info(b, path);
	expect_text(b, "  vmlinux\n    callback pre_patch: first\n"
		       "    callback post_unpatch: _printk+0x10\n");
	expect_text(b, "  snd_pcm\n    callback pre_patch: .text+0x3 (fs/a.c:7)\n");
}

#define STATES                                                                                     \
	TABLE(".kpatch.states")                                                                    \
	".quad one, 0x40, first, 0, 0, second, f, v\n.long 2, 12\n.quad 1\n"                       \
	".quad two, 0x41, 0, 0, 0, 0, f, m\n.long 0, 13\n.quad 0\n"

static void test_states(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *path = assemble(b, MADE, STATES ".zero 80\n");

	expect_info(b, path);
	expect_json(b, "states",
		    "[{\"block_disable\":true,\"callbacks\":["
		    "{\"function\":\"first\",\"kind\":\"setup\"},"
		    "{\"function\":\"second\",\"kind\":\"release\"}],"
		    "\"id\":\"0x40\",\"name\":\"one\",\"object\":\"vmlinux\",\"version\":2,"
		    "\"where\":\"fs/a.c:12\"},"
		    "{\"block_disable\":false,\"callbacks\":[],\"id\":\"0x41\",\"name\":\"two\","
		    "\"object\":\"snd_pcm\",\"version\":0,\"where\":\"fs/a.c:13\"}]");
	expect_text(b, "  state one: id 0x40, version 2, setup first, release second, cannot be "
		       "disabled (fs/a.c:12)\n");
}

/* Entries of one id are one type, whoever of them knows its parts. */
static void test_shadow_types(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *path = assemble(
		b, MADE,
		TABLE(".kpatch.shadow_types")
		".quad 0, 5, first, 0, one, f, v, 0, 8\n.long 3, 1\n"
		".quad 0, 6, 0, 0, two, f, m, two, 24\n.long 4, 0\n"
		".quad 0, 5, 0, second, one, f, m, 0, 0\n.long 5, 2\n"
		".quad 0, 7, 0, 0, two, f, v, 0, 8\n.long 6, 1\n"
		".quad 0, 7, 0, 0, two, f, v, 0, 16\n.long 6, 1\n.zero 80\n");

	expect_info(b, path);
	expect_text(b, "  shadow type one: id 0x5, ctor first, dtor second, 8 bytes, in vmlinux, "
		       "snd_pcm (fs/a.c:3, fs/a.c:5)\n");
	expect_text(b, "  shadow type two: id 0x6, no ctor, no dtor, 24 bytes, of state two, in "
		       "snd_pcm (fs/a.c:4)\n");
	/* two sizes are none */
	expect_text(b, "  shadow type two: id 0x7, no ctor, no dtor, in vmlinux (fs/a.c:6)\n");
	g_assert_cmpuint(json_array_size(json_object_get(b->cmd.result, "shadow_types")), ==, 3);
}

/* As many as a file of a few megabytes has room for, with ids and lines all different or the same. */
static void test_many(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	static const struct {
		const char *id, *line;
		unsigned int types, places;
	} cases[] = { { "\\@", "3", 100000, 1 }, { "5", "\\@", 1, 100000 } };

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *rows = g_strdup_printf(
			TABLE(".kpatch.shadow_types")
			".macro row\n.quad 0, %s, first, 0, one, f, v, 0, 8\n.long %s, 1\n.endm\n"
			".rept 100000\nrow\n.endr\n.zero 80\n",
			cases[i].id, cases[i].line);
		g_autofree char *path = assemble(b, MADE, rows);
		gint64 before = g_get_monotonic_time();

		expect_info(b, path);
		/* tenths of a second; with a search for each row it was minutes */
		g_assert_cmpint(g_get_monotonic_time() - before, <, 30 * G_USEC_PER_SEC);

		const json_t *types = json_object_get(b->cmd.result, "shadow_types");

		g_assert_cmpuint(json_array_size(types), ==, cases[i].types);
		g_assert_cmpuint(json_array_size(json_object_get(json_array_get(types, 0), "where")),
				 ==, cases[i].places);
	}
}

static void test_kept(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *path = assemble(
		b, MADE,
		".data\nx: .zero 24\n" TABLE(".kpatch.keep")
		".quad x, 24, 8, 0x1234, one, f, v, 9\n.zero 64\n"
		/* strings follow the row that ends this one */
		TABLE(".kpatch.late")
		".quad first, 2, 0, -4, two, l\n.quad first, 2, 0, -4, one, k\n"
		".quad second, 2, 0, -4, two, m\n.zero 48\nk: .asciz \".kept\"\nl: .asciz \"snd_pcm\"\n"
		TABLE(".kpatch.modules")
		".quad m\n.byte 0xab\n.zero 18\n.byte 1\n.zero 4\n.zero 32\n");

	expect_info(b, path);
	expect_json(b, "kept",
		    "[{\"align\":8,\"name\":\"one\",\"object\":\"vmlinux\",\"size\":24,"
		    "\"type\":\"0x1234\",\"where\":\"fs/a.c:9\"}]");
	expect_text(b, "  kept data one: 24 bytes, in vmlinux (fs/a.c:9)\n");
	expect_text(b, "  snd_pcm (build-id ab00000000000000000000000000000000000001)\n"
		       "    2 references, filled in when the module is there\n");
}

static void test_damaged(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	static const char *const sources[] = {
		/* rows of another size */
		TABLE(".kpatch.states") ".quad one, 0x40, 0, 0, 0, 0, f, v\n.zero 8\n",
		TABLE(".kpatch.shadow_types") ".zero 64\n",
		/* names that are none: not there, beyond the end, no text, in code, undefined */
		TABLE(".kpatch.funcs") ".quad first, 10, 0, 11, 0, 0, v\n.zero 56\n",
		TABLE(".kpatch.funcs") ".quad first, 10, 0, 11, 0, one, v + 4096\n.zero 56\n",
		TABLE(".kpatch.funcs") ".quad first, 10, 0, 11, 0, bad, v\n.zero 56\n",
		TABLE(".kpatch.funcs") ".quad first, 10, 0, 11, 0, first, v\n.zero 56\n",
		TABLE(".kpatch.funcs") ".quad first, 10, 0, 11, 0, nowhere, v\n.zero 56\n",
		TABLE(".kpatch.callbacks.pre_unpatch") ".quad first, 0\n.zero 16\n",
		TABLE(".kpatch.keep") ".quad first, 8, 8, 1, one, 0, v, 9\n.zero 64\n",
		TABLE(".kpatch.shadow_types")
		".quad 0, 5, 0, 0, one, f, v, bad, 8\n.long 3, 0\n.zero 80\n",
		TABLE(".kpatch.modules") ".quad bad\n.zero 24\n",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
		g_autofree char *path = assemble(b, MADE, sources[i]);

		expect_fail(b, path, " is damaged");
	}
}

static void test_cut(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *path = assemble(b, MADE, FUNCS FUNCS_END STATES ".zero 80\n");
	g_autofree char *data = NULL;
	gsize size = 0;

	g_assert_true(g_file_get_contents(path, &data, &size, NULL));
	for (gsize cut = 0; cut < size; cut += 16) {
		g_assert_true(g_file_set_contents(path, data, (gssize)cut, NULL));
		expect_fail(b, path, "not a kernel module");
	}
	expect_fail(b, "nowhere", "neither a file nor a patch");
}

static void test_foreign(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *path = assemble(b, ".asciz \"name=other\"\n", "");

	expect_fail(b, path, "but not a patch");
}

static void put(const struct bench *b, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(b->dir, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void test_loaded(struct bench *b, gconstpointer arg G_GNUC_UNUSED)
{
	json_t *patch = json_object();

	/* The kernel's own core has no such files. */
	declared_add(patch, b->dir);
	g_assert_cmpuint(json_object_size(patch), ==, 0);
	declared_write(b->cmd.text, patch);
	g_assert_cmpstr(b->cmd.text->str, ==, "");

	put(b, "states", "4a 2 my_fix enabled\n4b 0 - set-up\n");
	put(b, "shadow_types", "5 1 PS_LOCK my_fix\n6 20 BASE + 1\n7 0 BASE + 2 my_fix\n8 0 -\n");
	put(b, "kept", "vmlinux fs/my dir/a.c hits 8\nbroken\n");
	declared_add(patch, b->dir);
	declared_write(b->cmd.text, patch);
	g_assert_cmpstr(b->cmd.text->str, ==,
			"  states: my_fix (enabled), 0x4b (set-up)\n"
			"  shadow types: PS_LOCK (1 variable), BASE + 1 (20 variables), "
			"BASE + 2 (0 variables), 0x8 (0 variables)\n"
			"  kept data: hits (8 bytes)\n");
	json_object_update(b->cmd.result, patch);
	expect_json(b, "states",
		    "[{\"id\":\"0x4a\",\"name\":\"my_fix\",\"status\":\"enabled\",\"version\":2},"
		    "{\"id\":\"0x4b\",\"name\":null,\"status\":\"set-up\",\"version\":0}]");
	expect_json(b, "shadow_types",
		    "[{\"id\":\"0x5\",\"name\":\"PS_LOCK\",\"state\":\"my_fix\",\"variables\":1},"
		    "{\"id\":\"0x6\",\"name\":\"BASE + 1\",\"state\":null,\"variables\":20},"
		    "{\"id\":\"0x7\",\"name\":\"BASE + 2\",\"state\":\"my_fix\",\"variables\":0},"
		    "{\"id\":\"0x8\",\"name\":null,\"state\":null,\"variables\":0}]");
	expect_json(b, "kept",
		    "[{\"file\":\"fs/my dir/a.c\",\"name\":\"hits\",\"object\":\"vmlinux\","
		    "\"size\":8}]");
	json_decref(patch);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/kpatch-info/" #name, struct bench, NULL, setup, test_##name, teardown)
	TEST(functions);
	TEST(module);
	TEST(by_hand);
	TEST(callbacks);
	TEST(states);
	TEST(shadow_types);
	TEST(many);
	TEST(kept);
	TEST(damaged);
	TEST(cut);
	TEST(foreign);
	TEST(loaded);
	return g_test_run();
}
