// SPDX-License-Identifier: GPL-2.0
#include "transition.h"

#include <errno.h>

#include "blockers.h"
#include "error.h"
#include "module.h"

/* The bundled core needs milliseconds, the kernel's own looks at the tasks once a second. */
#define POLL_MIN_MS 2
#define POLL_MAX_MS 100
/* Quick transitions need no progress; counting the tasks costs a walk through /proc. */
#define PROGRESS_US    (2 * G_USEC_PER_SEC)
#define SHOWN_BLOCKERS 10

static void report_blockers(const struct command *cmd, const struct core_ops *core,
			    const char *patch, int target)
{
	g_autoptr(GPtrArray) blockers = core->blockers(cmd->host, patch, target);

	json_object_set_new(cmd->result, "blockers", blockers_json(blockers));
	if (!blockers->len) {
		command_say(cmd, "no task of /proc holds it up: it is the idle task of a CPU, "
				 "or a task that has just moved on");
		return;
	}
	command_say(cmd, "%u task%s it up:", blockers->len,
		    blockers->len == 1 ? " holds" : "s hold");
	for (guint i = 0; i < blockers->len && i < SHOWN_BLOCKERS; i++) {
		g_autofree char *line = blocker_format(blockers->pdata[i]);
		command_say(cmd, "  %s", line);
	}
	if (blockers->len > SHOWN_BLOCKERS)
		command_say(cmd, "  and %u more (--json lists them all)",
			    blockers->len - SHOWN_BLOCKERS);
}

static void show_progress(const struct command *cmd, const struct core_ops *core, const char *patch,
			  const struct patch_state *state, gint64 start)
{
	g_autoptr(GPtrArray) blockers = core->blockers(cmd->host, patch, state->enabled);

	command_progress(cmd, "%s: %s for %.0f s, %u tasks to go", patch, patch_state_name(state),
			 (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC, blockers->len);
}

/* The longer it took until now, the longer until the next look. */
static bool pause_since(const struct command *cmd, gint64 start)
{
	gint64 elapsed = (g_get_monotonic_time() - start) / 1000;

	return host_pause(cmd->host, (unsigned int)CLAMP(elapsed / 2, POLL_MIN_MS, POLL_MAX_MS));
}

enum transition_end transition_wait(const struct command *cmd, const struct core_ops *core,
				    const char *patch)
{
	gint64 start = g_get_monotonic_time();
	gint64 limit = cmd->wait_seconds * G_USEC_PER_SEC;
	gint64 end = start + limit, next = start + PROGRESS_US;

	for (;;) {
		struct patch_state state = core_state(cmd->host, core, patch);
		if (!state.present || !state.transition)
			return TRANSITION_COMPLETE;
		gint64 now = g_get_monotonic_time();
		if (now >= end) {
			command_say(cmd, "%s: the transition has not ended after %.0f s", patch,
				    (double)(now - start) / G_USEC_PER_SEC);
			report_blockers(cmd, core, patch, state.enabled);
			if (!cmd->keep_waiting)
				return TRANSITION_STALLED;
			end = now + MAX(limit, PROGRESS_US);
		} else if (now >= next) {
			show_progress(cmd, core, patch, &state, start);
			next = now + PROGRESS_US;
		}
		if (!pause_since(cmd, start))
			return TRANSITION_INTERRUPTED;
	}
}

bool transition_wait_other(const struct command *cmd, const struct core_ops *core, GError **err)
{
	g_autofree char *other = core_in_transition(cmd->host, core);

	if (!other)
		return true;
	command_say(cmd, "waiting for %s, which is in transition", other);
	switch (transition_wait(cmd, core, other)) {
	case TRANSITION_COMPLETE:
		return true;
	case TRANSITION_INTERRUPTED:
		return kp_fail(err, KP_INTERRUPTED, "interrupted; nothing was done");
	default:
		return kp_fail(
			err, KP_FAILED,
			"the patch %s has been in transition for %u s, and only one can be at a "
			"time; unload it, or give more time with --wait",
			other, cmd->wait_seconds);
	}
}

bool remove_patch_module(const struct command *cmd, const char *patch, GError **err)
{
	gint64 start = g_get_monotonic_time();
	gint64 end = start + cmd->wait_seconds * G_USEC_PER_SEC;

	while (module_is_loaded(cmd->host, patch)) {
		/* The core drops its reference from a worker, some time after the transition. */
		int ret = cmd->host->remove(cmd->host, patch);
		if (ret == 0 || ret == -ENOENT)
			return true;
		if (ret != -EAGAIN && ret != -EBUSY)
			return kp_fail(err, KP_FAILED,
				       "the patch %s is not in force, but its module cannot be "
				       "removed: %s",
				       patch, g_strerror(-ret));
		if (g_get_monotonic_time() >= end)
			return kp_fail(err, KP_FAILED,
				       "the patch %s is not in force, but its module still has %ld "
				       "users after %u s; try kpatch unload again later (if its "
				       "transition was forced, it stays until the next boot)",
				       patch, module_refcount(cmd->host, patch), cmd->wait_seconds);
		if (!pause_since(cmd, start))
			return kp_fail(err, KP_INTERRUPTED,
				       "interrupted; the patch %s is not in force, its module is "
				       "still loaded",
				       patch);
	}
	return true;
}
