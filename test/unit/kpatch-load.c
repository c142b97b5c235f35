// SPDX-License-Identifier: GPL-2.0
/* kpatch load, unload and list against a made-up machine. */
#include "kpatch-machine.h"

#include <sys/file.h>

static void test_cycle(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", GOOD);
	GError *error = NULL;

	g_assert_true(command_load(&m->cmd, file, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(result(m, "status"), ==, "loaded");
	g_assert_cmpstr(result(m, "patch"), ==, "demo");

	g_string_truncate(m->cmd.text, 0);
	g_assert_true(command_list(&m->cmd, NULL, &error));
	g_assert_cmpstr(
		m->cmd.text->str, ==,
		"demo  enabled  (core livepatch)\n  fixes: not known\n  ext4 (not loaded):\n"
		"  vmlinux: meminfo_proc_show type_show,3\n");

	g_assert_true(command_unload(&m->cmd, "demo", &error));
	g_assert_no_error(error);
	g_assert_false(exists(m, "sys/module/demo"));
	g_assert_false(command_unload(&m->cmd, "demo", &error));
	expect_fail(&error, KP_FAILED, "no patch called demo");
}

static void test_same_again(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", GOOD);
	GError *error = NULL;

	g_assert_true(command_load(&m->cmd, file, &error));
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "another patch called demo is loaded");
	put_build_id(m, "sys/module/demo", "\xab\xcd");
	g_assert_true(command_load(&m->cmd, file, &error));
	g_assert_cmpstr(result(m, "status"), ==, "already-loaded");
	g_assert_cmpint(m->inserted, ==, 1);
}

static void run(const char *const *argv)
{
	int status = -1;

	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
				   NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
}

/* The file is found by what it is called without its compression, and so is the module in it. */
static void test_compressed(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", GOOD);
	g_autofree char *packed = g_strconcat(file, ".xz", NULL);
	GError *error = NULL;

	run((const char *[]){ "xz", file, NULL });
	g_assert_true(command_load(&m->cmd, packed, &error));
	g_assert_no_error(error);
	put_build_id(m, "sys/module/demo", "\xab\xcd");
	g_assert_true(command_load(&m->cmd, packed, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(result(m, "status"), ==, "already-loaded");
	g_assert_cmpint(m->inserted, ==, 1);
	/* Another one of this name is told apart. */
	put_build_id(m, "sys/module/demo", "\xab\xce");
	g_assert_false(command_load(&m->cmd, packed, &error));
	expect_fail(&error, KP_FAILED, "another patch called demo is loaded");
	g_assert_true(command_unload(&m->cmd, packed, &error));
	g_assert_no_error(error);
}

#define STORE "store/" RELEASE "/"

/* @what means the file @want of the store; NULL: the error has @words. */
static void expect_found(const struct machine *m, const char *what, const char *want,
			 const char *words)
{
	GError *error = NULL;
	g_autofree char *found = patch_module_find(&m->host, what, &error);

	if (!want) {
		g_assert_null(found);
		expect_fail(&error, KP_FAILED, words);
		return;
	}
	g_assert_no_error(error);
	g_autofree char *name = g_path_get_basename(found);
	g_assert_cmpstr(name, ==, want);
}

static void test_store(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	static const char *const others[] = { "a-b.ko.Qx12Zy", "a-b.ko.old", "a-b.ko.dpkg-new",
					      "a-b.ko.sig",    "a-b.ko.xz~", ".a-b.ko",
					      "a-b.kop",       "a-b",	     ".ko",
					      "b.ko.d/c.ko" };
	g_autofree char *folder = g_build_filename(m->root, STORE, "d-d.ko", NULL);

	expect_found(m, "a-b", NULL, "neither a file nor a patch");
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *path = g_strconcat(STORE, others[i], NULL);
		put(m, path, "");
	}
	g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
	expect_found(m, "a-b", NULL, "neither a file nor a patch");
	expect_found(m, "a-b.ko", NULL, "neither a file nor a patch");
	expect_found(m, "d-d", NULL, "neither a file nor a patch");
	expect_found(m, "", NULL, "neither a file nor a patch");

	put(m, STORE "a_b.ko", "");
	expect_found(m, "a-b", "a_b.ko", NULL);
	expect_found(m, "a_b", "a_b.ko", NULL);
	expect_found(m, "a-b.ko", "a_b.ko", NULL);
	/* As it is spelled, whatever else there is. */
	put(m, STORE "a-b.ko", "");
	expect_found(m, "a-b", "a-b.ko", NULL);
	expect_found(m, "a_b.ko", "a_b.ko", NULL);
	put(m, STORE "a-b.ko.zst", "");
	expect_found(m, "a-b.ko", "a-b.ko", NULL);
	expect_found(m, "a-b.ko.zst", "a-b.ko.zst", NULL);
	expect_found(m, "a_b", "a_b.ko", NULL);
	expect_found(m, "a-b", NULL, "a-b may mean ");
	put(m, STORE "x-y_z.ko.gz", "");
	expect_found(m, "x_y_z", "x-y_z.ko.gz", NULL);
	put(m, STORE "x_y-z.ko.xz", "");
	expect_found(m, "x_y_z", NULL, "x_y_z may mean ");
}

/* What is no name reaches no folder of sysfs but a patch's. */
static void test_names(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	static const char *const wrong[] = { "",      ".",	"..",	      "/",     "demo/",
					     "./",    "../",	"sys/demo",   "/demo", ".ko",
					     "./.ko", "demo/.", "demo.ko/..", ".demo" };
	static const char *const absent[] = { "demo.ko.old", "demo.sig", "x", "/tmp/x.ko" };
	g_autofree char *file = make_module(m, "demo", GOOD);
	GError *error = NULL;

	/* Both cores are there; the folder of patches has other things in it. */
	put(m, "sys/kernel/kpatch/.keep", "");
	put(m, "sys/kernel/livepatch/power/control", "auto\n");
	g_assert_true(command_load(&m->cmd, file, &error));
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_assert_false(command_unload(&m->cmd, wrong[i], &error));
		expect_fail(&error, KP_FAILED, "is not the name of a patch");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(absent); i++) {
		g_assert_false(command_unload(&m->cmd, absent[i], &error));
		expect_fail(&error, KP_FAILED, "is loaded");
	}
	g_assert_false(command_unload(&m->cmd, "power", &error));
	expect_fail(&error, KP_FAILED, "no patch called power is loaded");
	g_assert_true(exists(m, "sys/module/demo"));
	g_assert_true(command_unload(&m->cmd, file, &error));
	g_assert_no_error(error);
	g_assert_false(exists(m, "sys/module/demo"));
}

static void test_refused(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	GError *error = NULL;
	g_autofree char *other = make_module(m, "a", "name=a\nlivepatch=Y\nvermagic=6.9.0 SMP");
	g_assert_false(command_load(&m->cmd, other, &error));
	expect_fail(&error, KP_FAILED, "built for kernel 6.9.0, but " RELEASE " is running");

	g_autofree char *longer =
		make_module(m, "b", "name=b\nlivepatch=Y\nvermagic=" RELEASE "-rt SMP");
	g_assert_false(command_load(&m->cmd, longer, &error));
	expect_fail(&error, KP_FAILED, "built for kernel " RELEASE "-rt");

	g_autofree char *plain = make_module(m, "c", "name=c\nvermagic=" RELEASE " SMP");
	g_assert_false(command_load(&m->cmd, plain, &error));
	expect_fail(&error, KP_FAILED, "not a patch");

	g_autofree char *core = make_module(m, "d", "name=d\nkpatch.core=moon\nvermagic=" RELEASE);
	g_assert_false(command_load(&m->cmd, core, &error));
	expect_fail(&error, KP_FAILED, "core \"moon\"");

	g_autofree char *build = make_module(m, "demo", GOOD "\nkpatch.build_id=0102");
	put_note(m, "sys/kernel/notes", "\1\3");
	g_assert_false(command_load(&m->cmd, build, &error));
	expect_fail(&error, KP_FAILED, "another build of kernel");

	g_assert_false(command_load(&m->cmd, "/nowhere/x.ko", &error));
	expect_fail(&error, KP_FAILED, "no such file");
	g_assert_false(command_load(&m->cmd, "unknown", &error));
	expect_fail(&error, KP_FAILED, "neither a file nor a patch");
	g_assert_cmpint(m->inserted, ==, 0);
}

/* Whatever is cut off a module, it is refused with a message and never inserted. */
static void test_truncated(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", GOOD);
	g_autofree char *data = NULL;
	gsize size = 0;

	g_assert_true(g_file_get_contents(file, &data, &size, NULL));
	for (gsize cut = 0; cut < size; cut += 16) {
		GError *error = NULL;
		g_assert_true(g_file_set_contents(file, data, (gssize)cut, NULL));
		g_assert_false(command_load(&m->cmd, file, &error));
		expect_fail(&error, KP_FAILED, "not a kernel module");
	}
	g_assert_cmpint(m->inserted, ==, 0);
}

static void test_stalled(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", GOOD);
	GError *error = NULL;

	m->stall = -1;
	m->cmd.wait_seconds = 1;
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "did not end within 1 s and was undone");
	g_assert_cmpstr(result(m, "status"), ==, "undone");
	g_assert_false(exists(m, "sys/module/demo"));
	json_t *blockers = json_object_get(m->cmd.result, "blockers");
	g_assert_cmpuint(json_array_size(blockers), ==, 1);
	g_assert_nonnull(strstr(m->said->str, "7 stuck (uninterruptible): schedule < do_wait"));
}

static void test_keep_waiting(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", GOOD);
	GError *error = NULL;

	m->stall = 75; /* of at least 20 ms */
	m->cmd.wait_seconds = 1;
	m->cmd.keep_waiting = true;
	g_assert_true(command_load(&m->cmd, file, &error));
	g_assert_no_error(error);
	g_assert_nonnull(strstr(m->said->str, "has not ended after 1 s"));
}

static void test_interrupted(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", GOOD);
	GError *error = NULL;
	int fds[2];
	char record[128] = { 0 }; /* the size of a signalfd record */

	m->stall = -1;
	g_assert_cmpint(pipe(fds), ==, 0);
	g_assert_cmpint(write(fds[1], record, sizeof(record)), ==, sizeof(record));
	m->host.signal_fd = fds[0];
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_INTERRUPTED, "demo is not loaded");
	g_assert_false(exists(m, "sys/module/demo"));
	close(fds[0]);
	close(fds[1]);
}

static void test_needed(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", GOOD);
	GError *error = NULL;

	m->needs_error = ENOENT;
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "demo needs module helper, which is not installed for");
	m->needs_error = EKEYREJECTED;
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "demo needs module helper, which cannot be loaded: Key");
	g_assert_cmpint(m->inserted, ==, 0);
}

static void test_kernel_refuses(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", GOOD);
	GError *error = NULL;

	m->insert_error = EKEYREJECTED;
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "sign");
	m->insert_error = EPERM;
	/* securityfs is not mounted. */
	g_autofree char *kmsg = g_build_filename(m->root, "kmsg", NULL);
	put(m, "kmsg", "");
	m->host.kmsg_fd = open(kmsg, O_RDONLY);
	m->log = "4,1,1,-;Lockdown: kpatch: unsigned module loading is restricted\n";
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "the kernel is locked down and takes");
	close(m->host.kmsg_fd);
	m->host.kmsg_fd = -1;
	m->log = NULL;
	put(m, "sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "locked down (integrity)");
	m->insert_error = EBUSY;
	put(m, "proc/sys/kernel/ftrace_enabled", "0\n");
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "kernel.ftrace_enabled=1");

	m->insert_error = 0;
	vanish(m, "sys/kernel/livepatch");
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "CONFIG_LIVEPATCH");
}

#define BUNDLED "name=demo\nvermagic=" RELEASE " SMP \nkpatch.core=kpatch\ndepends=kpatch"

/* The bundled core is loaded for the first patch that needs it, and only then. */
static void test_bundled(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", BUNDLED);
	GError *error = NULL;

	m->dir = "sys/kernel/kpatch/demo";
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "needs the module kpatch.ko, which is not installed");
	m->installed = true;
	m->core_error = ENOEXEC;
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "another build of the kernel");
	g_assert_cmpint(m->inserted, ==, 0);

	m->core_error = 0;
	g_assert_true(command_load(&m->cmd, file, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(m->core_file, ==, "/lib/modules/x/kpatch.ko");
	g_assert_cmpstr(result(m, "core"), ==, "kpatch");
	g_string_truncate(m->cmd.text, 0);
	g_assert_true(command_list(&m->cmd, NULL, &error));
	g_assert_true(g_str_has_prefix(m->cmd.text->str, "demo  enabled  (core kpatch)\n"));
	g_assert_null(strstr(m->cmd.text->str, "states"));

	put_in_patch(m, "states", "4a 2 fix enabled\n");
	put_in_patch(m, "shadow_types", "5 3 LOCK fix\n");
	put_in_patch(m, "kept", "vmlinux fs/a.c hits 8\n");
	g_string_truncate(m->cmd.text, 0);
	g_assert_true(command_list(&m->cmd, NULL, &error));
	g_assert_true(g_str_has_suffix(m->cmd.text->str, "\n  states: fix (enabled)\n"
							 "  shadow types: LOCK (3 variables)\n"
							 "  kept data: hits (8 bytes)\n"));
	const json_t *patches = json_object_get(m->cmd.result, "patches");
	const json_t *types = json_object_get(json_array_get(patches, 0), "shadow_types");
	g_assert_cmpint(json_integer_value(json_object_get(json_array_get(types, 0), "variables")),
			==, 3);
	g_assert_true(command_unload(&m->cmd, "demo", &error));
	g_assert_no_error(error);

	m->core_error = EIO; /* it is there: it must not be inserted once more */
	g_assert_true(command_load(&m->cmd, file, &error));
	g_assert_no_error(error);
}

static void test_core_module(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", BUNDLED);
	GError *error = NULL;

	m->dir = "sys/kernel/kpatch/demo";
	m->cmd.core_module = "/elsewhere/kpatch.ko";
	g_assert_true(command_load(&m->cmd, file, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(m->core_file, ==, "/elsewhere/kpatch.ko");
}

/* A livepatch made by hand, built against kmod/include/compat. */
static void test_compat(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file =
		make_module(m, "demo", "vermagic=" RELEASE " SMP \nkpatch.livepatch=Y");
	GError *error = NULL;

	m->dir = "sys/kernel/kpatch/demo";
	m->installed = true;
	g_assert_true(command_load(&m->cmd, file, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(result(m, "core"), ==, "kpatch");
}

/* The bundled core says itself who is in the way, and where. */
static void test_bundled_stalled(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", BUNDLED);
	GError *error = NULL;

	m->dir = "sys/kernel/kpatch/demo";
	m->installed = true;
	m->stall = -1;
	m->cmd.wait_seconds = 1;
	put(m, "proc/7/status", "Name:\tst uck\nTgid:\t6\n");
	put(m, "proc/7/stack", "[<0>] schedule+0x5e/0xd0\n");
	put_in_patch(m, "blockers", "7 st uck sleeping old_function\n0 swapper/1 idle -\nwhat?\n");
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "did not end within 1 s and was undone");
	g_assert_nonnull(strstr(m->said->str, "7 st uck (sleeping) in old_function: schedule\n"));
	g_assert_nonnull(strstr(m->said->str, "0 swapper/1 (idle)\n"));

	json_t *blockers = json_object_get(m->cmd.result, "blockers");
	g_assert_cmpuint(json_array_size(blockers), ==, 2);
	json_t *task = json_array_get(blockers, 0);
	g_assert_cmpint(json_integer_value(json_object_get(task, "pid")), ==, 6);
	g_assert_cmpint(json_integer_value(json_object_get(task, "tid")), ==, 7);
	g_assert_cmpstr(json_string_value(json_object_get(task, "function")), ==, "old_function");
	g_assert_null(json_object_get(json_array_get(blockers, 1), "function"));
}

/* EBUSY has more than one reason, and the user can do something about each. */
static void test_busy(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", BUNDLED);
	GError *error = NULL;

	m->dir = "sys/kernel/kpatch/demo";
	m->installed = true;
	m->insert_error = EBUSY;
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "another tool (a kprobe");
	put(m, "sys/kernel/livepatch/theirs/enabled", "1\n");
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "loaded are: theirs (core livepatch)");
	put(m, "proc/sys/kernel/ftrace_enabled", "0\n");
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "kernel.ftrace_enabled=1");
	m->insert_error = ENOEXEC;
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "another build of the kernel, or of a module");
}

/* The core of an older kpatch stays loaded when that is upgraded. */
static void test_other_version(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	const struct {
		int error;
		const char *log, *words;
	} cases[] = {
		{ EINVAL, "demo: disagrees about version of symbol kp_enable_patch", NULL },
		{ ENOENT, "demo: Unknown symbol kp_shadow_new (err -2)", NULL },
		{ ENOEXEC,
		  "kpatch: module 'demo' is in format 2, this core knows 1; build the patch with",
		  NULL },
		{ EINVAL, "demo: disagrees about version of symbol _printk", "core refused" },
		{ ENOENT, "demo: Unknown symbol nowhere (err -2)", "symbols that the kernel does" },
		{ EINVAL, "other: disagrees about version of symbol kp_enable_patch",
		  "core refused" },
	};
	g_autofree char *file = make_module(m, "demo", BUNDLED);
	g_autofree char *own = make_module(m, "own", GOOD);
	g_autofree char *kmsg = g_build_filename(m->root, "kmsg", NULL);
	GError *error = NULL;

	m->dir = "sys/kernel/kpatch/demo";
	m->installed = true;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *record = g_strdup_printf("3,1,1,-;%s\n", cases[i].log);
		put(m, "kmsg", "");
		m->host.kmsg_fd = open(kmsg, O_RDONLY);
		m->log = record;
		m->insert_error = cases[i].error;
		g_assert_false(command_load(&m->cmd, file, &error));
		expect_fail(&error, KP_FAILED,
			    cases[i].words ? cases[i].words
					   : "loaded kpatch.ko is of another version than the "
					     "patch needs; unload its patches, run rmmod kpatch");
		close(m->host.kmsg_fd);
	}
	/* A patch for the kernel's own core has nothing to do with it. */
	put(m, "kmsg", "");
	m->host.kmsg_fd = open(kmsg, O_RDONLY);
	m->log = "3,1,1,-;demo: Unknown symbol kp_x (err -2)\n";
	m->insert_error = ENOENT;
	g_assert_false(command_load(&m->cmd, own, &error));
	expect_fail(&error, KP_FAILED, "symbols that the kernel does not have");
	close(m->host.kmsg_fd);
	m->host.kmsg_fd = -1;
}

static void test_lock(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_module(m, "demo", GOOD);
	g_autofree char *lock = g_build_filename(m->root, "kpatch.lock", NULL);
	GError *error = NULL;
	int fd = open(lock, O_RDWR | O_CREAT, 0600);

	g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
	m->cmd.wait_seconds = 1;
	g_assert_false(command_load(&m->cmd, file, &error));
	expect_fail(&error, KP_FAILED, "another kpatch");
	close(fd);
	g_assert_true(command_load(&m->cmd, file, &error));
}

static void test_leftovers(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	GError *error = NULL;

	put(m, "sys/module/ext4/initstate", "live\n");
	put(m, "sys/module/ext4/taint", "\n");
	put(m, "sys/module/ext4/refcnt", "0\n");
	g_assert_false(command_unload(&m->cmd, "ext4", &error));
	expect_fail(&error, KP_FAILED, "not a patch");

	put(m, "sys/module/old_patch/initstate", "live\n");
	put(m, "sys/module/old_patch/taint", "OK\n");
	put(m, "sys/module/old_patch/refcnt", "0\n");
	g_assert_true(command_list(&m->cmd, NULL, &error));
	g_assert_cmpstr(m->cmd.text->str, ==, "old_patch  not in force\n");
	g_assert_true(command_unload(&m->cmd, "dir/old-patch.ko", &error));
	g_assert_false(exists(m, "sys/module/old_patch"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/kpatch/" #name, struct machine, NULL, setup, test_##name, teardown)
	TEST(cycle);
	TEST(same_again);
	TEST(compressed);
	TEST(store);
	TEST(names);
	TEST(refused);
	TEST(truncated);
	TEST(stalled);
	TEST(keep_waiting);
	TEST(interrupted);
	TEST(needed);
	TEST(kernel_refuses);
	TEST(bundled);
	TEST(core_module);
	TEST(compat);
	TEST(bundled_stalled);
	TEST(busy);
	TEST(other_version);
	TEST(lock);
	TEST(leftovers);
	return g_test_run();
}
