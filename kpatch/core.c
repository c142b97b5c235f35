// SPDX-License-Identifier: GPL-2.0
#include "core.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "blockers.h"
#include "error.h"
#include "explain.h"
#include "text.h"

static const struct core_ops cores[] = {
	{
		.name = "kpatch",
		.dir = "kernel/kpatch",
		.log = "kpatch: ",
		.module = "kpatch",
		.absent = "install it (DKMS builds it for each kernel; in a checkout, make core) "
			  "or name its file with --core-module",
		.blockers = blockers_from_core,
	},
	{
		.name = "livepatch",
		.dir = "kernel/livepatch",
		.log = "livepatch: ",
		.absent = "this needs a kernel with CONFIG_LIVEPATCH=y and a mounted /sys",
		.blockers = blockers_from_patch_state,
	},
};

const struct core_ops *core_table(size_t *count)
{
	*count = G_N_ELEMENTS(cores);
	return cores;
}

const struct core_ops *core_by_name(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cores); i++)
		if (strcmp(cores[i].name, name) == 0)
			return &cores[i];
	return NULL;
}

const struct core_ops *core_of_patch(const struct host *host, const char *patch)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cores); i++)
		if (core_state(host, &cores[i], patch).present)
			return &cores[i];
	return NULL;
}

static bool is_there(const struct host *host, const struct core_ops *core)
{
	g_autofree char *dir = core_patch_dir(host, core, NULL);

	return g_file_test(dir, G_FILE_TEST_IS_DIR);
}

bool core_ready(const struct host *host, const struct core_ops *core, const char *file,
		GError **err)
{
	g_autofree char *dir = core_patch_dir(host, core, NULL);

	if (is_there(host, core))
		return true;
	if (!core->module)
		return kp_fail(err, KP_FAILED, "kernel %s has no %s core (%s does not exist); %s",
			       host->release, core->name, dir, core->absent);
	g_autofree char *found = file ? g_strdup(file) : host->find(host, core->module);
	if (!found)
		return kp_fail(err, KP_FAILED,
			       "the patch needs the module %s.ko, which is not installed for "
			       "kernel %s; %s",
			       core->module, host->release, core->absent);

	host_log_mark(host);
	int ret = host->insert(host, found);
	if (ret < 0 && ret != -EEXIST) {
		g_autofree char *why = explain_core(host, -ret);
		g_autofree char *log = core_log_since(host, core->module);
		return kp_fail(err, KP_FAILED, "the kernel refused the core %s (%s): %s%s%s", found,
			       g_strerror(-ret), why, *log ? "\nthe kernel said: " : "", log);
	}
	if (is_there(host, core))
		return true;
	return kp_fail(err, KP_FAILED,
		       "%s is loaded, but %s does not exist: it is not the core of this name; %s",
		       found, dir, core->absent);
}

char *core_log_since(const struct host *host, const char *module)
{
	const char *words[G_N_ELEMENTS(cores) + 1] = { module };

	for (size_t i = 0; i < G_N_ELEMENTS(cores); i++)
		words[i + 1] = cores[i].log;
	return host_log_since(host, words, G_N_ELEMENTS(words));
}

char *core_patch_dir(const struct host *host, const struct core_ops *core, const char *patch)
{
	return g_build_filename(host->sys, core->dir, patch, NULL);
}

static bool flag(const char *dir, const char *name)
{
	g_autofree char *text = host_read(dir, name, NULL);

	return text && strcmp(text, "1") == 0;
}

struct patch_state core_state(const struct host *host, const struct core_ops *core,
			      const char *patch)
{
	g_autofree char *dir = core_patch_dir(host, core, patch);
	/* A patch's folder has "enabled"; a core may keep other things beside it. */
	g_autofree char *enabled = g_build_filename(dir, "enabled", NULL);

	return (struct patch_state){
		.present = g_file_test(enabled, G_FILE_TEST_EXISTS),
		.enabled = flag(dir, "enabled"),
		.transition = flag(dir, "transition"),
	};
}

const char *patch_state_name(const struct patch_state *state)
{
	if (!state->present)
		return "absent";
	if (state->transition)
		return state->enabled ? "enabling" : "disabling";
	return state->enabled ? "enabled" : "disabled";
}

GPtrArray *core_patches(const struct host *host, const struct core_ops *core)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *path = core_patch_dir(host, core, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		if (core_state(host, core, name).present)
			g_ptr_array_add(names, g_strdup(name));
	}
	names_sort(names);
	return names;
}

char *core_in_transition(const struct host *host, const struct core_ops *core)
{
	g_autoptr(GPtrArray) names = core_patches(host, core);

	for (guint i = 0; i < names->len; i++)
		if (core_state(host, core, names->pdata[i]).transition)
			return g_strdup(names->pdata[i]);
	return NULL;
}

static void free_loaded(gpointer data)
{
	struct loaded_patch *loaded = data;

	g_free(loaded->name);
	g_free(loaded);
}

GPtrArray *loaded_patches(const struct host *host)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(free_loaded);

	for (size_t c = 0; c < G_N_ELEMENTS(cores); c++) {
		g_autoptr(GPtrArray) names = core_patches(host, &cores[c]);
		for (guint i = 0; i < names->len; i++) {
			struct loaded_patch *loaded = g_new0(struct loaded_patch, 1);
			loaded->core = &cores[c];
			loaded->name = g_strdup(names->pdata[i]);
			loaded->state = core_state(host, &cores[c], loaded->name);
			g_ptr_array_add(list, loaded);
		}
	}
	return list;
}

int core_write(const struct host *host, const struct core_ops *core, const char *patch,
	       const char *file, bool on)
{
	g_autofree char *dir = core_patch_dir(host, core, patch);
	g_autofree char *path = g_build_filename(dir, file, NULL);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int ret = write(fd, on ? "1" : "0", 1) == 1 ? 0 : -errno;
	close(fd);
	return ret;
}

int core_set_enabled(const struct host *host, const struct core_ops *core, const char *patch,
		     bool on)
{
	return core_write(host, core, patch, "enabled", on);
}
