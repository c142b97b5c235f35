// SPDX-License-Identifier: GPL-2.0
/* kpatch verify: whether what is in force is what is installed for the running kernel. */
#include <string.h>

#include "command.h"
#include "error.h"
#include "installed.h"

/* What is found out about a patch. */
struct finding {
	const char *status;
	bool differs;
	char *detail; /* for people, or NULL */
};

static bool is_loaded_from(const struct host *host, const struct patch_module *module,
			   struct finding *finding)
{
	g_autofree char *loaded = module_loaded_build_id(host, module->name);

	if (!loaded || !module->build_id) {
		*finding = (struct finding){ "unknown-build", true,
					     g_strdup("the kernel or the file has no build-id") };
		return false;
	}
	if (strcmp(loaded, module->build_id) != 0) {
		*finding = (struct finding){ "other-build", true,
					     g_strdup_printf("loaded is build-id %s, installed %s",
							     loaded, module->build_id) };
		return false;
	}
	return true;
}

/* @successor: what replaces it, or NULL. */
static struct finding judge(const struct host *host, const struct installed *patch,
			    const struct installed *successor)
{
	struct finding finding = { "in-force", false, NULL };
	const struct core_ops *core = core_of_patch(host, patch->name);

	if (!patch->module)
		return (struct finding){ "unusable", true, g_strdup(patch->error->message) };
	if (!core && successor) {
		bool left = module_is_loaded(host, patch->name);
		return (struct finding){ "replaced", false,
					 g_strdup_printf("by %s%s%s", successor->name,
							 left ? "; kpatch unload " : "",
							 left ? patch->name : "") };
	}
	if (!core)
		return (struct finding){ "not-in-force", true,
					 g_strdup_printf("kpatch load %s", patch->name) };
	if (core != patch->module->ops)
		return (struct finding){ "other-core", true,
					 g_strdup_printf("loaded is one for the core %s",
							 core->name) };
	if (!is_loaded_from(host, patch->module, &finding))
		return finding;
	struct patch_state state = core_state(host, core, patch->name);
	if (state.transition || !state.enabled)
		return (struct finding){ "in-transition", true,
					 g_strdup(patch_state_name(&state)) };
	return finding;
}

/* Takes the finding's text. */
static void note(const struct command *cmd, json_t *patches, GString *differences, const char *name,
		 struct finding finding)
{
	g_autofree char *detail = finding.detail;
	json_t *patch = json_pack("{s:s, s:s, s:b}", "name", name, "status", finding.status,
				  "differs", finding.differs);

	if (detail) {
		g_autofree char *valid = g_utf8_make_valid(detail, -1);
		json_object_set_new(patch, "detail", json_string(valid));
	}
	json_array_append_new(patches, patch);
	g_string_append_printf(cmd->text, "%s  %s%s%s%s\n", name, finding.status,
			       detail ? " (" : "", detail ? detail : "", detail ? ")" : "");
	if (finding.differs)
		g_string_append_printf(differences, "%s%s (%s)", differences->len ? ", " : "", name,
				       finding.status);
}

static bool is_installed(const GPtrArray *list, const char *name)
{
	for (guint i = 0; i < list->len; i++) {
		const struct installed *patch = list->pdata[i];
		if (strcmp(patch->name, name) == 0)
			return true;
	}
	return false;
}

static void note_others(const struct command *cmd, json_t *patches, GString *differences,
			const GPtrArray *list)
{
	g_autoptr(GPtrArray) loaded = loaded_patches(cmd->host);
	g_autoptr(GPtrArray) leftovers = module_leftovers(cmd->host);

	for (guint i = 0; i < loaded->len; i++) {
		const struct loaded_patch *patch = loaded->pdata[i];
		if (!is_installed(list, patch->name))
			note(cmd, patches, differences, patch->name,
			     (struct finding){ "not-installed", true,
					       g_strdup(patch_state_name(&patch->state)) });
	}
	/* They do nothing. */
	for (guint i = 0; i < leftovers->len; i++) {
		const char *name = leftovers->pdata[i];
		if (!is_installed(list, name))
			note(cmd, patches, differences, name,
			     (struct finding){ "left-over", false,
					       g_strdup_printf("kpatch unload %s", name) });
	}
}

bool command_verify(const struct command *cmd, const char *arg G_GNUC_UNUSED, GError **err)
{
	g_autoptr(GPtrArray) list = installed_read(cmd->host);
	g_autoptr(GString) differences = g_string_new(NULL);
	json_t *patches = json_array();

	for (guint i = 0; i < list->len; i++) {
		const struct installed *patch = list->pdata[i];
		note(cmd, patches, differences, patch->name,
		     judge(cmd->host, patch, installed_successor(list, i)));
	}
	note_others(cmd, patches, differences, list);
	command_set(cmd, "kernel", cmd->host->release);
	json_object_set_new(cmd->result, "patches", patches);
	if (!json_array_size(patches))
		g_string_append(cmd->text, "no patches are installed, and none are loaded\n");
	return !differences->len ||
	       kp_fail(err, KP_FAILED,
		       "what is in force is not what is installed for kernel %s: %s; kpatch load "
		       "--all loads what is missing, install or unload settles the rest",
		       cmd->host->release, differences->str);
}
