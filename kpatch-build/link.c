// SPDX-License-Identifier: GPL-2.0
/* From the differ's objects to the patch module. */
#include "link.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "core-exports.h"
#include "error.h"
#include "image.h"
#include "link-merge.h"
#include "paths.h"
#include "post-link.h"
#include "run.h"
#include "sign.h"
#include "symvers.h"

/* What one link_module() hands from step to step. */
struct link {
	const struct link_request *rq;
	char *data;  /* share/kpatch: headers, and the glue's sources in "patch" */
	char *dir;   /* WORK/link: kbuild's M= */
	char *parts; /* WORK/link/parts: everything but kbuild's own files, so that a module may
		      * have any name */
	struct kp_symvers *symvers;
	GString *log;
};

void link_module_id_free(struct link_module_id *id)
{
	g_free(id->name);
	g_free(id->build_id);
	g_free(id);
}

static char *part(const struct link *l, const char *name)
{
	return g_build_filename(l->parts, name, NULL);
}

static bool write_file(const struct link *l, const char *name, const char *text, GError **err)
{
	g_autofree char *path = part(l, name);

	return g_file_set_contents(path, text, -1, err);
}

/* @name: below share/kpatch. */
static bool copy_part(const struct link *l, const char *name, GError **err)
{
	g_autofree char *from = g_build_filename(l->data, name, NULL);
	g_autofree char *base = g_path_get_basename(name);
	g_autofree char *text = NULL;

	return g_file_get_contents(from, &text, NULL, err) && write_file(l, base, text, err);
}

static bool copy_glue(const struct link *l, GError **err)
{
	g_autofree char *glue = g_strdup_printf("patch/%s.c", l->rq->core->glue);

	for (const char *const *name = l->rq->core->headers; *name; name++)
		if (!copy_part(l, *name, err))
			return false;
	return copy_part(l, glue, err) && copy_part(l, "patch/kpatch-patch.h", err) &&
	       copy_part(l, "patch/patch-tables.h", err) && copy_part(l, "patch/patch.lds", err);
}

static bool make_dir(struct link *l, GError **err)
{
	static const char *const leftovers[] = { "merged.o", "patch.o", "finished.ko" };

	if (g_mkdir_with_parents(l->parts, 0755))
		return kp_fail_errno(err, "cannot create %s", l->parts);
	for (size_t i = 0; i < G_N_ELEMENTS(leftovers); i++) {
		g_autofree char *path = part(l, leftovers[i]);

		g_unlink(path);
	}
	return copy_glue(l, err);
}

/*
 * patch.o is the first link's result after objtool. kbuild's own variables say whether objtool runs
 * on each object (6.1) or on the whole module (delayed, with IBT or LTO), and with which options;
 * --link belongs to the latter, and to an object that was linked from several.
 */
static bool write_kbuild(const struct link *l, GError **err)
{
	g_autofree char *text = g_strdup_printf(
		"# SPDX-License-Identifier: GPL-2.0\n"
		"obj-m := %s.o\n"
		"%s-y := parts/%s.o parts/patch.o\n"
		"quiet_cmd_patch_o = OBJTOOL $@\n"
		"      cmd_patch_o = cp $< $@ $(cmd_objtool)\n"
		"$(obj)/parts/patch.o: private objtool-enabled = $(if $(delay-objtool),,y)\n"
		"$(obj)/parts/patch.o: private objtool-args-y += --link\n"
		"$(obj)/parts/patch.o: $(src)/parts/merged.o FORCE\n"
		"\t$(call if_changed,patch_o)\n"
		"targets += parts/patch.o\n",
		l->rq->name, l->rq->name, l->rq->core->glue);

	g_autofree char *path = g_build_filename(l->dir, "Kbuild", NULL);

	return g_file_set_contents(path, text, -1, err);
}

/* Several of one tag. In one variable, since the compiler may put variables in any order. */
static void add_infos(GString *text, const char *tag, const char *const *values, guint count)
{
	g_autofree char *ident = g_strdelimit(g_strdup(tag), ".", '_');

	if (!count)
		return;
	g_string_append_printf(text, "__MODULE_INFO(%s, %s,", tag, ident);
	for (guint i = 0; i < count; i++) {
		g_autofree char *quoted = fixes_quote(values[i]);

		if (i)
			g_string_append_printf(text, "\n\t\"\\000%s=\"", tag);
		g_string_append_printf(text, " \"%s\"", quoted);
	}
	g_string_append(text, ");\n");
}

static void add_list(GString *text, const char *tag, const GPtrArray *values)
{
	add_infos(text, tag, (const char *const *)values->pdata, values->len);
}

static void add_info(GString *text, const char *tag, const char *value)
{
	add_infos(text, tag, &value, value ? 1 : 0);
}

/* For people and scanners: nothing in the kernel reads these. */
static void add_fixes(GString *text, const struct fixes *fixes)
{
	add_list(text, "kpatch.title", fixes->titles);
	add_list(text, "kpatch.author", fixes->authors);
	add_info(text, "kpatch.version", fixes->version);
	add_list(text, "kpatch.fixes", fixes->cves);
	add_list(text, "kpatch.diff_sha256", fixes->diffs);
}

/* What it was built against; a source tree has no version. */
static void add_origin(GString *text, const struct target *target)
{
	g_autofree char *source =
		*target->version ? g_strdup_printf("%s %s", target->distro, target->version)
				 : g_strdup(target->distro);

	add_info(text, "kpatch.source", source);
	add_info(text, "kpatch.compiler", target->cc_version);
}

/* KPATCH_MODULE_IDS: initialisers { "nf_tables", { 0x12, 0x34 ... } }, ... */
static bool add_module_ids(GString *text, const GPtrArray *modules, GError **err)
{
	g_string_append(text, "#define KPATCH_MODULE_IDS");
	for (guint i = 0; modules && i < modules->len; i++) {
		const struct link_module_id *id = modules->pdata[i];

		if (!id->build_id || strlen(id->build_id) != CORE_BUILD_ID_SIZE * 2ULL)
			return kp_fail(err, KP_FAILED,
				       "the file of module %s has no build-id of %d bytes, so the "
				       "core could not tell whether the one that is loaded is the "
				       "same; use --core=livepatch",
				       id->name, CORE_BUILD_ID_SIZE);
		g_string_append_printf(text, " { \"%s\", {", id->name);
		for (const char *p = id->build_id; *p; p += 2)
			g_string_append_printf(text, " 0x%.2s,", p);
		g_string_append(text, " } },");
	}
	g_string_append_c(text, '\n');
	return true;
}

/* kpatch-info.h: what differs from patch to patch in the glue. */
static bool write_info(const struct link *l, const struct merge_result *merged, GError **err)
{
	g_autoptr(GString) text = g_string_new("/* SPDX-License-Identifier: GPL-2.0 */\n");

	g_string_append_printf(text, "#define KPATCH_REPLACE %s\n",
			       l->rq->replace ? "true" : "false");
	if (l->rq->core->bundled && !add_module_ids(text, l->rq->modules, err))
		return false;
	/* KPATCH_REPLACE, for those who read the file. */
	add_info(text, "kpatch.replace", l->rq->replace ? "Y" : "N");
	add_info(text, "kpatch.build_id", l->rq->build_id);
	add_info(text, "kpatch.patch_sha256", l->rq->patch_sha256);
	if (l->rq->fixes)
		add_fixes(text, l->rq->fixes);
	add_origin(text, l->rq->target);
	/* vmlinux uses its own namespaced exports without importing; a module must say so. */
	for (guint i = 0; i < merged->namespaces->len; i++)
		g_string_append_printf(text, "__MODULE_INFO(import_ns, import_ns_%u, \"%s\");\n", i,
				       (const char *)merged->namespaces->pdata[i]);
	return write_file(l, "kpatch-info.h", text->str, err);
}

/*
 * The environment: nothing of the caller's may change the result. -g0 since paths in debug
 * information would end up in the build id.
 */
static bool run_kbuild(const struct link *l, GError **err)
{
	const struct target *target = l->rq->target;
	const char *tree = target->headers ? target->headers : l->rq->tree->master;
	g_auto(GStrv) env = tree_make_env();
	g_auto(GStrv) vars = target->headers ? NULL : tree_make_vars(target);
	g_autofree char *m = g_strconcat("M=", l->dir, NULL);
	g_autofree char *cc = g_strconcat("CC=", target->cc, NULL);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *exports = part(l, "core.symvers");
	/* kpatch.ko itself need not be there. */
	g_autofree char *extra =
		g_strconcat("KBUILD_EXTRA_SYMBOLS=", l->rq->core->bundled ? exports : "", NULL);
	const char *fixed[] = { "make",
				"-C",
				tree,
				m,
				cc,
				"modules",
				"KBUILD_MODPOST_WARN=1",
				"KCFLAGS=-g0",
				"CONFIG_DEBUG_INFO_BTF_MODULES=",
				extra };

	for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
		g_ptr_array_add(argv, (gpointer)fixed[i]);
	for (char **var = vars; var && *var; var++)
		g_ptr_array_add(argv, *var);
	g_ptr_array_add(argv, NULL);

	g_autofree char *script = part(l, "kbuild.log");
	struct run_opts opts = { .env = (const char *const *)env,
				 .log = script,
				 .what = "linking the patch module (kbuild)" };

	g_unlink(script);

	bool ok = run_command(&opts, (const char *const *)argv->pdata, NULL, err);
	g_autofree char *text = NULL;

	if (g_file_get_contents(script, &text, NULL, NULL))
		g_string_append(l->log, text);
	return ok;
}

/*
 * With IBT objtool wants an ENDBR at each function whose address is in data. The replacements are
 * in the patch's table, but ftrace enters them by a return instruction.
 */
static bool is_expected(const char *warning)
{
	return strstr(warning, ".kpatch.funcs+") && strstr(warning, "relocation to !ENDBR");
}

/*
 * objtool's warnings are about the patch's code: kbuild ignores them. modpost's about undefined
 * symbols and .kpatch.undef are expected; post_link() does the checking.
 */
static void report_warnings(const struct link *l)
{
	g_auto(GStrv) lines = g_strsplit(l->log->str, "\n", -1);

	for (char **line = lines; *line; line++) {
		const char *text = strstr(*line, "objtool: ");

		if (text && strstr(*line, "warning: ") && !is_expected(text))
			kp_diag_add(l->rq->diags, KP_WARNING, NULL, NULL, NULL, "%s", text);
	}
}

static struct objtool_needs needs_of(const struct target *target)
{
	return (struct objtool_needs){
		.orc = target_config_on(target, "CONFIG_UNWINDER_ORC"),
		.retpoline = target_config_on(target, "CONFIG_RETPOLINE") ||
			     target_config_on(target, "CONFIG_MITIGATION_RETPOLINE"),
		.rethunk = target_config_on(target, "CONFIG_RETHUNK") ||
			   target_config_on(target, "CONFIG_MITIGATION_RETHUNK"),
		.static_call = target_config_on(target, "CONFIG_HAVE_STATIC_CALL_INLINE"),
	};
}

static bool write_exports(const struct link *l, GError **err)
{
	g_autofree char *text = core_exports_symvers();

	return !l->rq->core->bundled || write_file(l, "core.symvers", text, err);
}

static bool finish(const struct link *l, GError **err)
{
	const struct link_request *rq = l->rq;
	g_autofree char *name = g_strconcat(rq->name, ".ko", NULL);
	g_autofree char *linked = g_build_filename(l->dir, name, NULL);
	g_autofree char *module = part(l, "finished.ko");
	g_autoptr(kp_image) image = NULL;

	if (rq->core->bundled && !(image = kp_image_open(rq->vmlinux, NULL, err)))
		return false;

	const struct post_link_request post = { .input = linked,
						.core = rq->core,
						.image = image,
						.output = module,
						.symvers = l->symvers,
						.needs = needs_of(rq->target),
						.diags = rq->diags };

	if (!post_link(&post, err))
		return false;
	if (rq->sign_key &&
	    !sign_module(rq->target, rq->tree, rq->sign_key, rq->sign_cert, module, err))
		return false;

	/* Another file system, maybe: written beside the final name by GLib, then renamed. */
	g_autofree char *data = NULL;
	gsize len;

	return g_file_get_contents(module, &data, &len, err) &&
	       g_file_set_contents_full(rq->output, data, (gssize)len,
					G_FILE_SET_CONTENTS_CONSISTENT, 0644, err);
}

static bool link_steps(struct link *l, GError **err)
{
	const struct link_request *rq = l->rq;
	g_autofree char *lds = part(l, "patch.lds");
	g_autofree char *merged = part(l, "merged.o");

	if (!sign_check(rq->target, rq->tree, rq->sign_key, rq->sign_cert, err) ||
	    !make_dir(l, err))
		return false;

	const struct merge_request merge = { .objects = rq->objects,
					     .work_dir = l->parts,
					     .script = lds,
					     .output = merged,
					     .symvers = l->symvers,
					     .core_exports = rq->core->bundled,
					     .diags = rq->diags };
	g_autoptr(merge_result) result = merge_objects(&merge, l->log, err);

	if (!result || !write_info(l, result, err) || !write_exports(l, err) ||
	    !write_kbuild(l, err) || !run_kbuild(l, err))
		return false;
	report_warnings(l);
	return finish(l, err);
}

bool link_module(const struct link_request *request, GString *log, GError **err)
{
	g_autofree char *data = kp_data_dir(err);

	if (!data)
		return false;

	g_autoptr(kp_symvers) symvers = kp_symvers_open(request->target->symvers, err);

	if (!symvers)
		return false;

	g_autoptr(GString) own = g_string_new(NULL);
	struct link l = {
		.rq = request,
		.data = data,
		.dir = g_build_filename(request->work_dir, "link", NULL),
		.symvers = symvers,
		.log = own,
	};

	l.parts = g_build_filename(l.dir, "parts", NULL);

	bool ok = link_steps(&l, err);

	if (log)
		g_string_append(log, own->str);
	g_free(l.dir);
	g_free(l.parts);
	return ok;
}
