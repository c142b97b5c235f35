// SPDX-License-Identifier: GPL-2.0
/*
 * Which objects a change reaches: the include graph of a small tree, and the
 * text filter over it. The kbuild walk is replaced by a table.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "../../kpatch-build/affected.h"
#include "../../kpatch-build/prefilter.h"
#include "../../kpatch-build/source-patch.h"

static unsigned int failures;

/* struct kbuild is opaque to all but kbuild.c; here it is this table. */
struct kbuild {
	GHashTable *by_source; /* source -> GPtrArray of struct kbuild_object * */
	GPtrArray *all;
};

const GPtrArray *kbuild_find_objects_for_source(const struct kbuild *kbuild, const char *source)
{
	const GPtrArray *list = g_hash_table_lookup(kbuild->by_source, source);

	return list ? list : g_hash_table_lookup(kbuild->by_source, "");
}

const struct kbuild_object *kbuild_find_object(const struct kbuild *kbuild, const char *path)
{
	for (guint i = 0; i < kbuild->all->len; i++) {
		const struct kbuild_object *object = kbuild->all->pdata[i];

		if (!strcmp(object->path, path))
			return object;
	}
	return NULL;
}

const GPtrArray *kbuild_objects(const struct kbuild *kbuild)
{
	return kbuild->all;
}

static const struct {
	const char *path, *text;
} tree[] = {
	{ "include/linux/a.h",
	  "#ifndef A\n#define A\nstatic inline int one(void)\n{\n\treturn 1;\n}\n"
	  "static inline int two(void)\n{\n\treturn 2;\n}\n#define LIMIT 7\n"
	  "struct s {\n\tint x;\n};\n#endif\n" },
	{ "include/linux/b.h",
	  "#include <linux/a.h>\nstatic inline int b(void)\n{\n\treturn one();\n}\n"
	  "struct t {\n\tstruct s s;\n};\nstruct t *get_t(void);\n"
	  "#define MAKE(x) static inline int get_##x(void) { return 0; }\n"
	  "#define CALL(x) do_##x()\nstatic inline int do_it(void)\n{\n"
	  "\treturn two();\n}\n" },
	{ "include/trace/events/e.h", "#include <linux/a.h>\nTRACE_EVENT(e,\n\tTP_PROTO(int x),\n"
				      "\tTP_fast_assign(x = two()));\n" },
	{ "k/direct.c", "#include <linux/a.h>\nint f(void)\n{\n\treturn one();\n}\n" },
	{ "k/through.c", "#include <linux/b.h>\nint f(void)\n{\n\treturn b();\n}\n" },
	{ "k/member.c", "#include <linux/b.h>\nint f(void)\n{\n\treturn get_t()->s.x;\n}\n" },
	{ "k/unused.c", "#include <linux/b.h>\nint f(int limit)\n{\n\treturn limit;\n}\n" },
	{ "k/paste.c", "#include <linux/b.h>\nint f(void)\n{\n\treturn CALL(it);\n}\n" },
	{ "k/trace.c", "#include <trace/events/e.h>\nint f(void)\n{\n\treturn 0;\n}\n" },
	{ "k/local.h", "static inline int local(void)\n{\n\treturn 0;\n}\n" },
	{ "k/uses-local.c", "#include \"local.h\"\nint f(void)\n{\n\treturn local();\n}\n" },
	{ "m/local.h", "static inline int local(void)\n{\n\treturn 0;\n}\n" },
	{ "m/uses-other-local.c", "#include \"local.h\"\nint f(void)\n{\n\treturn local();\n}\n" },
	{ "k/part.c", "static int part(void)\n{\n\treturn 0;\n}\n" },
	{ "k/whole.c", "#include \"part.c\"\nint f(void)\n{\n\treturn part();\n}\n" },
	{ "k/asm.S", "#include <linux/a.h>\nmov $LIMIT, %eax\n" },
	{ "k/other.c", "int f(void)\n{\n\treturn 0;\n}\n" },
};

static void add_object(struct kbuild *kbuild, const char *source)
{
	struct kbuild_object *object = g_new0(struct kbuild_object, 1);
	GPtrArray *list = g_ptr_array_new();

	object->source = g_strdup(source);
	object->path = g_strdup(source);
	*strrchr(object->path, '.') = '\0';
	object->path = g_strconcat(object->path, ".o", NULL);
	object->builtin = g_str_has_prefix(source, "k/");
	object->modules = g_ptr_array_new();
	if (!object->builtin)
		g_ptr_array_add(object->modules, (char *)"mod_m");
	object->unpatchable = g_str_has_suffix(source, ".S") ? "assembly" : NULL;
	g_ptr_array_add(list, object);
	g_hash_table_insert(kbuild->by_source, object->source, list);
	g_ptr_array_add(kbuild->all, object);
}

static struct kbuild make_kbuild(void)
{
	struct kbuild kbuild = {
		.by_source = g_hash_table_new(g_str_hash, g_str_equal),
		.all = g_ptr_array_new(),
	};

	g_hash_table_insert(kbuild.by_source, (char *)"", g_ptr_array_new());
	for (gsize i = 0; i < G_N_ELEMENTS(tree); i++)
		/* part.c is only included. */
		if (!g_str_has_suffix(tree[i].path, ".h") && strcmp(tree[i].path, "k/part.c"))
			add_object(&kbuild, tree[i].path);
	return kbuild;
}

static void write_tree(const char *dir)
{
	for (gsize i = 0; i < G_N_ELEMENTS(tree); i++) {
		g_autofree char *path = g_build_filename(dir, tree[i].path, NULL);
		g_autofree char *parent = g_path_get_dirname(path);

		g_mkdir_with_parents(parent, 0755);
		g_file_set_contents(path, tree[i].text, -1, NULL);
	}
}

struct setup {
	char *dir;
	struct kbuild kbuild;
	struct include_graph *graph;
};

static char *describe(const struct affected *affected, const struct kp_diags *diags)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < affected->objects->len; i++) {
		const struct affected_object *object = affected->objects->pdata[i];

		g_string_append_printf(out, "%s%s ", object->direct ? "" : "~",
				       object->object->path);
	}
	for (guint i = 0; i < diags->list->len; i++) {
		g_autofree char *text = kp_diag_format(diags->list->pdata[i]);

		g_string_append_printf(out, "[%s]", text);
	}
	return g_string_free(out, FALSE);
}

/* What a patch affects; "~" marks objects that only include what is patched. */
static char *find(const struct setup *setup, const char *text, const char *only, bool filter)
{
	g_autoptr(GError) error = NULL;
	struct source_patch *patch = source_patch_parse("t", g_strdup(text), strlen(text), &error);
	struct overlay *overlay = overlay_new(setup->dir);
	struct kp_diags *diags = kp_diags_new();
	g_autoptr(GPtrArray) wanted = g_ptr_array_new();

	if (only)
		g_ptr_array_add(wanted, (char *)only);
	for (guint i = 0; patch && i < patch->files->len && !error; i++)
		overlay_apply(overlay, patch, patch->files->pdata[i], diags, &error);
	if (error)
		return g_strdup(error->message);
	overlay_finish(overlay);
	const struct affected_input input = {
		.overlay = overlay,
		.graph = setup->graph,
		.kbuild = &setup->kbuild,
		.only = wanted,
	};
	struct affected *affected = affected_find(&input, diags);

	if (filter && !prefilter_affected(setup->dir, &input, affected, 2, diags, &error))
		return g_strdup(error->message);
	char *result = describe(affected, diags);

	affected_free(affected);
	overlay_free(overlay);
	kp_diags_free(diags);
	source_patch_free(patch);
	return result;
}

static void check(const struct setup *setup, const char *name, const char *patch, const char *only,
		  bool filter, const char *wanted)
{
	g_autofree char *got = find(setup, patch, only, filter);

	if (!strcmp(got, wanted)) {
		printf("ok %s\n", name);
		return;
	}
	printf("FAIL %s: got  %s\n      wanted %s\n", name, got, wanted);
	failures++;
}

#define FILE_(path) "--- a/" path "\n+++ b/" path "\n"
#define A	    FILE_("include/linux/a.h")
#define ONE	    A "@@ -5 +5 @@\n-\treturn 1;\n+\treturn 11;\n"
#define TWO	    A "@@ -9 +9 @@\n-\treturn 2;\n+\treturn 22;\n"

static void sources(const struct setup *s)
{
	check(s, "a source", FILE_("k/other.c") "@@ -3 +3 @@\n-\treturn 0;\n+\treturn 1;\n", NULL,
	      true, "k/other.o ");
	check(s, "an included source",
	      FILE_("k/part.c") "@@ -3 +3 @@\n-\treturn 0;\n+\treturn 1;\n", NULL, true,
	      "~k/whole.o ");
	check(s, "a local header", FILE_("k/local.h") "@@ -3 +3 @@\n-\treturn 0;\n+\treturn 1;\n",
	      NULL, true, "~k/uses-local.o ");
	check(s, "a new file that nothing builds",
	      "--- /dev/null\n+++ b/k/new.c\n@@ -0,0 +1 @@\n+int x;\n", NULL, true,
	      "[k/new.c: is new; no Kbuild file of the patch builds it]");
	check(s, "restricted to another object",
	      FILE_("k/other.c") "@@ -3 +3 @@\n-\treturn 0;\n+\treturn 1;\n", "k/direct.o", true,
	      "");
	check(s, "restricted to a module",
	      FILE_("m/local.h") "@@ -3 +3 @@\n-\treturn 0;\n+\treturn 1;\n", "m/mod-m.ko", true,
	      "~m/uses-other-local.o ");
	check(s, "assembly", FILE_("k/asm.S") "@@ -2 +2 @@\n-mov $LIMIT, %eax\n+nop\n", NULL, true,
	      "[k/asm.S: cannot patch this file: assembly; this needs a new kernel and a reboot]");
}

static void headers(const struct setup *s)
{
	check(s, "all includers", ONE, NULL, false,
	      "~k/direct.o ~k/member.o ~k/paste.o ~k/through.o ~k/trace.o ~k/unused.o ");
	check(s, "users of an inline function", ONE, NULL, true, "~k/direct.o ~k/through.o ");
	check(s, "through ## and tracepoints", TWO, NULL, true, "~k/paste.o ~k/trace.o ");
	check(s, "a struct in a struct", A "@@ -13,1 +13,2 @@\n+\tint y;\n \tint x;\n", NULL, true,
	      "~k/member.o ");
	check(s, "a macro in assembly", A "@@ -11 +11 @@\n-#define LIMIT 7\n+#define LIMIT 8\n",
	      NULL, true,
	      "[k/asm.S: LIMIT: this is assembly and uses a macro that the patch changes; "
	      "assembly cannot be patched; make the change without this macro]");
	check(s, "conditions", A "@@ -1 +1 @@\n-#ifndef A\n+#ifndef B\n", NULL, true,
	      "~k/direct.o ~k/member.o ~k/paste.o ~k/through.o ~k/trace.o ~k/unused.o ");
}

int main(void)
{
	struct setup setup = { .dir = g_dir_make_tmp("kpatch-test-XXXXXX", NULL) };
	g_autofree char *cache = g_build_filename(setup.dir, "graph", NULL);
	g_autoptr(GError) error = NULL;

	write_tree(setup.dir);
	setup.kbuild = make_kbuild();
	/* Scanned the first time, read from the cache the second time. */
	for (int i = 0; i < 2; i++) {
		setup.graph = include_graph_open(setup.dir, cache, 2, &error);
		if (!setup.graph) {
			printf("FAIL include graph: %s\n", error->message);
			return 1;
		}
		sources(&setup);
		headers(&setup);
		include_graph_free(setup.graph);
	}
	g_file_set_contents(cache, "kpatch include graph 1\nx\t99\nend\n", -1, NULL);
	setup.graph = include_graph_open(setup.dir, cache, 1, &error);
	check(&setup, "a damaged cache is made anew", ONE, NULL, true, "~k/direct.o ~k/through.o ");
	include_graph_free(setup.graph);
	cache_remove_tree(setup.dir, NULL);
	return failures != 0;
}
