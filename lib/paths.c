// SPDX-License-Identifier: GPL-2.0
#include "paths.h"

#include "error.h"

/* The directory of the running program, with symbolic links to the program itself resolved. */
static char *program_dir(GError **err)
{
	g_autofree char *exe = g_file_read_link("/proc/self/exe", err);
	if (!exe) {
		g_prefix_error(err,
			       "cannot tell where this program is installed (is /proc mounted?): ");
		return NULL;
	}
	return g_path_get_dirname(exe);
}

static bool is_data_dir(const char *dir)
{
	g_autofree char *headers = g_build_filename(dir, "include", "kpatch", NULL);
	g_autofree char *glue = g_build_filename(dir, "patch", NULL);

	return g_file_test(headers, G_FILE_TEST_IS_DIR) && g_file_test(glue, G_FILE_TEST_IS_DIR);
}

char *kp_data_dir(GError **err)
{
	const char *env = g_getenv("KPATCH_DATA");
	if (env && *env) {
		if (is_data_dir(env))
			return g_canonicalize_filename(env, NULL);
		kp_fail(err, KP_FAILED,
			"KPATCH_DATA=%s has no include/kpatch and patch directories; "
			"unset it or point it to share/kpatch of an installation",
			env);
		return NULL;
	}

	g_autofree char *bin = program_dir(err);
	if (!bin)
		return NULL;
	/* bin/ and sbin/ are one level below the prefix, libexec/kpatch/ is two. */
	static const char *const up[] = { "..", "../.." };
	for (size_t i = 0; i < G_N_ELEMENTS(up); i++) {
		g_autofree char *raw = g_build_filename(bin, up[i], "share", "kpatch", NULL);
		if (is_data_dir(raw))
			return g_canonicalize_filename(raw, NULL);
	}
	kp_fail(err, KP_FAILED,
		"the headers and the glue of patch modules are not in %s/../share/kpatch; "
		"run `make install`, or set KPATCH_DATA",
		bin);
	return NULL;
}

static char *program_in(const char *dir, const char *sub, const char *program)
{
	g_autofree char *raw = g_build_filename(dir, sub, program, NULL);

	if (!g_file_test(raw, G_FILE_TEST_IS_EXECUTABLE) || g_file_test(raw, G_FILE_TEST_IS_DIR))
		return NULL;
	return g_canonicalize_filename(raw, NULL);
}

char *kp_libexec(const char *program, GError **err)
{
	const char *env = g_getenv("KPATCH_LIBEXEC");
	if (env && *env) {
		char *path = program_in(env, ".", program);
		if (!path)
			kp_fail(err, KP_FAILED, "KPATCH_LIBEXEC=%s has no program %s; unset it",
				env, program);
		return path;
	}

	g_autofree char *bin = program_dir(err);
	if (!bin)
		return NULL;
	char *path = program_in(bin, ".", program);
	if (!path)
		path = program_in(bin, "../libexec/kpatch", program);
	if (!path)
		path = g_find_program_in_path(program);
	if (!path)
		kp_fail(err, KP_FAILED,
			"%s is neither in %s nor in ../libexec/kpatch nor in PATH; "
			"run `make install`, or set KPATCH_LIBEXEC",
			program, bin);
	return path;
}
