/* SPDX-License-Identifier: GPL-2.0 */
/* For tests of what reads patch targets: small kernels and modules made on the spot. */
#ifndef TARGET_UTIL_H
#define TARGET_UTIL_H

#include <glib.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** struct test - a test program's directory and what failed so far. */
struct test {
	char *dir;
	unsigned int failures;
};

static inline bool G_GNUC_PRINTF(4, 5)
	check(struct test *t, bool ok, const char *name, const char *fmt, ...)
{
	va_list ap;

	if (ok) {
		printf("@pass %s\n", name);
		return true;
	}
	va_start(ap, fmt);
	printf("@fail %s ", name);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	t->failures++;
	return false;
}

/* That @err is set and mentions @part; clears it. */
static inline bool check_error(struct test *t, const char *name, GError **err, const char *part)
{
	bool ok = check(t, *err && strstr((*err)->message, part), name, "wanted \"%s\", got \"%s\"",
			part, *err ? (*err)->message : "no error");

	g_clear_error(err);
	return ok;
}

static inline void test_start(struct test *t)
{
	t->dir = g_dir_make_tmp("kpatch-test-XXXXXX", NULL);
	t->failures = 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static inline int test_end(struct test *t)
{
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", t->dir);

	if (system(command) != 0)
		t->failures++;
	g_free(t->dir);
	return t->failures ? 1 : 0;
}

static inline char *in_dir(const struct test *t, const char *name)
{
	return g_build_filename(t->dir, name, NULL);
}

static inline void put_file(const struct test *t, const char *name, const void *data, gssize len)
{
	g_autofree char *path = in_dir(t, name);
	g_autoptr(GError) err = NULL;

	if (!g_file_set_contents(path, data, len, &err))
		g_error("%s", err->message);
}

/* Runs a shell command in the test's directory; a failure is the test's own fault. */
static inline void G_GNUC_PRINTF(2, 3) sh(const struct test *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	g_autofree char *what = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	g_autofree char *command = g_strdup_printf("cd '%s' && { %s ; }", t->dir, what);

	if (system(command) != 0)
		g_error("failed: %s", what);
}

/* C or assembly as the kernel is compiled, as far as it matters here. */
#define KERNEL_CFLAGS                                                                              \
	"-O2 -mcmodel=kernel -fno-pic -fno-pie -mno-red-zone -fno-asynchronous-unwind-tables "     \
	"-fcf-protection=none -fno-common -fno-stack-protector -ffreestanding -g0 -w"

/* NAME.o from C source */
static inline void compile(const struct test *t, const char *name, const char *source)
{
	g_autofree char *file = g_strconcat(name, ".c", NULL);

	put_file(t, file, source, -1);
	sh(t, "cc " KERNEL_CFLAGS " -c -o %s.o %s.c", name, name);
}

/* NAME.o from assembly */
static inline void assemble(const struct test *t, const char *name, const char *source)
{
	g_autofree char *file = g_strconcat(name, ".s", NULL);

	put_file(t, file, source, -1);
	sh(t, "cc -c -Wa,--noexecstack -o %s.o %s.s", name, name);
}

/* A kernel from objects, linked where kernels are. */
static inline void link_kernel(const struct test *t, const char *name, const char *objects)
{
	sh(t,
	   "ld -o %s -Ttext=0xffffffff81000000 -e 0 --no-warn-rwx-segments -z noseparate-code %s",
	   name, objects);
}

static inline void link_module(const struct test *t, const char *name, const char *objects)
{
	sh(t, "ld -r -o %s %s", name, objects);
}

/* Paths of what packages have installed, e.g. "/boot/vmlinuz-*-amd64"; empty if nothing matches. */
static inline GPtrArray *installed(const char *pattern)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *command = g_strdup_printf("ls -d %s 2>/dev/null", pattern);
	FILE *pipe = popen(command, "r");
	char line[512];

	while (pipe && fgets(line, sizeof(line), pipe))
		g_ptr_array_add(paths, g_strdup(g_strchomp(line)));
	if (pipe)
		pclose(pipe);
	return paths;
}

/* A repeatable sequence of numbers. */
static inline uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525U + 1013904223U;
	return *state >> 8;
}

/*
 * Damages a copy of @data: cuts it off, or changes bytes. Header fields and small tables are where
 * readers go wrong, so half of the changes hit the first and last parts.
 */
static inline GBytes *mutate(const uint8_t *data, size_t len, uint32_t *state)
{
	static const uint8_t values[] = { 0x00, 0xff, 0x7f, 0x80, 0x01, 0xfe };
	size_t keep = next_random(state) % 8 == 0 ? next_random(state) % (len + 1) : len;
	uint8_t *copy = g_malloc(keep + 1);

	memcpy(copy, data, keep);
	for (uint32_t n = 1 + next_random(state) % 8; n > 0 && keep; n--) {
		size_t span = next_random(state) % 2 ? MIN(keep, 4096) : keep;
		size_t at = next_random(state) % span;

		if (next_random(state) % 2)
			at = keep - 1 - at;
		copy[at] = next_random(state) % 2 ? values[next_random(state) % sizeof(values)]
						  : (uint8_t)next_random(state);
	}
	return g_bytes_new_take(copy, keep);
}

#endif
