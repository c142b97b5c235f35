// SPDX-License-Identifier: GPL-2.0
#include "explain.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

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

static char *explain_eperm(const struct host *host)
{
	if (file_is(host, "sys/kernel/modules_disabled", "1"))
		return g_strdup("loading modules is switched off until the next boot "
				"(kernel.modules_disabled=1); it can only be undone by booting");
	g_autofree char *mode = lockdown_mode(host);
	if (mode)
		return g_strdup_printf(
			"the kernel is locked down (%s) and takes only modules that are "
			"signed with a key it knows; sign with kpatch-build --sign-key "
			"and enrol the key",
			mode);
	if (geteuid() != 0)
		return g_strdup("only root may load modules; run this as root");
	return g_strdup("the kernel does not allow this process to load modules; "
			"containers need CAP_SYS_MODULE");
}

static char *explain_ebusy(const struct host *host)
{
	if (file_is(host, "sys/kernel/ftrace_enabled", "0"))
		return g_strdup("function tracing is switched off, which patches need; "
				"run sysctl kernel.ftrace_enabled=1");
	return g_strdup("another patch is in transition, or a function to be patched is in the "
			"hands of another tool (a kprobe or another core's patch); "
			"look at `kpatch list` and /sys/kernel/debug/kprobes/list");
}

char *explain_insert(const struct host *host, int error)
{
	switch (error) {
	case EPERM:
		return explain_eperm(host);
	case EBUSY:
		return explain_ebusy(host);
	case EKEYREJECTED:
	case ENOKEY:
	case EBADMSG:
	case ENOPKG:
		return g_strdup(
			"the kernel insists on module signatures and this one is missing, damaged "
			"or made with a key it does not know; sign with kpatch-build --sign-key "
			"and enrol the key");
	case ENOEXEC:
		return g_strdup(
			"the kernel does not take the file as a module for itself: symbol versions "
			"differ or a symbol was not found; build the patch for exactly this "
			"kernel");
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
		return g_strdup("the kernel cannot be patched live; it needs CONFIG_LIVEPATCH=y "
				"and reliable "
				"stack traces");
	case ENOMEM:
		return g_strdup("out of memory in the kernel; free some and try again");
	case ETXTBSY:
		return g_strdup("the file is being written; try again when it is complete");
	default:
		return g_strdup_printf("%s; the kernel log may say more (dmesg)",
				       g_strerror(error));
	}
}

char *explain_enabled(const struct host *host, int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return g_strdup(geteuid() == 0 ? "the kernel does not allow it"
					       : "only root may change patches; run this as root");
	case EBUSY:
		return explain_ebusy(host);
	case EINVAL:
		return g_strdup("the core does not allow this change now; look at `kpatch list`");
	case ENOENT:
		return g_strdup("the patch is gone; look at `kpatch list`");
	default:
		return g_strdup(g_strerror(error));
	}
}
