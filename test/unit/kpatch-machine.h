/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A made-up machine for tests of the kpatch command: folders in place of sysfs and procfs, and a
 * thread in place of the kernel that moves transitions along.
 */
#ifndef TEST_KPATCH_MACHINE_H
#define TEST_KPATCH_MACHINE_H

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "kpatch/command.h"
#include "kpatch/host.h"
#include "kpatch/module.h"

#define RELEASE "6.1.0-1-test"

struct machine {
	char *root;
	struct host host;
	struct command cmd;
	GString *said;
	const char *dir;     /* of the patch "demo", that the core shows */
	GString *removed;    /* modules, in their order */
	const char *refused; /* only this patch is refused with insert_error; NULL: every one */
	bool notes;	     /* the kernel shows the build-id of modules */
	gint gone;	     /* folders that have vanished */
	int insert_error;    /* errno that inserting gives */
	const char *log;     /* what the kernel logs meanwhile; NULL: nothing */
	int needs_error;     /* errno that inserting what a patch needs gives */
	gint inserted;	     /* how often a patch was inserted */
	bool installed;	     /* the bundled core is, for the running kernel */
	int core_error;	     /* errno that inserting it gives */
	char *core_file;     /* that was inserted */
	gint stall;	     /* transitions to "patched" do not end; counts down, -1: never */
	GThread *kernel;
	gint stop;
};

static void put(const struct machine *m, const char *path, const char *text)
{
	g_autofree char *full = g_build_filename(m->root, path, NULL);
	g_autofree char *dir = g_path_get_dirname(full);

	g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
	/* In place, as sysfs does it: a reader never finds the file missing. */
	FILE *file = fopen(full, "w");
	g_assert_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static G_GNUC_UNUSED bool exists(const struct machine *m, const char *path)
{
	g_autofree char *full = g_build_filename(m->root, path, NULL);

	return g_file_test(full, G_FILE_TEST_EXISTS);
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		if (g_file_test(child, G_FILE_TEST_IS_DIR))
			remove_tree(child);
		else
			g_unlink(child);
	}
	g_rmdir(path);
}

static void vanish(struct machine *m, const char *path)
{
	/* Renamed first, so that it goes away at once as in sysfs. */
	g_autofree char *from = g_build_filename(m->root, path, NULL);
	g_autofree char *to = g_strdup_printf("%s/gone%d", m->root, g_atomic_int_add(&m->gone, 1));

	g_assert_cmpint(g_rename(from, to), ==, 0);
	remove_tree(to);
}

static void put_below(const struct machine *m, const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	put(m, path, text);
}

static G_GNUC_UNUSED void put_in_patch(const struct machine *m, const char *name, const char *text)
{
	put_below(m, m->dir, name, text);
}

static bool reads(const struct machine *m, const char *dir, const char *name, const char *text)
{
	g_autofree char *got = host_read(m->root, dir, name, NULL);

	return g_strcmp0(got, text) == 0;
}

static void drop_patch(struct machine *m, const char *dir)
{
	g_autofree char *name = g_path_get_basename(dir);
	g_autofree char *module = g_build_filename("sys/module", name, NULL);

	vanish(m, dir);
	put_below(m, module, "refcnt", "0\n");
}

/* Patches of a core, as folders below the root. */
static GPtrArray *patch_dirs(const struct machine *m, const char *core)
{
	GPtrArray *dirs = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *path = g_build_filename(m->root, core, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));)
		g_ptr_array_add(dirs, g_build_filename(core, name, NULL));
	return dirs;
}

static void end_transition(struct machine *m, const GPtrArray *dirs, const char *patch)
{
	if (!reads(m, patch, "transition", "1"))
		return;
	for (guint i = 0; i < dirs->len && reads(m, patch, "replace", "1"); i++)
		if (strcmp(dirs->pdata[i], patch) != 0 && reads(m, dirs->pdata[i], "enabled", "1"))
			drop_patch(m, dirs->pdata[i]);
	put_below(m, patch, "transition", "0\n");
}

static void move_along(struct machine *m, const GPtrArray *dirs, const char *patch)
{
	if (reads(m, patch, "enabled", "0"))
		drop_patch(m, patch);
	else if (!reads(m, patch, "enabled", "1"))
		return;
	else if (reads(m, patch, "force", "1") || !g_atomic_int_get(&m->stall))
		end_transition(m, dirs, patch);
	else if (g_atomic_int_get(&m->stall) > 0)
		g_atomic_int_add(&m->stall, -1);
}

static gpointer kernel_thread(gpointer data)
{
	static const char *const cores[] = { "sys/kernel/kpatch", "sys/kernel/livepatch" };
	struct machine *m = data;

	while (!g_atomic_int_get(&m->stop)) {
		g_usleep(20000);
		for (size_t c = 0; c < G_N_ELEMENTS(cores); c++) {
			g_autoptr(GPtrArray) dirs = patch_dirs(m, cores[c]);
			for (guint i = 0; i < dirs->len; i++)
				move_along(m, dirs, dirs->pdata[i]);
		}
	}
	return NULL;
}

static int insert_core(struct machine *m, const char *path)
{
	if (m->core_error)
		return -m->core_error;
	g_free(m->core_file);
	m->core_file = g_strdup(path);
	put(m, "sys/kernel/kpatch/.keep", "");
	return 0;
}

static char *fake_find(const struct host *host, const char *name)
{
	const struct machine *m = host->data;

	return m->installed ? g_strdup_printf("/lib/modules/x/%s.ko", name) : NULL;
}

/* A note with a build-id: name size 4, id size 2, type 3, "GNU", id. */
static void put_note(const struct machine *m, const char *path, const char *id)
{
	g_autofree char *full = g_build_filename(m->root, path, NULL);
	char note[20] = "\4\0\0\0\2\0\0\0\3\0\0\0GNU\0\0\0\0";

	memcpy(note + 16, id, 2);
	put(m, path, "");
	g_assert_true(g_file_set_contents(full, note, sizeof(note), NULL));
}

/* As the kernel shows that of a module, whose folder is @dir. */
static void put_build_id(const struct machine *m, const char *dir, const char *id)
{
	g_autofree char *path = g_build_filename(dir, "notes/.note.gnu.build-id", NULL);

	put_note(m, path, id);
}

static int fake_insert(const struct host *host, const char *path)
{
	struct machine *m = host->data;

	if (g_str_has_suffix(path, "/kpatch.ko"))
		return insert_core(m, path);
	if (m->log)
		put(m, "kmsg", m->log);
	struct patch_module *module = patch_module_read(path, NULL);
	g_assert_nonnull(module);
	g_autofree char *dir = g_build_filename("sys", module->ops->dir, module->name, NULL);
	g_autofree char *folder = g_build_filename("sys/module", module->name, NULL);
	bool replace = g_strcmp0(module->replace, "Y") == 0;
	bool refuse = m->insert_error && (!m->refused || strcmp(m->refused, module->name) == 0);
	patch_module_free(module);

	if (refuse)
		return -m->insert_error;
	g_atomic_int_inc(&m->inserted);
	put_below(m, folder, "refcnt", "1\n");
	put_below(m, folder, "taint", "OEK\n");
	if (m->notes)
		put_build_id(m, folder, "\xab\xcd");
	put_below(m, folder, "initstate", "live\n");
	put_below(m, dir, "vmlinux/patched", "1\n");
	put_below(m, dir, "vmlinux/meminfo_proc_show,1/.keep", "");
	put_below(m, dir, "vmlinux/type_show,3/.keep", "");
	put_below(m, dir, "ext4/patched", "0\n");
	put_below(m, dir, "force", "0\n");
	put_below(m, dir, "replace", replace ? "1\n" : "0\n");
	put_below(m, dir, "transition", "1\n");
	put_below(m, dir, "enabled", "1\n");
	return 0;
}

static int fake_insert_needed(const struct host *host, const char *path G_GNUC_UNUSED, char **name)
{
	const struct machine *m = host->data;

	if (m->needs_error)
		*name = g_strdup("helper");
	return -m->needs_error;
}

static int fake_remove(const struct host *host, const char *module)
{
	struct machine *m = host->data;
	g_autofree char *dir = g_build_filename("sys", "module", module, NULL);
	g_autofree char *refcnt = host_read(m->root, dir, "refcnt", NULL);

	if (!refcnt)
		return -ENOENT;
	if (strcmp(refcnt, "0") != 0)
		return -EAGAIN;
	vanish(m, dir);
	g_string_append_printf(m->removed, "%s ", module);
	return 0;
}

static void note(const char *line, bool passing G_GNUC_UNUSED, void *data)
{
	struct machine *m = data;

	g_string_append_printf(m->said, "%s\n", line);
}

static void setup(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	*m = (struct machine){
		.root = g_dir_make_tmp("kpatch-unit-XXXXXX", NULL),
		.dir = "sys/kernel/livepatch/demo",
	};
	g_assert_nonnull(m->root);
	m->said = g_string_new(NULL);
	m->removed = g_string_new(NULL);
	m->host = (struct host){
		.sys = g_build_filename(m->root, "sys", NULL),
		.proc = g_build_filename(m->root, "proc", NULL),
		.run = g_strdup(m->root),
		.store = g_build_filename(m->root, "store", NULL),
		.release = g_strdup(RELEASE),
		.signal_fd = -1,
		.kmsg_fd = -1,
		.insert = fake_insert,
		.insert_needed = fake_insert_needed,
		.remove = fake_remove,
		.find = fake_find,
		.data = m,
	};
	m->cmd = (struct command){
		.host = &m->host,
		.wait_seconds = 5,
		.say = note,
		.say_data = m,
		.result = json_object(),
		.text = g_string_new(NULL),
	};
	put(m, "sys/kernel/livepatch/.keep", "");
	put(m, "sys/module/.keep", "");
	put(m, "proc/7/task/7/patch_state", "0\n");
	put(m, "proc/7/task/7/comm", "stuck\n");
	put(m, "proc/7/task/7/stat", "7 (st) uck) D 1 2 3\n");
	put(m, "proc/7/task/7/stack", "[<0>] schedule+0x5e/0xd0\n[<0>] do_wait+0x1/0x2\n");
	put(m, "proc/8/task/8/patch_state", "1\n");
	put(m, "proc/9/task/9/patch_state", "-1\n");
	m->kernel = g_thread_new("kernel", kernel_thread, m);
}

static void teardown(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_atomic_int_set(&m->stop, 1);
	g_thread_join(m->kernel);
	remove_tree(m->root);
	g_free(m->host.sys);
	g_free(m->host.proc);
	g_free(m->host.run);
	g_free(m->host.store);
	g_free(m->host.release);
	g_free(m->root);
	g_free(m->core_file);
	json_decref(m->cmd.result);
	g_string_free(m->cmd.text, TRUE);
	g_string_free(m->said, TRUE);
	g_string_free(m->removed, TRUE);
}

/* A module file with nothing but module information: @info has a field a line. */
static char *make_module(const struct machine *m, const char *name, const char *info)
{
	g_auto(GStrv) fields = g_strsplit(info, "\n", -1);
	GString *source = g_string_new(".section .modinfo,\"a\"\n");
	for (char **field = fields; *field; field++)
		g_string_append_printf(source, ".asciz \"%s\"\n", *field);
	g_string_append(source, ".section .note.gnu.build-id,\"a\",@note\n"
				".long 4,2,3\n.asciz \"GNU\"\n.byte 0xab,0xcd,0,0\n"
				".section .note.GNU-stack,\"\",@progbits\n");
	g_autofree char *asm_path = g_strdup_printf("%s/%s.s", m->root, name);
	char *path = g_strdup_printf("%s/%s.ko", m->root, name);
	g_assert_true(g_file_set_contents(asm_path, source->str, -1, NULL));
	g_string_free(source, TRUE);

	const char *argv[] = { "as", "-o", path, asm_path, NULL };
	int status = -1;
	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
				   NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
	return path;
}

#define GOOD "name=demo\nvermagic=" RELEASE " SMP mod_unload \nlivepatch=Y\nkpatch.core=livepatch"

static G_GNUC_UNUSED void expect_fail(GError **error, enum kp_status status, const char *words)
{
	g_assert_nonnull(*error);
	g_assert_cmpint(kp_exit_status(*error), ==, (int)status);
	if (!strstr((*error)->message, words))
		g_error("\"%s\" does not contain \"%s\"", (*error)->message, words);
	g_clear_error(error);
}

static G_GNUC_UNUSED const char *result(const struct machine *m, const char *key)
{
	return json_string_value(json_object_get(m->cmd.result, key));
}

#endif
