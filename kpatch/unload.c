// SPDX-License-Identifier: GPL-2.0
/* kpatch unload: disable, wait, remove; a transition that stalls is turned around again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "command.h"
#include "core.h"
#include "error.h"
#include "explain.h"
#include "lock.h"
#include "module.h"
#include "store.h"
#include "transition.h"

static bool fail_reenabled(const struct command *cmd, const struct core_ops *core,
			   const char *patch, enum transition_end end, GError **err)
{
	struct command patient = *cmd;
	patient.keep_waiting = false;

	command_say(cmd, "%s: putting it in force again", patch);
	int ret = core_set_enabled(cmd->host, core, patch, true);
	if (ret == -ENOENT)
		return kp_fail(
			err, KP_FAILED,
			"%s went out of force in the last moment; run kpatch unload again to "
			"remove its module",
			patch);
	if (ret < 0) {
		g_autofree char *why = explain_enabled(cmd->host, core, -ret);
		return kp_fail(err, KP_FAILED, "cannot put %s in force again: %s", patch, why);
	}
	if (transition_wait(&patient, core, patch) != TRANSITION_COMPLETE) {
		command_set(cmd, "status", "in-transition");
		return kp_fail(err, KP_FAILED,
			       "%s can neither be unloaded nor put in force again: it is still in "
			       "transition; see `kpatch list` for the tasks that hold it up",
			       patch);
	}
	command_set(cmd, "status", "undone");
	if (end == TRANSITION_INTERRUPTED)
		return kp_fail(err, KP_INTERRUPTED, "interrupted; %s stays loaded", patch);
	return kp_fail(
		err, KP_FAILED,
		"%s stays loaded: its transition did not end within %u s and was undone; see "
		"above for the tasks in the way, or give more time with --wait",
		patch, cmd->wait_seconds);
}

/* Turn around the transition of this patch, or start one when no other is under way. */
static bool start_disable(const struct command *cmd, const struct core_ops *core, const char *patch,
			  GError **err)
{
	struct patch_state state = core_state(cmd->host, core, patch);

	if (!state.present || !state.enabled)
		return true;
	if (!state.transition && !transition_wait_other(cmd, core, err))
		return false;
	int ret = core_set_enabled(cmd->host, core, patch, false);
	if (ret == 0 || ret == -ENOENT)
		return true;
	g_autofree char *why = explain_enabled(cmd->host, core, -ret);
	return kp_fail(err, KP_FAILED, "cannot disable %s (%s): %s", patch, g_strerror(-ret), why);
}

static bool unload_locked(const struct command *cmd, const char *patch, GError **err)
{
	const struct core_ops *core = core_of_patch(cmd->host, patch);
	gint64 start = g_get_monotonic_time();

	command_set(cmd, "patch", patch);
	if (!core && !module_is_loaded(cmd->host, patch))
		return kp_fail(err, KP_FAILED, "no patch called %s is loaded; see `kpatch list`",
			       patch);
	/* A replaced patch has no core any more, but its module may be left. */
	if (!core && !module_is_livepatch(cmd->host, patch))
		return kp_fail(err, KP_FAILED,
			       "%s is a module, but not a patch; use modprobe -r for other modules",
			       patch);
	if (core) {
		command_set(cmd, "core", core->name);
		if (!start_disable(cmd, core, patch, err))
			return false;
		enum transition_end end = transition_wait(cmd, core, patch);
		if (end != TRANSITION_COMPLETE)
			return fail_reenabled(cmd, core, patch, end, err);
	}
	if (!remove_patch_module(cmd, patch, err)) {
		command_set(cmd, "status", "disabled");
		return false;
	}
	double seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
	command_set(cmd, "status", "unloaded");
	json_object_set_new(cmd->result, "seconds", json_real(seconds));
	g_string_append_printf(cmd->text, "%s unloaded in %.1f s\n", patch, seconds);
	return true;
}

bool command_unload(const struct command *cmd, const char *arg, GError **err)
{
	g_autofree char *patch = patch_name_given(arg, err);

	if (!patch)
		return false;
	int lock = lock_take(cmd, err);
	if (lock < 0)
		return false;
	bool ok = unload_locked(cmd, patch, err);
	close(lock);
	return ok;
}

/* ---- all ---- */

/* By the time that it was put in force, as the core or the store knows it; unknown: the latest. */
static guint place_of(const struct host *host, const GPtrArray *installed,
		      const struct loaded_patch *patch)
{
	g_autofree char *dir = core_patch_dir(host, patch->core, patch->name);
	g_autofree char *order = host_read(dir, "stack_order", NULL);
	guint place = 0;

	if (order)
		return (guint)strtoul(order, NULL, 10);
	for (; place < installed->len; place++) {
		g_autofree char *name = patch_name(installed->pdata[place]);
		if (strcmp(name, patch->name) == 0)
			break;
	}
	return place;
}

struct placed {
	guint place;
	guint index; /* among the loaded ones */
};

/* The latest first; of those with one place, the last one. */
static int compare_placed(gconstpointer a, gconstpointer b)
{
	const struct placed *one = a, *other = b;

	if (one->place != other->place)
		return one->place < other->place ? 1 : -1;
	return one->index < other->index ? 1 : -1;
}

/* Patches of different cores do not touch each other. */
static GPtrArray *names_from_the_top(const struct host *host)
{
	g_autoptr(GPtrArray) installed = store_list(host, host->release);
	g_autoptr(GPtrArray) loaded = loaded_patches(host);
	g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(struct placed));
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < loaded->len; i++) {
		struct placed placed = { place_of(host, installed, loaded->pdata[i]), i };
		g_array_append_val(order, placed);
	}
	g_array_sort(order, compare_placed);
	for (guint i = 0; i < order->len; i++) {
		guint index = g_array_index(order, struct placed, i).index;
		const struct loaded_patch *patch = loaded->pdata[index];
		g_ptr_array_add(names, g_strdup(patch->name));
	}
	return names;
}

bool command_unload_all(const struct command *cmd, const char *arg G_GNUC_UNUSED, GError **err)
{
	int lock = lock_take(cmd, err);

	if (lock < 0)
		return false;
	g_autoptr(GPtrArray) names = names_from_the_top(cmd->host);
	g_autoptr(GPtrArray) leftovers = module_leftovers(cmd->host);
	g_ptr_array_extend_and_steal(names, g_steal_pointer(&leftovers));
	if (!names->len)
		g_string_append(cmd->text, "no patches are loaded\n");
	g_ptr_array_add(names, NULL);
	bool ok = batch_each(cmd, unload_locked, (char *const *)names->pdata, err);
	close(lock);
	return ok;
}
