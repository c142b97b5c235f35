// SPDX-License-Identifier: GPL-2.0
/* kpatch status: whether the loaded patches are in force, and if not, what is in the way. */
#include "blockers.h"
#include "command.h"
#include "core.h"
#include "error.h"
#include "fixes.h"
#include "installed.h"
#include "module.h"
#include "transition.h"

/* How long it has been in transition, by the kernel's log; negative: that does not say. */
static double seconds_in_transition(const struct host *host, const struct loaded_patch *loaded)
{
	g_autofree char *begins =
		g_strdup_printf("%s'%s': starting ", loaded->core->log, loaded->name);

	return host_log_age(host, begins);
}

static const char *advice(const struct loaded_patch *loaded, const GPtrArray *blockers)
{
	if (!blockers->len)
		return "wait: no task of /proc is in the way, but maybe the idle task of a CPU, "
		       "which soon moves on";
	if (loaded->state.enabled)
		return "wait: the core wakes the tasks that sleep; else end what they wait for, or "
		       "the tasks; kpatch unload turns the transition around, and so does an "
		       "interrupt of the kpatch that waits for it";
	return "wait: the core wakes the tasks that sleep; else end what they wait for, or the "
	       "tasks; kpatch force is the last resort, and costs something";
}

static void add_transition(const struct command *cmd, json_t *patch,
			   const struct loaded_patch *loaded)
{
	g_autoptr(GPtrArray) blockers =
		loaded->core->blockers(cmd->host, loaded->name, loaded->state.enabled);
	double seconds = seconds_in_transition(cmd->host, loaded);

	if (seconds >= 0) {
		json_object_set_new(patch, "seconds", json_real(seconds));
		g_string_append_printf(cmd->text, ", for %.0f s", seconds);
	}
	g_string_append_c(cmd->text, '\n');
	for (guint i = 0; i < blockers->len; i++) {
		g_autofree char *line = blocker_format(blockers->pdata[i]);
		g_string_append_printf(cmd->text, "  held up by %s\n", line);
	}
	json_object_set_new(patch, "blockers", blockers_json(blockers));
	json_object_set_new(patch, "advice", json_string(advice(loaded, blockers)));
	g_string_append_printf(cmd->text, "  %s\n", advice(loaded, blockers));
}

/* Returns whether it is in force. */
static bool show_patch(const struct command *cmd, json_t *patches,
		       const struct loaded_patch *loaded, const GPtrArray *installed)
{
	const char *state = patch_state_name(&loaded->state);
	json_t *patch = json_pack("{s:s, s:s, s:s}", "name", loaded->name, "core",
				  loaded->core->name, "state", state);

	g_string_append_printf(cmd->text, "%s  %s  (core %s)", loaded->name, state,
			       loaded->core->name);
	if (loaded->state.transition)
		add_transition(cmd, patch, loaded);
	else
		g_string_append_c(cmd->text, '\n');
	fixes_add_loaded(patch, cmd->host, loaded->name, installed);
	fixes_write(cmd->text, patch);
	json_array_append_new(patches, patch);
	return loaded->state.enabled && !loaded->state.transition;
}

static void show_leftovers(const struct command *cmd, json_t *patches)
{
	g_autoptr(GPtrArray) names = module_leftovers(cmd->host);

	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		json_array_append_new(
			patches, json_pack("{s:s, s:s}", "name", name, "state", "not in force"));
		g_string_append_printf(cmd->text,
				       "%s  not in force\n  kpatch unload %s removes its module\n",
				       name, name);
	}
}

/* What is left after the wait is shown, so its end does not matter, unless the user was it. */
static bool wait_for_all(const struct command *cmd, GError **err)
{
	size_t cores;
	const struct core_ops *table = core_table(&cores);

	for (size_t c = 0; c < cores; c++) {
		g_autofree char *name = core_in_transition(cmd->host, &table[c]);
		if (name && transition_wait(cmd, &table[c], name) == TRANSITION_INTERRUPTED)
			return kp_fail(err, KP_INTERRUPTED,
				       "interrupted; the transition of %s goes on", name);
	}
	return true;
}

bool command_status(const struct command *cmd, const char *arg G_GNUC_UNUSED, GError **err)
{
	if (cmd->wait && !wait_for_all(cmd, err))
		return false;

	json_t *patches = json_array();
	g_autoptr(GPtrArray) loaded = loaded_patches(cmd->host);
	g_autoptr(GPtrArray) installed =
		loaded->len ? installed_read(cmd->host) : g_ptr_array_new();
	g_autoptr(GString) missing = g_string_new(NULL);

	for (guint i = 0; i < loaded->len; i++) {
		const struct loaded_patch *patch = loaded->pdata[i];
		if (!show_patch(cmd, patches, patch, installed))
			g_string_append_printf(missing, "%s%s (%s)", missing->len ? ", " : "",
					       patch->name, patch_state_name(&patch->state));
	}
	show_leftovers(cmd, patches);
	if (!json_array_size(patches))
		g_string_append(cmd->text, "no patches are loaded\n");
	json_object_set_new(cmd->result, "fixes", fixes_in_force(patches));
	json_object_set_new(cmd->result, "patches", patches);
	return !missing->len || kp_fail(err, KP_FAILED,
					"not in force: %s; kpatch status --wait SECONDS waits for "
					"the end of a transition",
					missing->str);
}
