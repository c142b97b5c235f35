// SPDX-License-Identifier: GPL-2.0
/*
 * kpatch load: look, insert, wait; and undo all of it when it does not come to an end. One patch,
 * or all that are installed.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "command.h"
#include "core.h"
#include "error.h"
#include "explain.h"
#include "installed.h"
#include "lock.h"
#include "module.h"
#include "transition.h"

enum step { STEP_INSERT, STEP_LOADED_ALREADY, STEP_FAIL };

/* What has to be done, given what the kernel has under the name of this module. */
static enum step look(const struct command *cmd, const struct patch_module *module, GError **err)
{
	const struct host *host = cmd->host;

	if (!module_is_loaded(host, module->name))
		return STEP_INSERT;
	if (core_state(host, module->ops, module->name).present) {
		/* It may be on its way out: what counts is how that ends. */
		if (transition_wait(cmd, module->ops, module->name) != TRANSITION_COMPLETE) {
			kp_fail(err, KP_FAILED, "%s is loaded and its transition does not end",
				module->name);
			return STEP_FAIL;
		}
		if (core_state(host, module->ops, module->name).enabled) {
			if (module_is_same(host, module))
				return STEP_LOADED_ALREADY;
			kp_fail(err, KP_FAILED,
				"another patch called %s is loaded; unload it first, or build this "
				"one "
				"with another --name",
				module->name);
			return STEP_FAIL;
		}
	} else if (!module_is_livepatch(host, module->name)) {
		kp_fail(err, KP_FAILED,
			"a module called %s, which is not a patch, is loaded; build the patch with "
			"another --name",
			module->name);
		return STEP_FAIL;
	}
	/* Replaced or disabled, the core never enables it again; its module is only in the way. */
	return remove_patch_module(cmd, module->name, err) ? STEP_INSERT : STEP_FAIL;
}

/* Insertion alone would fail for the want of a symbol. They stay, as after modprobe. */
static bool insert_needed(const struct command *cmd, const struct patch_module *module,
			  GError **err)
{
	g_autofree char *name = NULL;
	int ret = cmd->host->insert_needed(cmd->host, module->path, &name);

	if (!ret)
		return true;
	if (!name)
		return kp_fail(err, KP_FAILED, "cannot tell which modules %s needs: %s",
			       module->name, g_strerror(-ret));
	if (ret == -ENOENT)
		return kp_fail(err, KP_FAILED,
			       "%s needs module %s, which is not installed for kernel %s; install "
			       "it, or load it first",
			       module->name, name, cmd->host->release);
	return kp_fail(err, KP_FAILED, "%s needs module %s, which cannot be loaded: %s",
		       module->name, name, g_strerror(-ret));
}

static bool insert(const struct command *cmd, const struct patch_module *module, GError **err)
{
	host_log_mark(cmd->host);
	int ret = cmd->host->insert(cmd->host, module->path);
	if (ret == 0)
		return true;

	g_autofree char *log = core_log_since(cmd->host, module->name);
	g_autofree char *why = explain_insert(cmd->host, module->ops, -ret, log);
	command_set(cmd, "errno", g_strerror(-ret));
	command_set(cmd, "kernel_log", log);
	return kp_fail(err, KP_FAILED, "the kernel refused %s (%s): %s%s%s", module->name,
		       g_strerror(-ret), why, *log ? "\nthe kernel said: " : "", log);
}

/*
 * Never leave a patch half in force: turn the transition around and take the module
 * out. Waits once more, since the way back is a transition of its own.
 */
static bool undo(const struct command *cmd, const struct patch_module *module, GError **err)
{
	struct command patient = *cmd;
	patient.keep_waiting = false;

	command_say(cmd, "%s: undoing it", module->name);
	int ret = core_set_enabled(cmd->host, module->ops, module->name, false);
	/* It may have come to its end in this very moment: then this was an ordinary disable. */
	if (ret < 0 && ret != -ENOENT) {
		g_autofree char *why = explain_enabled(cmd->host, module->ops, -ret);
		return kp_fail(err, KP_FAILED, "cannot undo %s: %s", module->name, why);
	}
	if (transition_wait(&patient, module->ops, module->name) != TRANSITION_COMPLETE)
		return kp_fail(
			err, KP_FAILED,
			"%s could not be undone either: it is still in transition, and tasks "
			"run old and new code side by side; see `kpatch list` for the tasks that "
			"hold it up, then kpatch unload",
			module->name);
	return remove_patch_module(&patient, module->name, err);
}

static bool fail_undone(const struct command *cmd, const struct patch_module *module,
			enum transition_end end, GError **err)
{
	g_autoptr(GError) trouble = NULL;

	if (!undo(cmd, module, &trouble)) {
		command_set(cmd, "status", "in-transition");
		g_propagate_error(err, g_steal_pointer(&trouble));
		return false;
	}
	command_set(cmd, "status", "undone");
	if (end == TRANSITION_INTERRUPTED)
		return kp_fail(err, KP_INTERRUPTED, "interrupted; %s is not loaded", module->name);
	return kp_fail(err, KP_FAILED,
		       "%s was not loaded: its transition did not end within %u s and was undone; "
		       "see above for the tasks in the way, or give more time with --wait",
		       module->name, cmd->wait_seconds);
}

/* Patches that were in force before and are not any more: this one is cumulative. */
static void report_replaced(const struct command *cmd, const struct patch_module *module,
			    const GPtrArray *before)
{
	json_t *replaced = json_array();

	for (guint i = 0; i < before->len; i++) {
		const char *name = before->pdata[i];
		if (core_state(cmd->host, module->ops, name).enabled)
			continue;
		json_array_append_new(replaced, json_string(name));
		g_string_append_printf(cmd->text,
				       "%s replaced by it; `kpatch unload %s` removes its module\n",
				       name, name);
	}
	json_object_set_new(cmd->result, "replaced", replaced);
}

static bool insert_and_wait(const struct command *cmd, const struct patch_module *module,
			    GError **err)
{
	if (!core_ready(cmd->host, module->ops, cmd->core_module, err) ||
	    !insert_needed(cmd, module, err) || !transition_wait_other(cmd, module->ops, err))
		return false;

	g_autoptr(GPtrArray) before = core_patches(cmd->host, module->ops);
	gint64 start = g_get_monotonic_time();
	if (!insert(cmd, module, err))
		return false;
	enum transition_end end = transition_wait(cmd, module->ops, module->name);
	if (end != TRANSITION_COMPLETE)
		return fail_undone(cmd, module, end, err);

	if (!core_state(cmd->host, module->ops, module->name).enabled)
		return kp_fail(err, KP_FAILED,
			       "%s was disabled by someone else while it was loaded", module->name);
	double seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
	command_set(cmd, "status", "loaded");
	json_object_set_new(cmd->result, "seconds", json_real(seconds));
	g_string_append_printf(cmd->text, "%s loaded in %.1f s\n", module->name, seconds);
	report_replaced(cmd, module, before);
	return true;
}

static bool load_locked(const struct command *cmd, const struct patch_module *module, GError **err)
{
	switch (look(cmd, module, err)) {
	case STEP_LOADED_ALREADY:
		command_set(cmd, "status", "already-loaded");
		g_string_append_printf(cmd->text, "%s is loaded already\n", module->name);
		return true;
	case STEP_INSERT:
		return insert_and_wait(cmd, module, err);
	default:
		return false;
	}
}

static struct patch_module *read_fitting(const struct command *cmd, const char *path, GError **err)
{
	struct patch_module *module = patch_module_read(path, err);

	if (!module)
		return NULL;
	command_set(cmd, "patch", module->name);
	command_set(cmd, "core", module->core);
	if (!patch_module_fits(cmd->host, module, err))
		g_clear_pointer(&module, patch_module_free);
	return module;
}

bool command_load(const struct command *cmd, const char *arg, GError **err)
{
	g_autofree char *path = patch_module_find(cmd->host, arg, err);
	struct patch_module *module = path ? read_fitting(cmd, path, err) : NULL;
	int lock = module ? lock_take(cmd, err) : -1;
	bool ok = lock >= 0 && load_locked(cmd, module, err);

	if (lock >= 0)
		close(lock);
	patch_module_free(module);
	return ok;
}

/* ---- all ---- */

static bool load_path(const struct command *cmd, const char *path, GError **err)
{
	struct patch_module *module = read_fitting(cmd, path, err);
	bool ok = module && load_locked(cmd, module, err);

	patch_module_free(module);
	return ok;
}

/* One that failed replaces nothing. */
static void load_one(struct batch *batch, struct installed *patch)
{
	patch->tried = true;
	if (!batch_do(batch, load_path, patch->path))
		g_clear_pointer(&patch->module, patch_module_free);
}

static void pass_over(const struct command *cmd, const struct installed *patch,
		      const struct installed *successor)
{
	json_t *list = json_object_get(cmd->result, "not_needed");

	json_array_append_new(list, json_pack("{s:s, s:s}", "patch", patch->name, "replaced_by",
					      successor->name));
	g_string_append_printf(cmd->text, "%s is not needed: %s replaces it\n", patch->name,
			       successor->name);
}

/*
 * The last cumulative patch first, since whatever comes before it would be replaced at once; the
 * one before it only if that fails. Then the others that come after it.
 */
static void load_list(struct batch *batch, const GPtrArray *list)
{
	const struct installed *successor;

	for (guint i = list->len; i-- > 0;)
		if (installed_is_cumulative(list->pdata[i]) && !installed_successor(list, i))
			load_one(batch, list->pdata[i]);
	for (guint i = 0; i < list->len; i++) {
		struct installed *patch = list->pdata[i];
		if ((successor = installed_successor(list, i)))
			pass_over(batch->cmd, patch, successor);
		else if (!patch->tried)
			load_one(batch, patch);
	}
}

bool command_load_all(const struct command *cmd, const char *arg G_GNUC_UNUSED, GError **err)
{
	int lock = lock_take(cmd, err);

	if (lock < 0)
		return false;
	g_autoptr(GPtrArray) list = installed_read(cmd->host);
	struct batch batch = batch_begin(cmd);
	json_object_set_new(cmd->result, "not_needed", json_array());
	load_list(&batch, list);
	if (!list->len)
		g_string_append_printf(cmd->text, "no patches are installed for kernel %s\n",
				       cmd->host->release);
	bool ok = batch_end(&batch, err);
	close(lock);
	return ok;
}
