// SPDX-License-Identifier: GPL-2.0
#include "batch.h"

#include "error.h"

struct batch batch_begin(const struct command *cmd)
{
	return (struct batch){
		.cmd = cmd,
		.results = json_array(),
		.failures = g_string_new(NULL),
	};
}

static void note_failure(struct batch *batch, const GError *error)
{
	batch->failed++;
	batch->interrupted |= kp_exit_status(error) == KP_INTERRUPTED;
	g_string_append_printf(batch->failures, "\n%s", error->message);
}

bool batch_do(struct batch *batch, command_fn run, const char *arg)
{
	g_autoptr(GError) error = NULL;
	struct command cmd = *batch->cmd;

	if (batch->interrupted)
		return false;
	cmd.result = json_object();
	bool ok = run(&cmd, arg, &error);
	command_outcome(&cmd, error);
	if (!ok)
		note_failure(batch, error);
	json_array_append_new(batch->results, cmd.result);
	return ok;
}

bool batch_end(struct batch *batch, GError **err)
{
	g_autofree char *failures = g_string_free(batch->failures, FALSE);
	size_t count = json_array_size(batch->results);

	json_object_set_new(batch->cmd->result, "patches", batch->results);
	if (!batch->failed)
		return true;
	return kp_fail(err, batch->interrupted ? KP_INTERRUPTED : KP_FAILED,
		       "%u of %zu patches failed%s:%s", batch->failed, count,
		       batch->interrupted ? ", and the rest was not tried" : "", failures);
}

bool batch_each(const struct command *cmd, command_fn run, char *const *args, GError **err)
{
	struct batch batch = batch_begin(cmd);

	for (; *args; args++)
		batch_do(&batch, run, *args);
	return batch_end(&batch, err);
}
