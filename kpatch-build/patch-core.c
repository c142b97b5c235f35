// SPDX-License-Identifier: GPL-2.0
#include "patch-core.h"

#include <string.h>

#include "anchor.h"
#include "declared-layout.h"
#include "error.h"
#include "ident.h"
#include "keep.h"
#include "late.h"
#include "post-link.h"

/*
 * The addresses of the originals are link-time addresses. Those of vmlinux become pointers; those
 * in modules mean nothing at run time, the core looks the names up.
 */
static bool relocate_originals(struct ko *ko, const struct anchor_setup *anchors, GError **err)
{
	struct ko_section *sec = ko_section(ko, ".kpatch.funcs");

	for (uint64_t at = 0; sec && sec->data && at + FUNC_SIZE <= sec->size; at += FUNC_SIZE) {
		const char *objname = ko_rela_string(sec, at + FUNC_OBJNAME);
		uint64_t old = ko_long(sec, at + FUNC_OLD);

		memset(sec->data + at + FUNC_OLD, 0, sizeof(old));
		if (objname && !strcmp(objname, "vmlinux") && old &&
		    !anchor_field(ko, sec, at + FUNC_OLD, old, anchors, err))
			return false;
	}
	return true;
}

static bool convert_kpatch(struct ko *ko, const struct klp_refs *refs,
			   const struct post_link_request *request, GError **err)
{
	const struct anchor_setup anchors = { .image = request->image,
					      .symvers = request->symvers,
					      .refs = refs,
					      .diags = request->diags };

	g_autoptr(keep) keep = keep_read(ko, err);

	if (!keep)
		return false;
	keep_check_values(ko, keep, refs, request->symvers, request->diags);
	return ident_stamp(ko, request->image, err) &&
	       late_convert(ko, refs, keep, request->diags, err) &&
	       anchor_references(ko, &anchors, err) && relocate_originals(ko, &anchors, err);
}

static bool convert_livepatch(struct ko *ko, const struct klp_refs *refs,
			      const struct post_link_request *request, GError **err)
{
	/* patch.lds makes them for both cores. */
	static const char *const unused[] = { LATE_SECTION, KEEP_SECTION };

	for (size_t i = 0; i < G_N_ELEMENTS(unused); i++) {
		struct ko_section *sec = ko_section(ko, unused[i]);

		if (sec)
			sec->drop = true;
	}
	return klp_convert(ko, refs, request->diags, err);
}

#define HOW_HEADER "include/kpatch/kpatch-how.h" /* of patch/kpatch-patch.h */

static const char *const kpatch_headers[] = { HOW_HEADER, "include/kpatch/kpatch-core.h",
					      "include/kpatch/kpatch-hash.h", NULL };
static const char *const livepatch_headers[] = { HOW_HEADER, NULL };

/* What kpatch.ko is built on; with PREEMPT_RT the locks sleep that it takes in tracepoints. */
static const char *const kpatch_options[] = { "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
					      "CONFIG_HAVE_RELIABLE_STACKTRACE",
					      "CONFIG_KALLSYMS_ALL", "!CONFIG_PREEMPT_RT", NULL };
static const char *const livepatch_options[] = { "CONFIG_LIVEPATCH", NULL };

/* The first one is the default. */
static const struct patch_core cores[] = {
	{
		.name = "kpatch",
		.glue = "kpatch-patch",
		.headers = kpatch_headers,
		.options = kpatch_options,
		.bundled = true,
		.convert = convert_kpatch,
	},
	{
		.name = "livepatch",
		.glue = "livepatch-patch",
		.headers = livepatch_headers,
		.options = livepatch_options,
		.convert = convert_livepatch,
	},
};

const struct patch_core *patch_core_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cores); i++)
		if (!name || !strcmp(cores[i].name, name))
			return &cores[i];
	return NULL;
}

char *patch_core_names(void)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(cores); i++)
		g_string_append_printf(text, "%s--core=%s", i ? " or " : "", cores[i].name);
	return g_string_free(text, FALSE);
}
