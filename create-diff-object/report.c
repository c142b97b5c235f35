// SPDX-License-Identifier: GPL-2.0
/* What the run found, for people and for kpatch-build. */
#include "diff.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "declared.h"
#include "error.h"
#include "names.h"

static bool is_new_function(const struct atom *atom)
{
	return atom->kind == ATOM_FUNC && atom->sym && !atom->parent && !atom->twin;
}

static json_t *names_where(const struct diff *diff, bool (*pred)(const struct atom *atom))
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < diff->included->len; i++) {
		const struct atom *atom = g_ptr_array_index(diff->included, i);

		if (pred(atom))
			json_array_append_new(list, json_string(atom_name(atom)));
	}
	return list;
}

static json_t *changed_names(const struct diff *diff)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < diff->functions->len; i++)
		json_array_append_new(
			list, json_string(atom_name(g_ptr_array_index(diff->functions, i))));
	return list;
}

static void set_string(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, value ? json_string(value) : json_null());
}

static json_t *diagnostics(const struct diff *diff)
{
	static const char *const severities[] = { "note", "warning", "error" };
	json_t *list = json_array();

	for (unsigned int i = 0; i < diff->diags->list->len; i++) {
		const struct kp_diag *diag = g_ptr_array_index(diff->diags->list, i);
		json_t *item = json_object();

		set_string(item, "severity", severities[diag->severity]);
		set_string(item, "object", diag->object);
		set_string(item, "symbol", diag->symbol);
		set_string(item, "message", diag->message);
		set_string(item, "remedy", diag->remedy);
		json_array_append_new(list, item);
	}
	return list;
}

bool write_report(const struct diff *diff, const char *path, const char *status, GError **err)
{
	json_t *root = json_object();
	bool ok = true;

	set_string(root, "object", diff->object_name);
	set_string(root, "objname", diff->objname);
	set_string(root, "status", status);
	json_object_set_new(root, "changed", changed_names(diff));
	json_object_set_new(root, "new", names_where(diff, is_new_function));
	json_object_set_new(root, "new_data", new_data(diff));
	json_object_set_new(root, "callbacks", declared_callbacks(diff));
	json_object_set_new(root, "states", declared_states(diff));
	json_object_set_new(root, "shadow_types", declared_shadow_types(diff));
	json_object_set_new(root, "diagnostics", diagnostics(diff));
	if (json_dump_file(root, path, JSON_INDENT(1)))
		ok = kp_fail_errno(err, "cannot write %s", path);
	json_decref(root);
	return ok;
}

void print_summary(const struct diff *diff, bool debug)
{
	g_autofree char *object = g_path_get_basename(diff->object_name);

	for (unsigned int i = 0; i < diff->functions->len; i++) {
		const struct atom *atom = g_ptr_array_index(diff->functions, i);

		printf("%s: changed function: %s%s\n", object, atom_name(atom),
		       atom->promoted ? " (calls a function that cannot be traced)" : "");
	}
	for (unsigned int i = 0; i < diff->included->len; i++) {
		const struct atom *atom = g_ptr_array_index(diff->included, i);

		if (is_new_function(atom))
			printf("%s: new function: %s\n", object, atom_name(atom));
		else if (debug)
			printf("%s: included: %s in %s\n", object, atom_name(atom),
			       atom->sec->name);
	}
	fflush(stdout);
	for (unsigned int i = 0; i < diff->diags->list->len; i++) {
		const struct kp_diag *diag = g_ptr_array_index(diff->diags->list, i);
		g_autofree char *line = kp_diag_format(diag);

		fprintf(stderr, "create-diff-object: %s: %s\n",
			diag->severity == KP_ERROR_DIAG ? "error"
			: diag->severity == KP_WARNING	? "warning"
							: "note",
			line);
	}
}
