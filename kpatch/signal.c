// SPDX-License-Identifier: GPL-2.0
/*
 * kpatch signal: have the core wake the tasks that hold a transition up. Kernels before 5.1 wait to
 * be told to; they have a file "signal". No lock is taken: a kpatch that waits holds it.
 */
#include <errno.h>

#include "command.h"
#include "core.h"
#include "error.h"
#include "explain.h"

static bool signal_patch(const struct command *cmd, const struct loaded_patch *patch,
			 const char **status, GError **err)
{
	int ret = core_write(cmd->host, patch->core, patch->name, "signal", true);

	*status = "signalled";
	if (!ret) {
		g_string_append_printf(cmd->text, "%s: the tasks in the way are signalled\n",
				       patch->name);
		return true;
	}
	if (ret != -ENOENT) {
		g_autofree char *why = explain_enabled(cmd->host, patch->core, -ret);
		return kp_fail(err, KP_FAILED, "cannot signal the tasks that hold %s up: %s",
			       patch->name, why);
	}
	*status = "by-itself";
	g_string_append_printf(cmd->text,
			       "%s: nothing to do, the core %s signals the tasks in the way by "
			       "itself, again and again; `kpatch status` shows them\n",
			       patch->name, patch->core->name);
	return true;
}

bool command_signal(const struct command *cmd, const char *arg G_GNUC_UNUSED, GError **err)
{
	g_autoptr(GPtrArray) loaded = loaded_patches(cmd->host);
	json_t *patches = json_array();
	bool ok = true;

	for (guint i = 0; i < loaded->len && ok; i++) {
		const struct loaded_patch *patch = loaded->pdata[i];
		const char *status;
		if (!patch->state.transition)
			continue;
		ok = signal_patch(cmd, patch, &status, err);
		if (ok)
			json_array_append_new(
				patches, json_pack("{s:s, s:s, s:s}", "name", patch->name, "core",
						   patch->core->name, "status", status));
	}
	if (ok && !json_array_size(patches))
		g_string_append(cmd->text, "no patch is in transition\n");
	json_object_set_new(cmd->result, "patches", patches);
	return ok;
}
