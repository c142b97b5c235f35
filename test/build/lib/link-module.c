// SPDX-License-Identifier: GPL-2.0
/*
 * link_module() as a program, for link.sh and sign.sh:
 *   link-module RELEASE WORK NAME OUTPUT OBJECT...
 * KEY and CERT in the environment sign; REPLACE=0 makes a patch that does not replace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "link.h"

int main(int argc, char **argv)
{
	if (argc < 6)
		return KP_USAGE;

	GError *error = NULL;
	const struct target_request wanted = { .release = argv[1] };
	g_autoptr(target_t) target = target_find(&wanted, &error);

	if (!target) {
		fprintf(stderr, "%s\n", error->message);
		return KP_FAILED;
	}

	g_autoptr(GPtrArray) objects = g_ptr_array_new();

	for (int i = 5; i < argc; i++)
		g_ptr_array_add(objects, argv[i]);

	struct kp_diags *diags = kp_diags_new();
	const char *core = getenv("CORE");
	const struct link_request request = {
		.target = target,
		.core = patch_core_find(core ? core : "livepatch"),
		.vmlinux = target->image,
		.work_dir = argv[2],
		.objects = objects,
		.name = argv[3],
		.replace = g_strcmp0(getenv("REPLACE"), "0") != 0,
		.output = argv[4],
		.build_id = "0123abcd",
		.patch_sha256 = "feedbeef",
		.sign_key = getenv("KEY"),
		.sign_cert = getenv("CERT"),
		.diags = diags,
	};
	bool ok = link_module(&request, NULL, &error);

	for (guint i = 0; i < diags->list->len; i++) {
		g_autofree char *text = kp_diag_format(diags->list->pdata[i]);

		fprintf(stderr, "%s\n", text);
	}
	kp_diags_free(diags);
	if (!ok)
		fprintf(stderr, "%s\n", error->message);
	return ok ? 0 : kp_exit_status(error);
}
