// SPDX-License-Identifier: GPL-2.0
#include "explain.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "core.h"

static bool file_is(const struct host *host, const char *path, const char *value)
{
	g_autofree char *text = host_read(host->proc, path, NULL);

	return text && strcmp(text, value) == 0;
}

/* The active mode is the one in brackets: "none [integrity] confidentiality". */
static char *lockdown_mode(const struct host *host)
{
	g_autofree char *text = host_read(host->sys, "kernel/security/lockdown", NULL);
	const char *open = text ? strchr(text, '[') : NULL;

	if (!open || strncmp(open, "[none]", 6) == 0)
		return NULL;
	return g_strndup(open + 1, strcspn(open + 1, "]"));
}

/* @log: the kernel's, which tells of a lockdown as well where securityfs is not mounted; or "" */
static char *explain_eperm(const struct host *host, const char *log)
{
	if (file_is(host, "sys/kernel/modules_disabled", "1"))
		return g_strdup("loading modules is switched off until the next boot "
				"(kernel.modules_disabled=1); it can only be undone by booting");
	g_autofree char *mode = lockdown_mode(host);
	if (mode || strstr(log, "Lockdown: "))
		return g_strdup_printf(
			"the kernel is locked down%s%s%s and takes only modules that are "
			"signed with a key it knows; sign with kpatch-build --sign-key "
			"and enrol the key",
			mode ? " (" : "", mode ? mode : "", mode ? ")" : "");
	if (geteuid() != 0)
		return g_strdup("only root may load modules; run this as root");
	return g_strdup("the kernel does not allow this process to load modules; "
			"containers need CAP_SYS_MODULE");
}

/* Patches of the cores other than @core: one of them may have the function. */
static char *patches_of_others(const struct host *host, const struct core_ops *core)
{
	GString *names = g_string_new(NULL);
	size_t count;
	const struct core_ops *table = core_table(&count);

	for (size_t c = 0; c < count; c++) {
		if (&table[c] == core)
			continue;
		g_autoptr(GPtrArray) patches = core_patches(host, &table[c]);
		for (guint i = 0; i < patches->len; i++)
			g_string_append_printf(names, "%s%s (core %s)", names->len ? ", " : "",
					       (const char *)patches->pdata[i], table[c].name);
	}
	return g_string_free(names, FALSE);
}

static char *explain_ebusy(const struct host *host, const struct core_ops *core)
{
	if (file_is(host, "sys/kernel/ftrace_enabled", "0"))
		return g_strdup("function tracing is switched off, which patches need; "
				"run sysctl kernel.ftrace_enabled=1");
	g_autofree char *moving = core_in_transition(host, core);
	if (moving)
		return g_strdup_printf("the patch %s is in transition, and only one can be at a "
				       "time; try again when it is over",
				       moving);
	g_autofree char *others = patches_of_others(host, core);
	if (*others)
		return g_strdup_printf(
			"a function to be patched is in the hands of another core's patch or of "
			"another tool, and only one can have it; loaded are: %s",
			others);
	return g_strdup("a function to be patched is in the hands of another tool (a kprobe or "
			"a tracer), or another patch was in transition; look at `kpatch list` and "
			"/sys/kernel/debug/kprobes/list");
}

static char *explain_signature(void)
{
	return g_strdup("the kernel insists on module signatures and this one is missing, damaged "
			"or made with a key it does not know; sign with kpatch-build --sign-key "
			"and enrol the key");
}

/*
 * A core that stayed loaded while kpatch was upgraded. The kernel finds out by the exports'
 * checksums or where one is missing, the core by the format; each has errors for it that mean other
 * things, too.
 */
static bool is_other_version(const struct core_ops *core, const char *log)
{
	static const char *const says[] = {
		": disagrees about version of symbol kp_",
		": Unknown symbol kp_",
		", this core knows ",
	};

	for (size_t i = 0; core->module && i < G_N_ELEMENTS(says); i++)
		if (strstr(log, says[i]))
			return true;
	return false;
}

char *explain_insert(const struct host *host, const struct core_ops *core, int error,
		     const char *log)
{
	if (is_other_version(core, log))
		return g_strdup_printf(
			"the loaded %s.ko is of another version than the patch needs; unload its "
			"patches, run rmmod %s, and load again with the %s.ko that belongs to the "
			"kpatch-build that made the patch",
			core->module, core->module, core->module);
	switch (error) {
	case EPERM:
		return explain_eperm(host, log);
	case EBUSY:
		return explain_ebusy(host, core);
	case EKEYREJECTED:
	case ENOKEY:
	case EBADMSG:
	case ENOPKG:
		return explain_signature();
	case ENOEXEC:
		return g_strdup(
			"the patch was made for another build of the kernel, or of a module that "
			"it patches, or is no module for this kernel at all; build it for exactly "
			"what is running");
	case ENOENT:
		return g_strdup("the module refers to symbols that the kernel does not have; "
				"build the patch for exactly this kernel");
	case EEXIST:
		return g_strdup(
			"a module of this name is loaded already; unload it, or build the patch "
			"with another --name");
	case EINVAL:
		return g_strdup(
			"the core refused the patch: a function or symbol was not found in the "
			"kernel or in a loaded module, or the patch cannot be combined with the "
			"loaded ones; the kernel log has the name");
	case ENODEV:
	case ENOSYS:
		return g_strdup_printf("the core %s cannot patch this kernel; the kernel log says "
				       "what is missing",
				       core->name);
	case ENOMEM:
		return g_strdup("out of memory in the kernel; free some and try again");
	case ETXTBSY:
		return g_strdup("the file is being written; try again when it is complete");
	default:
		return g_strdup_printf("%s; the kernel log may say more (dmesg)",
				       g_strerror(error));
	}
}

char *explain_core(const struct host *host, int error)
{
	switch (error) {
	case EPERM:
		return explain_eperm(host, "");
	case EKEYREJECTED:
	case ENOKEY:
	case EBADMSG:
	case ENOPKG:
		return explain_signature();
	case ENOEXEC:
	case ENOENT:
		return g_strdup("it was made for another build of the kernel, or it was never "
				"finished with kpatch-post-link; build it again for what is "
				"running");
	default:
		return g_strdup_printf("%s; the kernel log may say more (dmesg)",
				       g_strerror(error));
	}
}

char *explain_enabled(const struct host *host, const struct core_ops *core, int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return g_strdup(geteuid() == 0 ? "the kernel does not allow it"
					       : "only root may change patches; run this as root");
	case EBUSY:
		return explain_ebusy(host, core);
	case EINVAL:
		return g_strdup("the core does not allow this change now; look at `kpatch list`");
	case ENOENT:
		return g_strdup("the patch is gone; look at `kpatch list`");
	default:
		return g_strdup(g_strerror(error));
	}
}
