// SPDX-License-Identifier: GPL-2.0
/* kpatch install and uninstall: what is loaded at boot, and by name. */
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "contents.h"
#include "error.h"
#include "lock.h"
#include "module.h"
#include "store.h"

static const char *release_of(const struct command *cmd)
{
	return cmd->release ? cmd->release : cmd->host->release;
}

/* It becomes part of a path. */
static bool check_release(const char *release, GError **err)
{
	if (*release && *release != '.' && !strchr(release, '/'))
		return true;
	return kp_fail(err, KP_FAILED, "\"%s\" is not the release of a kernel; uname -r shows one",
		       release);
}

/* As far as it can be told without the kernel that it is for. */
static bool check_kernel(const struct command *cmd, const struct patch_module *module, GError **err)
{
	g_autofree char *release = patch_module_release(module);

	if (strcmp(release, release_of(cmd)) != 0)
		return kp_fail(err, KP_FAILED,
			       "%s was built for kernel %s, not for %s; install it with --kernel "
			       "%s, or build it with kpatch-build -a %s",
			       module->name, release, release_of(cmd), release, release_of(cmd));
	if (strcmp(release, cmd->host->release) == 0)
		return patch_module_fits(cmd->host, module, err);
	return patch_module_core_known(module, err);
}

static bool check_contents(const struct patch_module *module, GError **err)
{
	g_autofree char *name = patch_name_given(module->name, NULL);
	json_t *contents = patch_contents(module->elf, err);

	if (!contents)
		return false;
	json_decref(contents);
	/* Its file is called like it. */
	return g_strcmp0(name, module->name) == 0 ||
	       kp_fail(err, KP_FAILED,
		       "%s says that its name is \"%s\", which no module can have; build it again",
		       module->path, module->name);
}

/* The installed files of patches of this name. */
static GPtrArray *find_same(const struct command *cmd, const char *name)
{
	GPtrArray *same = store_list(cmd->host, release_of(cmd));

	for (guint i = same->len; i-- > 0;) {
		g_autofree char *other = patch_name(same->pdata[i]);
		if (strcmp(other, name) != 0)
			g_ptr_array_remove_index(same, i);
	}
	return same;
}

static bool has_contents(const char *path, const char *data, gsize size)
{
	g_autofree char *other = NULL;
	gsize length = 0;

	return g_file_get_contents(path, &other, &length, NULL) && length == size &&
	       memcmp(other, data, size) == 0;
}

static void report(const struct command *cmd, const char *name, const char *status,
		   const char *words)
{
	command_set(cmd, "status", status);
	g_string_append_printf(cmd->text, "%s %s kernel %s\n", name, words, release_of(cmd));
}

static bool put(const struct command *cmd, const struct patch_module *module, const char *data,
		gsize size, GError **err)
{
	g_autofree char *file = g_strconcat(module->name, module_suffix(module->path), NULL);
	g_autofree char *path = g_build_filename(cmd->host->store, release_of(cmd), file, NULL);
	g_autoptr(GPtrArray) same = find_same(cmd, module->name);

	command_set(cmd, "file", path);
	if (same->len == 1 && has_contents(same->pdata[0], data, size)) {
		command_set(cmd, "file", same->pdata[0]);
		report(cmd, module->name, "already-installed", "is installed already for");
		return true;
	}
	if (same->len && !cmd->replace)
		return kp_fail(err, KP_FAILED,
			       "another patch called %s is installed for kernel %s (%s); take its "
			       "place with --replace, or build this one with another --name",
			       module->name, release_of(cmd), (char *)same->pdata[0]);
	if (!store_add(cmd->host, release_of(cmd), file, data, size, err))
		return false;
	/* The one before may have been compressed in another way. */
	for (guint i = 0; i < same->len; i++)
		if (strcmp(same->pdata[i], path) != 0 &&
		    !store_remove(cmd->host, release_of(cmd), same->pdata[i], err))
			return false;
	report(cmd, module->name, same->len ? "replaced" : "installed",
	       same->len ? "replaced for" : "installed for");
	return true;
}

static bool install_locked(const struct command *cmd, const struct patch_module *module,
			   GError **err)
{
	g_autofree char *data = NULL;
	g_autoptr(GError) why = NULL;
	gsize size = 0;

	if (!g_file_get_contents(module->path, &data, &size, &why))
		return kp_fail(err, KP_FAILED, "%s", why->message);
	return put(cmd, module, data, size, err);
}

bool command_install(const struct command *cmd, const char *arg, GError **err)
{
	g_autofree char *base = g_path_get_basename(arg);

	if (!check_release(release_of(cmd), err))
		return false;
	if (!g_file_test(arg, G_FILE_TEST_IS_REGULAR))
		return kp_fail(err, KP_FAILED, "%s: there is no such file", arg);
	if (!module_suffix(base))
		return kp_fail(
			err, KP_FAILED,
			"%s is not called like a module; its name has to end in .ko, .ko.xz, "
			".ko.gz or .ko.zst",
			arg);
	struct patch_module *module = patch_module_read(arg, err);
	if (!module)
		return false;

	command_set(cmd, "patch", module->name);
	command_set(cmd, "kernel", release_of(cmd));
	bool ok = check_contents(module, err) && check_kernel(cmd, module, err);
	int lock = ok ? lock_take(cmd, err) : -1;
	ok = lock >= 0 && install_locked(cmd, module, err);
	if (lock >= 0)
		close(lock);
	patch_module_free(module);
	return ok;
}

static bool uninstall_locked(const struct command *cmd, const char *arg, GError **err)
{
	g_autofree char *path = store_find(cmd->host, release_of(cmd), arg, NULL);
	g_autofree char *name = patch_name(arg);

	if (!path) {
		/* Several files may answer to the name. */
		g_autoptr(GPtrArray) same = find_same(cmd, name);
		return kp_fail(
			err, KP_FAILED,
			same->len ? "%s may mean several files in %s/%s; name the file"
				  : "no patch called %s is installed in %s/%s; `kpatch verify` "
				    "shows the installed ones",
			arg, cmd->host->store, release_of(cmd));
	}
	command_set(cmd, "file", path);
	if (!store_remove(cmd->host, release_of(cmd), path, err))
		return false;
	report(cmd, name, "uninstalled", "uninstalled from");
	if (strcmp(release_of(cmd), cmd->host->release) == 0 && core_of_patch(cmd->host, name))
		g_string_append_printf(cmd->text,
				       "it stays in force until it is unloaded: kpatch unload %s\n",
				       name);
	return true;
}

bool command_uninstall(const struct command *cmd, const char *arg, GError **err)
{
	if (!check_release(release_of(cmd), err))
		return false;
	if (!*arg || *arg == '.' || strchr(arg, '/'))
		return kp_fail(
			err, KP_FAILED,
			"\"%s\" is not the name of an installed patch; give it without a path",
			arg);
	g_autofree char *name = patch_name(arg);
	command_set(cmd, "patch", name);
	command_set(cmd, "kernel", release_of(cmd));
	int lock = lock_take(cmd, err);
	if (lock < 0)
		return false;
	bool ok = uninstall_locked(cmd, arg, err);
	close(lock);
	return ok;
}
