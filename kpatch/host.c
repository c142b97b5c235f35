// SPDX-License-Identifier: GPL-2.0
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "error.h"

static int insert_module(const struct host *host G_GNUC_UNUSED, const char *path)
{
	const char *no_config = NULL;
	struct kmod_ctx *ctx = kmod_new(NULL, &no_config);
	struct kmod_module *module = NULL;

	if (!ctx)
		return -ENOMEM;
	kmod_set_log_priority(ctx, 0); /* what went wrong is told by the caller */
	int ret = kmod_module_new_from_path(ctx, path, &module);
	if (ret >= 0)
		ret = kmod_module_insert_module(module, 0, NULL);
	kmod_module_unref(module);
	kmod_unref(ctx);
	return ret;
}

/* Loads the installed module called @name, as modprobe would, unless it is there. */
static int probe_module(struct kmod_ctx *ctx, const char *name)
{
	struct kmod_list *found = NULL, *entry;
	int ret = kmod_module_new_from_lookup(ctx, name, &found);

	if (ret >= 0 && !found)
		ret = -ENOENT;
	kmod_list_foreach(entry, found)
	{
		struct kmod_module *module = kmod_module_get_module(entry);

		ret = kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
		kmod_module_unref(module);
		if (ret < 0)
			break;
	}
	kmod_module_unref_list(found);
	return ret < 0 ? ret : 0;
}

static bool is_there(struct kmod_ctx *ctx, const char *name)
{
	struct kmod_module *module = NULL;
	int state = kmod_module_new_from_name(ctx, name, &module);

	if (state >= 0)
		state = kmod_module_get_initstate(module);
	kmod_module_unref(module);
	return state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN;
}

/* The modules that a file says it needs, each freed by the caller; NULL: it cannot be read. */
static char **dependencies(struct kmod_ctx *ctx, const char *path)
{
	struct kmod_module *module = NULL;
	struct kmod_list *list = NULL, *entry;
	char **names = NULL;
	int ret = kmod_module_new_from_path(ctx, path, &module);

	if (ret >= 0)
		ret = kmod_module_get_info(module, &list);
	kmod_list_foreach(entry, list)
	{
		if (names || strcmp(kmod_module_info_get_key(entry), "depends") != 0)
			continue;
		names = g_strsplit(kmod_module_info_get_value(entry), ",", -1);
	}
	kmod_module_info_free_list(list);
	kmod_module_unref(module);
	return ret < 0 ? NULL : names ? names : g_new0(char *, 1);
}

static int insert_needed(const struct host *host G_GNUC_UNUSED, const char *path, char **name)
{
	/* With the configuration of modprobe: options for these modules hold here, too. */
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	int ret = 0;

	if (!ctx)
		return -ENOMEM;
	kmod_set_log_priority(ctx, 0);
	g_auto(GStrv) needed = dependencies(ctx, path);

	if (!needed)
		ret = -ENOEXEC;
	for (char **p = needed; p && *p && !ret; p++) {
		if (!**p || is_there(ctx, *p))
			continue;
		ret = probe_module(ctx, *p);
		if (ret)
			*name = g_strdup(*p);
	}
	kmod_unref(ctx);
	return ret;
}

static int remove_module(const struct host *host G_GNUC_UNUSED, const char *name)
{
	const char *no_config = NULL;
	struct kmod_ctx *ctx = kmod_new(NULL, &no_config);
	struct kmod_module *module = NULL;

	if (!ctx)
		return -ENOMEM;
	kmod_set_log_priority(ctx, 0);
	int ret = kmod_module_new_from_name(ctx, name, &module);
	if (ret >= 0)
		ret = kmod_module_remove_module(module, KMOD_REMOVE_NOWAIT);
	kmod_module_unref(module);
	kmod_unref(ctx);
	return ret;
}

static char *find_module(const struct host *host G_GNUC_UNUSED, const char *name)
{
	const char *no_config = NULL;
	struct kmod_ctx *ctx = kmod_new(NULL, &no_config);
	struct kmod_module *module = NULL;
	char *path = NULL;

	if (!ctx)
		return NULL;
	kmod_set_log_priority(ctx, 0);
	if (kmod_module_new_from_name(ctx, name, &module) >= 0)
		path = g_strdup(kmod_module_get_path(module));
	kmod_module_unref(module);
	kmod_unref(ctx);
	return path;
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct host *host_new(GError **err)
{
	struct utsname uts;

	if (uname(&uts) < 0) {
		kp_fail_errno(err, "cannot tell the release of the running kernel");
		return NULL;
	}
	struct host *host = g_new0(struct host, 1);
	*host = (struct host){
		.sys = g_strdup("/sys"),
		.proc = g_strdup("/proc"),
		.run = g_strdup("/run"),
		.store = g_strdup("/var/lib/kpatch"),
		.release = g_strdup(uts.release),
		.signal_fd = block_signals(),
		.kmsg_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC),
		.insert = insert_module,
		.insert_needed = insert_needed,
		.remove = remove_module,
		.find = find_module,
	};
	return host;
}

void host_free(struct host *host)
{
	if (!host)
		return;
	if (host->signal_fd >= 0)
		close(host->signal_fd);
	if (host->kmsg_fd >= 0)
		close(host->kmsg_fd);
	g_free(host->sys);
	g_free(host->proc);
	g_free(host->run);
	g_free(host->store);
	g_free(host->release);
	g_free(host);
}

bool host_pause(const struct host *host, unsigned int milliseconds)
{
	/* poll() ignores a negative descriptor: then this is a plain sleep. */
	struct pollfd fd = { .fd = host->signal_fd, .events = POLLIN };
	struct signalfd_siginfo info;

	if (poll(&fd, 1, (int)milliseconds) <= 0)
		return true;
	/* Consumed, so that undoing the work can wait again. */
	return read(host->signal_fd, &info, sizeof(info)) != sizeof(info);
}

void host_log_mark(const struct host *host)
{
	if (host->kmsg_fd >= 0)
		lseek(host->kmsg_fd, 0, SEEK_END);
}

static bool has_word(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

/*
 * The next record: "priority,sequence,time,flags;message\n" and then lines of key=value. Returns
 * its message, in @record, which still begins with the fields; NULL at the end.
 */
static const char *next_message(const struct host *host, char *record, size_t size)
{
	while (host->kmsg_fd >= 0) {
		ssize_t n = read(host->kmsg_fd, record, size - 1);
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* EPIPE: older records were overwritten, go on with the next */
		if (n <= 0)
			break;
		record[n] = '\0';
		char *message = strchr(record, ';');
		if (!message)
			continue;
		*message++ = '\0';
		message[strcspn(message, "\n")] = '\0';
		return message;
	}
	return NULL;
}

char *host_log_since(const struct host *host, const char *const *words, size_t count)
{
	GString *text = g_string_new(NULL);
	char record[8192];

	for (const char *message; (message = next_message(host, record, sizeof(record)));)
		if (has_word(message, words, count))
			g_string_append_printf(text, "%s%s", text->len ? "\n" : "", message);
	return g_string_free(text, FALSE);
}

double host_log_age(const struct host *host, const char *word)
{
	char record[8192];
	gint64 time = -1;

	if (host->kmsg_fd >= 0)
		lseek(host->kmsg_fd, 0, SEEK_SET);
	for (const char *message; (message = next_message(host, record, sizeof(record)));) {
		/* Microseconds of the clock that is monotonic here, too. */
		g_auto(GStrv) fields = g_strsplit(record, ",", 4);
		if (strstr(message, word) && g_strv_length(fields) >= 3)
			time = g_ascii_strtoll(fields[2], NULL, 10);
	}
	return time < 0 ? -1 : (double)(g_get_monotonic_time() - time) / G_USEC_PER_SEC;
}

char *host_read(const char *first, ...)
{
	va_list ap;

	va_start(ap, first);
	g_autofree char *path = g_build_filename_valist(first, &ap);
	va_end(ap);

	char *text = NULL;
	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	return g_strchomp(text);
}
