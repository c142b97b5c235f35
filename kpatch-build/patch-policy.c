// SPDX-License-Identifier: GPL-2.0
#include "patch-policy.h"

#include <string.h>

#include "kbuild.h"

/** struct rule - patterns are those of g_pattern_match: '*' matches '/' as well. */
struct rule {
	const char *pattern;
	const char *message;
	const char *remedy;
};

static const char leave_out[] = "leave this file out of the patch";
static const char reboot[] = "this needs a new kernel and a reboot";

/* The first that matches decides. */
static const struct rule refused[] = {
	{ "*.S", "assembly cannot be patched", reboot },
	{ "*.s", "assembly cannot be patched", reboot },
	{ "*Kconfig*", "a running kernel's configuration cannot change", leave_out },
	{ "Makefile", "compiler flags of a running kernel cannot change", leave_out },
	{ "scripts/*", "a build tool, not code of the kernel", leave_out },
	{ "tools/objtool/*", "a build tool, not code of the kernel", leave_out },
	{ "include/generated/*", "a generated file", "patch what it is generated from" },
	{ "include/config/*", "a generated file", "patch what it is generated from" },
	{ "arch/*/include/generated/*", "a generated file", "patch what it is generated from" },
	{ "*.mod.c", "a generated file", leave_out },
	{ "*.config", "a running kernel's configuration cannot change", leave_out },
	{ "arch/x86/boot/*", "boot code has run already", reboot },
	{ "arch/x86/realmode/*", "boot code has run already", reboot },
	{ "arch/x86/purgatory/*", "the purgatory is a program of its own in the kernel", reboot },
	{ "drivers/firmware/efi/libstub/*", "boot code has run already", reboot },
	{ "arch/x86/entry/vdso/*", "the vDSO runs in user space", reboot },
	{ "lib/vdso/*", "the vDSO runs in user space", reboot },
	{ "*.lds", "a linker script", reboot },
	{ "*.tbl", "a table that code is generated from", reboot },
	{ "*.asn1", "code is generated from it", reboot },
	{ "*.rs", "Rust cannot be patched", leave_out },
	{ "*.pl", "a script of the build", leave_out },
	{ "*.awk", "a script of the build", leave_out },
};

static const char *const ignored[] = {
	"Documentation/*", "tools/*",	   "samples/*",	 "LICENSES/*", "MAINTAINERS",
	"CREDITS",	   "*/.gitignore", ".gitignore", "*.rst",      "*.txt",
	"*.dts",	   "*.dtsi",	   "*.yaml",	 ".mailmap",
};

/* A Kbuild file may gain or lose objects; what changes flags would concern other objects. */
static bool changes_flags(const struct sp_file *file)
{
	static const char *const words[] = { "flags",	  "FLAGS",
					     "subdir-",	  "OBJECT_FILES_NON_STANDARD",
					     "hostprogs", "always",
					     "extra-y",	  "targets" };

	for (guint h = 0; h < file->hunks->len; h++) {
		const struct sp_hunk *hunk = file->hunks->pdata[h];

		for (guint i = 0; i < hunk->lines->len; i++) {
			const struct sp_line *line = &g_array_index(hunk->lines, struct sp_line, i);
			g_autofree char *text = g_strndup(line->text, line->len);

			for (gsize w = 0; line->op != ' ' && w < G_N_ELEMENTS(words); w++)
				if (strstr(text, words[w]))
					return true;
		}
	}
	return false;
}

static bool is_kbuild_file(const char *path)
{
	return g_str_has_suffix(path, "/Makefile") || g_str_has_suffix(path, "/Kbuild") ||
	       !strcmp(path, "Kbuild");
}

static const char *arch_of(const char *path, gsize *len)
{
	if (!g_str_has_prefix(path, "arch/"))
		return NULL;
	const char *slash = strchr(path + 5, '/');

	*len = slash ? (gsize)(slash - path - 5) : 0;
	return slash ? path + 5 : NULL;
}

static enum policy refuse(struct kp_diags *diags, const char *path, const char *message,
			  const char *remedy)
{
	kp_diag_add(diags, KP_ERROR_DIAG, path, NULL, remedy, "cannot patch this file: %s",
		    message);
	return POLICY_REFUSE;
}

static enum policy ignore(struct kp_diags *diags, const char *path, const char *why)
{
	kp_diag_add(diags, KP_NOTE, path, NULL, NULL, "not applied: %s", why);
	return POLICY_IGNORE;
}

static enum policy check_rules(const struct sp_file *file, const char *path, struct kp_diags *diags)
{
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
		if (g_pattern_match_simple(refused[i].pattern, path))
			return refuse(diags, path, refused[i].message, refused[i].remedy);
	for (gsize i = 0; i < G_N_ELEMENTS(ignored); i++)
		if (g_pattern_match_simple(ignored[i], path))
			return ignore(diags, path, "it is not part of the kernel's code");
	if (is_kbuild_file(path) && changes_flags(file))
		return refuse(diags, path, "more than lists of objects changes in it",
			      "leave everything but obj-y, obj-m and the like out");
	return POLICY_APPLY;
}

static enum policy check_path(const struct tree *tree, const struct sp_file *file, const char *path,
			      struct kp_diags *diags)
{
	gsize len;
	const char *arch = arch_of(path, &len);
	const char *reason;

	if (arch && (len != strlen(tree->target->arch) || memcmp(arch, tree->target->arch, len)))
		return ignore(diags, path, "the target has another architecture");
	enum policy policy = check_rules(file, path, diags);

	if (policy != POLICY_APPLY)
		return policy;
	if ((reason = tree_left_out(tree, path)))
		return ignore(diags, path, "no build for this architecture reads it");
	if ((reason = kbuild_unpatchable_source(path)))
		return refuse(diags, path, reason, reboot);
	return POLICY_APPLY;
}

enum policy policy_check(const struct tree *tree, const struct source_patch *patch,
			 const struct sp_file *file, struct kp_diags *diags)
{
	const char *paths[] = { file->old_path, file->new_path };
	enum policy result = POLICY_APPLY;

	(void)patch;
	if (file->old_path && file->new_path && !strcmp(file->old_path, file->new_path))
		paths[0] = NULL;
	/* Plain diffs may call the two sides differently ("f.c.orig"): the new name counts. */
	if (file->kind == SP_MODIFIED && file->new_path)
		paths[0] = NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		if (!paths[i])
			continue;
		enum policy policy = check_path(tree, file, paths[i], diags);

		result = MAX(result, policy);
	}
	return result;
}
