// SPDX-License-Identifier: GPL-2.0
/*
 * kpatch force: end a transition without the tasks that hold it up. No lock is taken: the kpatch
 * that waits for the transition holds it, and only sees it end.
 */
#include <errno.h>

#include "blockers.h"
#include "command.h"
#include "core.h"
#include "error.h"
#include "explain.h"
#include "module.h"
#include "transition.h"

/* By what goes out of force; the cores keep that in memory, since tasks may still be in it. */
static const char *price(bool enabling)
{
	return enabling ? "tasks that are in old code go on in it, together with new code; what "
			  "they are in of patches that this one replaces can never be removed "
			  "again, and their states and shadow variables are never freed"
			: "tasks that are in the patch's code go on in it, together with old code; "
			  "its module can never be removed again, nor loaded, and its states and "
			  "shadow variables are never freed";
}

static void show_blockers(const struct command *cmd, const struct core_ops *core, const char *patch,
			  bool enabling)
{
	g_autoptr(GPtrArray) blockers = core->blockers(cmd->host, patch, enabling);

	json_object_set_new(cmd->result, "blockers", blockers_json(blockers));
	for (guint i = 0; i < blockers->len; i++) {
		g_autofree char *line = blocker_format(blockers->pdata[i]);
		command_say(cmd, "held up by %s", line);
	}
}

static bool agreed(const struct command *cmd, const char *patch, bool enabling, GError **err)
{
	g_autofree char *question = g_strdup_printf(
		"Forcing %s: %s. Only a reboot undoes this.\nForce it?", patch, price(enabling));

	if (cmd->yes) {
		command_say(cmd, "forcing %s: %s", patch, price(enabling));
		return true;
	}
	if (!cmd->ask)
		return kp_fail(
			err, KP_FAILED,
			"nobody is there to ask whether to force %s, and it has a price: %s; "
			"if you want that, give --yes",
			patch, price(enabling));
	return cmd->ask(question, cmd->say_data) ||
	       kp_fail(err, KP_FAILED,
		       "%s was not forced; `kpatch status` shows what is in the way", patch);
}

static bool wait_forced(const struct command *cmd, const struct core_ops *core, const char *patch,
			GError **err)
{
	switch (transition_wait(cmd, core, patch)) {
	case TRANSITION_COMPLETE:
		command_set(cmd, "status", "forced");
		g_string_append_printf(cmd->text, "%s forced\n", patch);
		return true;
	case TRANSITION_INTERRUPTED:
		return kp_fail(err, KP_INTERRUPTED, "interrupted; %s was forced all the same",
			       patch);
	default:
		return kp_fail(
			err, KP_FAILED,
			"%s was forced, but its transition has not ended after %u s; look at "
			"the kernel log (dmesg)",
			patch, cmd->wait_seconds);
	}
}

bool command_force(const struct command *cmd, const char *arg, GError **err)
{
	g_autofree char *patch = patch_name_given(arg, err);

	if (!patch)
		return false;
	command_set(cmd, "patch", patch);
	const struct core_ops *core = core_of_patch(cmd->host, patch);
	if (!core)
		return kp_fail(err, KP_FAILED, "no patch called %s is loaded; see `kpatch status`",
			       patch);
	command_set(cmd, "core", core->name);
	struct patch_state state = core_state(cmd->host, core, patch);
	if (!state.transition)
		return kp_fail(err, KP_FAILED,
			       "%s is %s and in no transition, so there is nothing to force", patch,
			       patch_state_name(&state));

	show_blockers(cmd, core, patch, state.enabled);
	if (!agreed(cmd, patch, state.enabled, err))
		return false;
	int ret = core_write(cmd->host, core, patch, "force", true);
	/* EINVAL, ENOENT: it has ended meanwhile, which takes the need away. */
	if (ret == -EINVAL || ret == -ENOENT)
		return kp_fail(err, KP_FAILED,
			       "the transition of %s has ended by itself; nothing was forced",
			       patch);
	if (ret) {
		g_autofree char *why = explain_enabled(cmd->host, core, -ret);
		return kp_fail(err, KP_FAILED, "cannot force %s: %s", patch, why);
	}
	return wait_forced(cmd, core, patch, err);
}
