/* SPDX-License-Identifier: GPL-2.0 */
/* For tests of what comes after create-diff-object: objects made from assembly. */
#ifndef POST_LINK_UTIL_H
#define POST_LINK_UTIL_H

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "diag.h"
#include "error.h"
#include "symvers.h"

/* A test's directory and findings. */
struct fixture {
	char *dir;
	struct kp_diags *diags;
	struct kp_symvers *symvers;
};

#define SYMVERS                                                                                    \
	"0x11111111\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n"                                          \
	"0x22222222\t__x86_return_thunk\tvmlinux\tEXPORT_SYMBOL\t\n"                               \
	"0x33333333\tnft_do\tnet/netfilter/nf_tables\tEXPORT_SYMBOL_GPL\t\n"                       \
	"0x44444444\tdma_buf_get\tvmlinux\tEXPORT_SYMBOL_GPL\tDMA_BUF\n"                           \
	"0x55555555\t__SCT__cond_resched\tvmlinux\tEXPORT_SYMBOL\t\n"

/* Makes the module an object of the patch: an entry in a table that names it. */
#define OBJECT(module)                                                                             \
	".section .kpatch.strings,\"a\"\n88: .asciz \"" module "\"\n"                              \
	".section .kpatch.callbacks.pre_patch,\"aw\"\n.quad 0, 88b\n"

static inline char *in_fixture(const struct fixture *f, const char *name)
{
	return g_build_filename(f->dir, name, NULL);
}

static inline void setup(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	f->dir = g_dir_make_tmp("post-link.XXXXXX", NULL);
	f->diags = kp_diags_new();

	g_autofree char *path = in_fixture(f, "Module.symvers");
	GError *error = NULL;

	g_assert_true(g_file_set_contents(path, SYMVERS, -1, NULL));
	f->symvers = kp_symvers_open(path, &error);
	g_assert_no_error(error);
}

static inline void teardown(struct fixture *f, gconstpointer arg G_GNUC_UNUSED)
{
	g_autoptr(GDir) dir = g_dir_open(f->dir, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = in_fixture(f, name);

		g_unlink(path);
	}
	g_rmdir(f->dir);
	g_free(f->dir);
	kp_diags_free(f->diags);
	kp_symvers_free(f->symvers);
}

/* Assembles @source to DIR/NAME; freed by the caller. */
static inline char *assemble(const struct fixture *f, const char *name, const char *source)
{
	g_autofree char *s = in_fixture(f, "input.s");
	char *o = in_fixture(f, name);
	const char *argv[] = { "as", "--64", "-o", o, s, NULL };
	int status = -1;

	g_assert_true(g_file_set_contents(s, source, -1, NULL));
	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
				   NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
	return o;
}

static inline void expect_error(GError **error, int code, const char *text)
{
	g_assert_nonnull(*error);
	g_assert_cmpint((*error)->code, ==, code);
	if (!strstr((*error)->message, text))
		g_error("'%s' expected in '%s'", text, (*error)->message);
	g_clear_error(error);
}

/* The findings hold one with @symbol (NULL: none) whose message contains @text. */
static inline void expect_diag(const struct fixture *f, const char *symbol, const char *text)
{
	for (guint i = 0; i < f->diags->list->len; i++) {
		const struct kp_diag *diag = f->diags->list->pdata[i];

		if (!g_strcmp0(diag->symbol, symbol) && strstr(diag->message, text))
			return;
	}
	g_error("no finding '%s: %s'", symbol ? symbol : "", text);
}

#endif
