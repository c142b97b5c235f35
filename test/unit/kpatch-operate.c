// SPDX-License-Identifier: GPL-2.0
/*
 * kpatch install, uninstall, load --all, unload --all, status, signal, force and verify against a
 * made-up machine; and the command line.
 */
#include "kpatch-machine.h"

#include <getopt.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "kpatch/ask.h"
#include "kpatch/batch.h"
#include "kpatch/options.h"
#include "kpatch/store.h"

#define STORE "store/" RELEASE "/"
#define OTHER "6.7.0-2-other"

/* A patch NAME.ko for the kernel's own core; @more are fields of module information. */
static char *make_patch(const struct machine *m, const char *name, const char *more)
{
	g_autofree char *info = g_strdup_printf("name=%s\nvermagic=" RELEASE
						" SMP \nlivepatch=Y\nkpatch.core=livepatch%s",
						name, more);

	return make_module(m, name, info);
}

static void expect_ok(struct machine *m, command_fn run, const char *arg)
{
	GError *error = NULL;

	json_object_clear(m->cmd.result);
	g_string_truncate(m->cmd.text, 0);
	run(&m->cmd, arg, &error);
	g_assert_no_error(error);
}

static void expect_not(struct machine *m, command_fn run, const char *arg, enum kp_status status,
		       const char *words)
{
	GError *error = NULL;

	json_object_clear(m->cmd.result);
	g_string_truncate(m->cmd.text, 0);
	g_assert_false(run(&m->cmd, arg, &error));
	expect_fail(&error, status, words);
}

static void expect_text(const struct machine *m, const char *words)
{
	if (!strstr(m->cmd.text->str, words))
		g_error("\"%s\" does not contain \"%s\"", m->cmd.text->str, words);
}

static void install(struct machine *m, const char *name, const char *more)
{
	g_autofree char *file = make_patch(m, name, more);

	expect_ok(m, command_install, file);
	g_assert_cmpstr(result(m, "status"), ==, "installed");
}

static void expect_order(const struct machine *m, const char *release, const char *want)
{
	g_autoptr(GPtrArray) paths = store_list(&m->host, release);
	g_autoptr(GString) got = g_string_new(NULL);

	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *file = g_path_get_basename(paths->pdata[i]);
		g_string_append_printf(got, "%s%s", i ? " " : "", file);
	}
	g_assert_cmpstr(got->str, ==, want);
}

/* "NAME=STATUS NAME=STATUS" of the result's patches */
static void expect_patches(const struct machine *m, const char *key, const char *want)
{
	g_autoptr(GString) got = g_string_new(NULL);
	const json_t *patch;
	size_t i;

	json_array_foreach(json_object_get(m->cmd.result, "patches"), i, patch)
	{
		const char *status = json_string_value(json_object_get(patch, "status"));
		if (!status)
			status = json_string_value(json_object_get(patch, "state"));
		g_string_append_printf(got, "%s%s=%s", i ? " " : "",
				       json_string_value(json_object_get(patch, key)),
				       status ? status : "failed");
	}
	g_assert_cmpstr(got->str, ==, want);
}

/* ---- install, uninstall ---- */

/* In a process of its own that the kernel kills in the middle of the file. */
static void install_and_die(struct machine *m, const char *file)
{
	int status;
	pid_t child = fork();

	if (!child) {
		const struct rlimit limit = { 64, 64 }, no_core = { 0, 0 };

		setrlimit(RLIMIT_CORE, &no_core);
		setrlimit(RLIMIT_FSIZE, &limit);
		command_install(&m->cmd, file, NULL);
		_exit(0);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
}

/* What a killed one leaves is no patch, and gone after the next. */
static void test_install_killed(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_patch(m, "demo", "");
	g_autofree char *folder = g_build_filename(m->root, STORE, NULL);

	install_and_die(m, file);
	expect_order(m, RELEASE, "");
	install(m, "other", "");
	install_and_die(m, file);
	expect_order(m, RELEASE, "other.ko");
	install(m, "third", "");
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir));)
		g_assert_true(g_str_equal(name, "order") || g_str_equal(name, "other.ko") ||
			      g_str_equal(name, "third.ko"));
	install_and_die(m, file);
	expect_ok(m, command_uninstall, "other");
	expect_ok(m, command_uninstall, "third");
	g_assert_false(exists(m, "store/" RELEASE));
}

static void test_install(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_patch(m, "demo", "");
	g_autofree char *copy = NULL, *data = NULL;
	gsize copied = 0, size = 0;

	expect_ok(m, command_install, file);
	g_assert_cmpstr(result(m, "status"), ==, "installed");
	g_assert_cmpstr(result(m, "kernel"), ==, RELEASE);
	g_assert_true(g_file_get_contents(file, &data, &size, NULL));
	g_assert_true(g_file_get_contents(result(m, "file"), &copy, &copied, NULL));
	g_assert_true(size == copied && memcmp(data, copy, size) == 0);
	expect_order(m, RELEASE, "demo.ko");

	expect_ok(m, command_install, file);
	g_assert_cmpstr(result(m, "status"), ==, "already-installed");
	g_autofree char *other = make_patch(m, "demo", "\nversion=2");
	expect_not(m, command_install, other, KP_FAILED, "take its place with --replace");
	m->cmd.replace = true;
	expect_ok(m, command_install, other);
	g_assert_cmpstr(result(m, "status"), ==, "replaced");
	/* As another file, which takes the place of the first. */
	const char *argv[] = { "xz", "-k", other, NULL };
	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
				   NULL, NULL, NULL));
	g_autofree char *packed = g_strconcat(other, ".xz", NULL);
	expect_ok(m, command_install, packed);
	expect_order(m, RELEASE, "demo.ko.xz");

	expect_ok(m, command_uninstall, "demo");
	g_assert_cmpstr(result(m, "status"), ==, "uninstalled");
	g_assert_false(exists(m, "store/" RELEASE));
	expect_not(m, command_uninstall, "demo", KP_FAILED, "no patch called demo is installed");
}

static void test_install_refused(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	const struct {
		const char *info, *words;
	} cases[] = {
		{ "name=a\nvermagic=" RELEASE " SMP", "not a patch" },
		{ "name=a\nvermagic=" OTHER " SMP\nlivepatch=Y",
		  "install it with --kernel " OTHER ", or build it" },
		{ "name=a\nvermagic=" RELEASE "\nkpatch.core=moon", "core \\\"moon\\\"" },
		{ "name=../a\nvermagic=" RELEASE "\nlivepatch=Y", "which no module can have" },
		{ "name=\nvermagic=" RELEASE "\nlivepatch=Y", "which no module can have" },
		{ "name=a.ko\nvermagic=" RELEASE "\nlivepatch=Y", "which no module can have" },
		{ GOOD "\nkpatch.build_id=0102", "another build of kernel" },
	};

	put_note(m, "sys/kernel/notes", "\1\3");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *file = make_module(m, "a", cases[i].info);
		g_autofree char *words = g_strcompress(cases[i].words);
		expect_not(m, command_install, file, KP_FAILED, words);
	}
	expect_not(m, command_install, "/nowhere/x.ko", KP_FAILED, "no such file");
	g_autofree char *file = make_patch(m, "demo", "");
	g_autofree char *old = g_strconcat(file, ".old", NULL);
	g_assert_cmpint(g_rename(file, old), ==, 0);
	expect_not(m, command_install, old, KP_FAILED, "not called like a module");
	/* Damage that only shows inside, as info finds it. */
	g_assert_true(g_file_set_contents(file,
					  "\x7f"
					  "ELF",
					  4, NULL));
	expect_not(m, command_install, file, KP_FAILED, "damaged");
	g_assert_false(exists(m, "store"));

	static const char *const names[] = { "", ".", "..", "../x", "/x.ko", ".hidden" };
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		expect_not(m, command_uninstall, names[i], KP_FAILED,
			   "is not the name of an installed patch");
	static const char *const releases[] = { "", "..", "a/b", "." };
	for (size_t i = 0; i < G_N_ELEMENTS(releases); i++) {
		m->cmd.release = releases[i];
		expect_not(m, command_uninstall, "x", KP_FAILED, "not the release of a kernel");
		expect_not(m, command_install, old, KP_FAILED, "not the release of a kernel");
	}
}

static void test_other_kernel(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file =
		make_module(m, "next", "name=next\nvermagic=" OTHER " SMP\nlivepatch=Y");

	m->cmd.release = OTHER;
	expect_ok(m, command_install, file);
	expect_order(m, OTHER, "next.ko");
	expect_order(m, RELEASE, "");
	expect_ok(m, command_uninstall, "next");
	expect_order(m, OTHER, "");
}

static void test_order(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	install(m, "b", "");
	install(m, "a", "");
	install(m, "c", "");
	expect_order(m, RELEASE, "b.ko a.ko c.ko");
	expect_ok(m, command_uninstall, "b");
	install(m, "b", "");
	expect_order(m, RELEASE, "a.ko c.ko b.ko");
	/* Brought by a package, or the machine stopped before its line was written. */
	put(m, STORE "z-10.ko", "");
	put(m, STORE "z-9.ko.gz", "");
	put(m, STORE "b2.ko.K3WQ1A", "");
	expect_order(m, RELEASE, "a.ko c.ko b.ko z-9.ko.gz z-10.ko");
	install(m, "e", "");
	expect_order(m, RELEASE, "a.ko c.ko b.ko z-9.ko.gz z-10.ko e.ko");
	/* One that takes the place of another is new. */
	m->cmd.replace = true;
	g_autofree char *file = make_patch(m, "a", "\nversion=2");
	expect_ok(m, command_install, file);
	expect_order(m, RELEASE, "c.ko b.ko z-9.ko.gz z-10.ko e.ko a.ko");
	/* It stopped before a file was put: then its line says nothing. */
	put(m, STORE "order", "never.ko\ne.ko\n");
	expect_order(m, RELEASE, "e.ko a.ko b.ko c.ko z-9.ko.gz z-10.ko");
	/* By spelling two files may be meant. */
	put(m, STORE "z_9.ko", "");
	expect_ok(m, command_uninstall, "z_9");
	put(m, STORE "z_9.ko.xz", "");
	put(m, STORE "z_9.ko", "");
	expect_not(m, command_uninstall, "z_9", KP_FAILED, "may mean several files");
	expect_ok(m, command_uninstall, "z_9.ko");
	expect_order(m, RELEASE, "e.ko a.ko b.ko c.ko z-9.ko.gz z-10.ko z_9.ko.xz");
}

/* ---- all ---- */

static void test_load_all(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	expect_ok(m, command_load_all, NULL);
	expect_text(m, "no patches are installed for kernel " RELEASE);
	m->notes = true;
	install(m, "b", "");
	install(m, "a", "");
	put(m, STORE "broken.ko", "not ELF");
	install(m, "c", "");
	expect_not(m, command_load_all, NULL, KP_FAILED, "1 of 4 patches failed:");
	expect_patches(m, "patch", "b=loaded a=loaded (null)=failed c=loaded");
	expect_not(m, command_load_all, NULL, KP_FAILED, "broken.ko");
	expect_patches(m, "patch",
		       "b=already-loaded a=already-loaded (null)=failed c=already-loaded");
	g_assert_cmpint(m->inserted, ==, 3);
	expect_ok(m, command_uninstall, "broken");

	/* The latest first; what is not installed counts as later. */
	g_autofree char *late = make_patch(m, "a_late", "");
	expect_ok(m, command_load, late);
	put(m, "sys/module/old/initstate", "live\n");
	put(m, "sys/module/old/taint", "OK\n");
	put(m, "sys/module/old/refcnt", "0\n");
	expect_ok(m, command_unload_all, NULL);
	g_assert_cmpstr(m->removed->str, ==, "a_late c a b old ");
	expect_patches(m, "patch", "a_late=unloaded c=unloaded a=unloaded b=unloaded old=unloaded");
	expect_ok(m, command_unload_all, NULL);
	expect_text(m, "no patches are loaded");
}

/* What the core says of the order counts more than the order of installation. */
static void test_unload_order(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	install(m, "a", "");
	install(m, "b", "");
	expect_ok(m, command_load_all, NULL);
	put(m, "sys/kernel/livepatch/a/stack_order", "2\n");
	put(m, "sys/kernel/livepatch/b/stack_order", "1\n");
	expect_ok(m, command_unload_all, NULL);
	g_assert_cmpstr(m->removed->str, ==, "a b ");
}

#define CUMULATIVE "\nkpatch.replace=Y"

static void test_cumulative(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *ours =
		make_module(m, "ours", "name=ours\nvermagic=" RELEASE " SMP\nkpatch.core=kpatch");

	m->notes = true;
	m->installed = true;
	/* Of another core: it is not replaced. */
	expect_ok(m, command_install, ours);
	install(m, "one", "");
	install(m, "two", CUMULATIVE);
	install(m, "three", "");
	install(m, "four", CUMULATIVE);
	install(m, "five", "");
	expect_ok(m, command_load_all, NULL);
	expect_patches(m, "patch", "four=loaded ours=loaded five=loaded");
	g_assert_cmpuint(json_array_size(json_object_get(m->cmd.result, "not_needed")), ==, 3);
	expect_text(m, "two is not needed: four replaces it\n");
	expect_ok(m, command_verify, NULL);
	expect_patches(m, "name",
		       "ours=in-force one=replaced two=replaced three=replaced "
		       "four=in-force five=in-force");
	expect_ok(m, command_unload_all, NULL);

	/* One that the kernel refuses replaces nothing. */
	m->insert_error = EINVAL;
	m->refused = "four";
	expect_not(m, command_load_all, NULL, KP_FAILED,
		   "1 of 5 patches failed:\nthe kernel refused four");
	expect_patches(m, "patch", "four=failed two=loaded ours=loaded three=loaded five=loaded");
	expect_not(m, command_verify, NULL, KP_FAILED, "four (not-in-force)");

	/* Loaded afterwards it replaces the others, which load --all then puts back. */
	m->insert_error = 0;
	expect_ok(m, command_load_all, NULL);
	expect_patches(m, "patch", "four=loaded ours=already-loaded five=loaded");
	expect_ok(m, command_verify, NULL);
	expect_text(m, "two  replaced (by four; kpatch unload two)\n");
}

static void test_interrupted(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	int fds[2];
	char record[128] = { 0 };

	install(m, "a", "");
	install(m, "b", "");
	m->stall = -1;
	g_assert_cmpint(pipe(fds), ==, 0);
	g_assert_cmpint(write(fds[1], record, sizeof(record)), ==, sizeof(record));
	m->host.signal_fd = fds[0];
	expect_not(m, command_load_all, NULL, KP_INTERRUPTED,
		   "and the rest was not tried:\ninterrupted; a");
	g_assert_cmpint(m->inserted, ==, 1);
	g_assert_cmpstr(m->removed->str, ==, "a ");
	close(fds[0]);
	close(fds[1]);
}

/* Two at once: what changes something waits for its turn; what a waiting one may need does not. */
static void test_turns(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *lock = g_build_filename(m->root, "kpatch.lock", NULL);
	g_autofree char *file = make_patch(m, "demo", "");
	const struct {
		command_fn run;
		const char *arg;
	} wait[] = {
		{ command_install, file },
		{ command_uninstall, "x" },
		{ command_load_all, NULL },
		{ command_unload_all, NULL },
	};
	int fd = open(lock, O_RDWR | O_CREAT, 0600);

	g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
	m->cmd.wait_seconds = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(wait); i++)
		expect_not(m, wait[i].run, wait[i].arg, KP_FAILED,
			   "another kpatch has been at work");
	m->stall = -1;
	m->cmd.wait_seconds = 5;
	m->cmd.yes = true;
	g_assert_cmpint(m->host.insert(&m->host, file), ==, 0);
	expect_not(m, command_status, NULL, KP_FAILED, "not in force: demo (enabling)");
	expect_ok(m, command_signal, NULL);
	expect_not(m, command_verify, NULL, KP_FAILED, "not-installed");
	expect_ok(m, command_force, "demo");
	close(fd);
}

/* ---- status, signal, force, verify ---- */

static void test_status(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_patch(m, "demo", "");
	g_autofree char *kmsg = g_build_filename(m->root, "kmsg", NULL);

	expect_ok(m, command_status, NULL);
	expect_text(m, "no patches are loaded\n");
	m->stall = -1;
	g_assert_cmpint(m->host.insert(&m->host, file), ==, 0);
	expect_not(m, command_status, NULL, KP_FAILED, "not in force: demo (enabling)");
	expect_text(m, "demo  enabling  (core livepatch)\n"
		       "  held up by 7 stuck (uninterruptible): schedule < do_wait\n"
		       "  wait: the core wakes");
	const json_t *patch = json_array_get(json_object_get(m->cmd.result, "patches"), 0);
	g_assert_null(json_object_get(patch, "seconds"));

	/* The log says since when; the stack is not for everyone. */
	g_autofree char *record = g_strdup_printf(
		"5,1,%" G_GINT64_FORMAT ",-;livepatch: 'demo': starting patching transition\n",
		g_get_monotonic_time() - 12 * G_USEC_PER_SEC);
	put(m, "kmsg", record);
	m->host.kmsg_fd = open(kmsg, O_RDONLY);
	put(m, "proc/7/task/7/stack", "");
	put(m, "proc/7/task/7/wchan", "pipe_read");
	expect_not(m, command_status, NULL, KP_FAILED, "demo (enabling)");
	expect_text(m, "demo  enabling  (core livepatch), for 12 s\n"
		       "  held up by 7 stuck (uninterruptible): pipe_read\n");
	close(m->host.kmsg_fd);
	m->host.kmsg_fd = -1;

	/* --wait: in vain, and then not. */
	m->cmd.wait = true;
	m->cmd.wait_seconds = 0;
	expect_not(m, command_status, NULL, KP_FAILED, "demo (enabling)");
	m->cmd.wait_seconds = 10;
	g_atomic_int_set(&m->stall, 5);
	expect_ok(m, command_status, NULL);
	g_assert_cmpstr(m->cmd.text->str, ==,
			"demo  enabled  (core livepatch)\n  fixes: not known\n");
	put(m, "sys/module/old/initstate", "live\n");
	put(m, "sys/module/old/taint", "OK\n");
	expect_ok(m, command_status, NULL);
	expect_patches(m, "name", "demo=enabled old=not in force");
}

static void test_signal(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_patch(m, "demo", "");

	expect_ok(m, command_signal, NULL);
	expect_text(m, "no patch is in transition");
	m->stall = -1;
	g_assert_cmpint(m->host.insert(&m->host, file), ==, 0);
	expect_ok(m, command_signal, NULL);
	expect_patches(m, "name", "demo=by-itself");
	put_in_patch(m, "signal", "0\n");
	expect_ok(m, command_signal, NULL);
	expect_patches(m, "name", "demo=signalled");
	g_assert_true(reads(m, m->dir, "signal", "1"));
}

static bool answer_no(const char *question, void *data)
{
	struct machine *m = data;

	g_string_append(m->said, question);
	return false;
}

static bool answer_yes(const char *question G_GNUC_UNUSED, void *data G_GNUC_UNUSED)
{
	return true;
}

static void test_force(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *file = make_patch(m, "demo", "");

	expect_not(m, command_force, "demo", KP_FAILED, "no patch called demo is loaded");
	expect_not(m, command_force, "..", KP_FAILED, "is not the name of a patch");
	m->stall = -1;
	g_assert_cmpint(m->host.insert(&m->host, file), ==, 0);
	expect_not(m, command_force, "demo", KP_FAILED, "nobody is there to ask");
	m->cmd.ask = answer_no;
	expect_not(m, command_force, "demo", KP_FAILED, "was not forced");
	g_assert_nonnull(strstr(m->said->str, "7 stuck (uninterruptible)"));
	g_assert_nonnull(strstr(m->said->str, "Only a reboot undoes this."));
	g_assert_true(reads(m, m->dir, "force", "0"));
	m->cmd.ask = answer_yes;
	expect_ok(m, command_force, "demo");
	g_assert_cmpstr(result(m, "status"), ==, "forced");
	g_assert_true(reads(m, m->dir, "transition", "0"));
	expect_not(m, command_force, "demo", KP_FAILED, "is enabled and in no transition");
}

static void test_ask(struct machine *m G_GNUC_UNUSED, gconstpointer arg G_GNUC_UNUSED)
{
	const struct {
		const char *answer;
		bool yes;
	} cases[] = {
		{ "yes\n", true },	    { " yes \n", true }, { "y\n", false },
		{ "yes, please\n", false }, { "\n", false },	 { "", false },
		{ "no\n", false },
	};
	int none[2], signals[2];

	g_assert_cmpint(pipe(none), ==, 0);
	g_assert_cmpint(pipe(signals), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		int fds[2];
		size_t size = strlen(cases[i].answer);
		g_assert_cmpint(pipe(fds), ==, 0);
		g_assert_true(write(fds[1], cases[i].answer, size) == (ssize_t)size);
		close(fds[1]);
		g_assert_true(ask_user(fds[0], signals[0], "Sure?") == cases[i].yes);
		close(fds[0]);
	}
	fputc('\n', stderr);
	/* An interrupt is an answer. */
	g_assert_cmpint(write(signals[1], "x", 1), ==, 1);
	g_assert_false(ask_user(none[0], signals[0], "Sure?"));
	fputc('\n', stderr);
	for (int i = 0; i < 2; i++) {
		close(none[i]);
		close(signals[i]);
	}
}

static void test_verify(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	expect_ok(m, command_verify, NULL);
	expect_text(m, "no patches are installed, and none are loaded");
	install(m, "demo", "");
	expect_not(m, command_verify, NULL, KP_FAILED, "demo (not-in-force)");
	expect_ok(m, command_load, "demo");
	expect_not(m, command_verify, NULL, KP_FAILED, "demo (unknown-build)");
	put_build_id(m, "sys/module/demo", "\xab\xcd");
	expect_ok(m, command_verify, NULL);
	expect_patches(m, "name", "demo=in-force");
	put_build_id(m, "sys/module/demo", "\xab\xce");
	expect_not(m, command_verify, NULL, KP_FAILED, "demo (other-build)");
	put_build_id(m, "sys/module/demo", "\xab\xcd");
	m->stall = -1;
	put_in_patch(m, "transition", "1\n");
	expect_not(m, command_verify, NULL, KP_FAILED, "demo (in-transition)");
	m->stall = 0;
	put(m, STORE "wrong.ko", "?");
	expect_not(m, command_verify, NULL, KP_FAILED, "wrong (unusable)");
	expect_ok(m, command_uninstall, "wrong");
	expect_ok(m, command_uninstall, "demo");
	expect_text(m, "it stays in force until it is unloaded: kpatch unload demo");
	expect_not(m, command_verify, NULL, KP_FAILED, "demo (not-installed)");
	put(m, "sys/module/old/initstate", "live\n");
	put(m, "sys/module/old/taint", "OK\n");
	expect_not(m, command_verify, NULL, KP_FAILED, "demo (not-installed); kpatch");
	expect_text(m, "old  left-over (kpatch unload old)\n");
	expect_ok(m, command_unload_all, NULL);
	expect_ok(m, command_verify, NULL);
}

/* ---- several, and the command line ---- */

static void test_each(struct machine *m, gconstpointer arg G_GNUC_UNUSED)
{
	g_autofree char *one = make_patch(m, "one", "");
	g_autofree char *two = make_patch(m, "two", "");
	char *const args[] = { one, (char *)"/nowhere/x.ko", two, NULL };
	GError *error = NULL;

	g_assert_false(batch_each(&m->cmd, command_install, args, &error));
	expect_fail(&error, KP_FAILED,
		    "1 of 3 patches failed:\n/nowhere/x.ko: there is no such file");
	expect_patches(m, "patch", "one=installed (null)=failed two=installed");
	const json_t *patches = json_object_get(m->cmd.result, "patches");
	g_assert_true(json_is_true(json_object_get(json_array_get(patches, 0), "ok")));
	g_assert_true(json_is_false(json_object_get(json_array_get(patches, 1), "ok")));
	expect_order(m, RELEASE, "one.ko two.ko");
}

static void parse(const char *line, const char *words)
{
	g_auto(GStrv) argv = g_strsplit(line, " ", -1);
	struct options options;
	GError *error = NULL;

	optind = 0;
	bool ok = options_parse(&options, (int)g_strv_length(argv), argv, &error);
	if (words) {
		g_assert_false(ok);
		expect_fail(&error, KP_USAGE, words);
	} else {
		g_assert_no_error(error);
	}
}

static void test_options(struct machine *m G_GNUC_UNUSED, gconstpointer arg G_GNUC_UNUSED)
{
	const struct {
		const char *line, *words;
	} cases[] = {
		{ "kpatch load --all", NULL },
		{ "kpatch unload -a", NULL },
		{ "kpatch load --all x.ko", "\"x.ko\" is one argument too many" },
		{ "kpatch load", "kpatch load needs FILE|NAME" },
		{ "kpatch load a b", "\"b\" is one argument too many" },
		{ "kpatch install", "kpatch install needs FILE..." },
		{ "kpatch install a b c -k 6.1 --replace", NULL },
		{ "kpatch uninstall a b --kernel 6.1", NULL },
		{ "kpatch uninstall --all", "does not take the option -a" },
		{ "kpatch uninstall -r x", "does not take the option -r" },
		{ "kpatch load -k 6.1 x", "does not take the option -k" },
		{ "kpatch list -y", "does not take the option -y" },
		{ "kpatch force --yes x", NULL },
		{ "kpatch force", "kpatch force needs NAME" },
		{ "kpatch status --wait 5", NULL },
		{ "kpatch status --keep-waiting", NULL },
		{ "kpatch status x", "one argument too many" },
		{ "kpatch signal --json", NULL },
		{ "kpatch verify", NULL },
		{ "kpatch", "a command is missing" },
		{ "kpatch fly", "there is no command \"fly\"" },
		{ "kpatch load x --wait", "its value is missing" },
		{ "kpatch load x --wait soon", "takes seconds from 0 to 86400" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		parse(cases[i].line, cases[i].words);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/kpatch/" #name, struct machine, NULL, setup, test_##name, teardown)
	TEST(install);
	TEST(install_killed);
	TEST(install_refused);
	TEST(other_kernel);
	TEST(order);
	TEST(load_all);
	TEST(unload_order);
	TEST(cumulative);
	TEST(interrupted);
	TEST(turns);
	TEST(status);
	TEST(signal);
	TEST(force);
	TEST(ask);
	TEST(verify);
	TEST(each);
	TEST(options);
	return g_test_run();
}
