// SPDX-License-Identifier: GPL-2.0
#include "module.h"

#include <stdlib.h>
#include <string.h>

#include "build-id.h"
#include "error.h"
#include "store.h"
#include "text.h"
#include "unpack.h"

void patch_module_free(struct patch_module *module)
{
	if (!module)
		return;
	g_free(module->path);
	g_free(module->name);
	g_free(module->vermagic);
	g_free(module->version);
	g_free(module->description);
	g_free(module->author);
	g_free(module->license);
	g_free(module->depends);
	g_free(module->livepatch);
	g_free(module->compat);
	g_free(module->core);
	g_free(module->kernel_id);
	g_free(module->patch_sha256);
	g_free(module->replace);
	g_free(module->titles);
	g_free(module->authors);
	g_free(module->fixes);
	g_free(module->diffs);
	g_free(module->patch_version);
	g_free(module->source);
	g_free(module->compiler);
	g_free(module->build_id);
	kp_elf_free(module->elf);
	g_free(module);
}

const char *module_suffix(const char *file)
{
	static const char *const suffixes[] = { ".ko", ".ko.xz", ".ko.gz", ".ko.zst" };

	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++)
		if (g_str_has_suffix(file, suffixes[i]) && strlen(file) > strlen(suffixes[i]))
			return file + strlen(file) - strlen(suffixes[i]);
	return NULL;
}

static const char *base_name(const char *what)
{
	const char *slash = strrchr(what, '/');

	return slash ? slash + 1 : what;
}

char *module_stem(const char *file)
{
	const char *suffix = module_suffix(file);

	return suffix ? g_strndup(file, (gsize)(suffix - file)) : g_strdup(file);
}

char *patch_name(const char *what)
{
	return g_strdelimit(module_stem(base_name(what)), "-", '_');
}

char *patch_name_given(const char *what, GError **err)
{
	const char *base = base_name(what);

	if (*base && *base != '.' && (base == what || module_suffix(base)))
		return patch_name(what);
	kp_fail(err, KP_FAILED, "\"%s\" is not the name of a patch; `kpatch list` shows the names",
		what);
	return NULL;
}

char *patch_module_find(const struct host *host, const char *what, GError **err)
{
	if (g_file_test(what, G_FILE_TEST_IS_REGULAR))
		return g_canonicalize_filename(what, NULL);
	if (strchr(what, '/')) {
		kp_fail(err, KP_FAILED, "%s: there is no such file", what);
		return NULL;
	}
	return store_find(host, host->release, what, err);
}

/* @info: "KEY=VALUE". What is there several times, like authors, is put together. */
static void take_info(struct patch_module *module, const char *info)
{
	const struct {
		const char *key;
		char **field;
		const char *between;
	} fields[] = {
		{ "name=", &module->name, ", " },
		{ "vermagic=", &module->vermagic, ", " },
		{ "version=", &module->version, ", " },
		{ "description=", &module->description, ", " },
		{ "author=", &module->author, ", " },
		{ "license=", &module->license, ", " },
		{ "depends=", &module->depends, ", " },
		{ "livepatch=", &module->livepatch, ", " },
		{ "kpatch.livepatch=", &module->compat, ", " },
		{ "kpatch.core=", &module->core, ", " },
		{ "kpatch.build_id=", &module->kernel_id, ", " },
		{ "kpatch.patch_sha256=", &module->patch_sha256, ", " },
		{ "kpatch.replace=", &module->replace, ", " },
		{ "kpatch.title=", &module->titles, "\n" },
		{ "kpatch.author=", &module->authors, "\n" },
		{ "kpatch.fixes=", &module->fixes, "\n" },
		{ "kpatch.diff_sha256=", &module->diffs, "\n" },
		{ "kpatch.version=", &module->patch_version, ", " },
		{ "kpatch.source=", &module->source, ", " },
		{ "kpatch.compiler=", &module->compiler, ", " },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (!g_str_has_prefix(info, fields[i].key))
			continue;
		const char *value = info + strlen(fields[i].key);
		g_autofree char *before = *fields[i].field;
		*fields[i].field = before ? g_strconcat(before, fields[i].between, value, NULL)
					  : g_strdup(value);
	}
}

static void read_info(struct patch_module *module)
{
	uint32_t index = kp_elf_find_section(module->elf, ".modinfo");
	const struct kp_elf_section *sec = &module->elf->sections[index];

	if (!index || !sec->data)
		return;
	for (uint64_t at = 0; at < sec->size;) {
		const char *text = (const char *)sec->data + at;
		g_autofree char *info = g_strndup(text, sec->size - at);
		take_info(module, info);
		at += strlen(info) + 1;
	}
}

struct patch_module *patch_module_read(const char *path, GError **err)
{
	struct patch_module *module = g_new0(struct patch_module, 1);

	g_autoptr(GError) why = NULL;
	g_autoptr(GBytes) bytes = kp_unpack_file(path, &why);

	module->path = g_canonicalize_filename(path, NULL);
	if (bytes)
		module->elf = kp_elf_from_bytes(bytes, path, &why);
	if (module->elf)
		read_info(module);
	if (!module->vermagic) {
		if (why)
			kp_fail(err, KP_FAILED,
				"%s; so it is not a kernel module, or a damaged one", why->message);
		else
			kp_fail(err, KP_FAILED,
				"%s is not a kernel module: it does not say for which kernel it is",
				path);
		goto fail;
	}
	if (!module->livepatch && !module->compat && !module->core) {
		kp_fail(err, KP_FAILED,
			"%s is a kernel module, but not a patch; use modprobe for other modules",
			path);
		goto fail;
	}
	/* Modules that kpatch-build did not make do not name their core. */
	if (!module->core)
		module->core = g_strdup(module->compat ? "kpatch" : "livepatch");
	if (!module->name)
		module->name = patch_name(path);
	module->build_id = build_id_of_elf(module->elf);
	module->ops = core_by_name(module->core);
	return module;
fail:
	patch_module_free(module);
	return NULL;
}

bool patch_module_knows_fixes(const struct patch_module *module)
{
	/* Each module that records what it fixes also records its diffs. */
	return module->diffs != NULL;
}

char *patch_module_release(const struct patch_module *module)
{
	return g_strndup(module->vermagic, strcspn(module->vermagic, " "));
}

bool patch_module_core_known(const struct patch_module *module, GError **err)
{
	return module->ops ||
	       kp_fail(err, KP_FAILED,
		       "%s is for the core \"%s\", which this version of kpatch does not know; "
		       "build it with --core=livepatch",
		       module->name, module->core);
}

bool patch_module_fits(const struct host *host, const struct patch_module *module, GError **err)
{
	g_autofree char *release = patch_module_release(module);

	if (strcmp(release, host->release) != 0)
		return kp_fail(err, KP_FAILED,
			       "%s was built for kernel %s, but %s is running; "
			       "build it with kpatch-build -a %s",
			       module->name, release, host->release, host->release);
	if (!patch_module_core_known(module, err))
		return false;
	/* Distributions rebuild kernels under one release name: only the build-id is exact. */
	g_autofree char *notes = g_build_filename(host->sys, "kernel", "notes", NULL);
	g_autofree char *running = build_id_of_notes(notes);
	if (module->kernel_id && running && strcmp(module->kernel_id, running) != 0)
		return kp_fail(
			err, KP_FAILED,
			"%s was built for another build of kernel %s (build-id %s, running %s); "
			"reboot into the installed kernel or build the patch again",
			module->name, host->release, module->kernel_id, running);
	return true;
}

static char *module_dir(const struct host *host, const char *name)
{
	return g_build_filename(host->sys, "module", name, NULL);
}

bool module_is_loaded(const struct host *host, const char *name)
{
	g_autofree char *dir = module_dir(host, name);
	g_autofree char *state = host_read(dir, "initstate", NULL);

	/* Built-in code with parameters has a folder, too, but no initstate. */
	return state != NULL;
}

bool module_is_livepatch(const struct host *host, const char *name)
{
	g_autofree char *dir = module_dir(host, name);
	g_autofree char *taint = host_read(dir, "taint", NULL);

	/* Both cores set it. */
	return taint && strchr(taint, 'K');
}

char *module_loaded_build_id(const struct host *host, const char *name)
{
	g_autofree char *dir = module_dir(host, name);
	g_autofree char *notes = g_build_filename(dir, "notes", ".note.gnu.build-id", NULL);

	return build_id_of_notes(notes);
}

bool module_is_same(const struct host *host, const struct patch_module *module)
{
	g_autofree char *loaded = module_loaded_build_id(host, module->name);

	return loaded && module->build_id && strcmp(loaded, module->build_id) == 0;
}

long module_refcount(const struct host *host, const char *name)
{
	g_autofree char *dir = module_dir(host, name);
	g_autofree char *text = host_read(dir, "refcnt", NULL);

	return text ? strtol(text, NULL, 10) : -1;
}

GPtrArray *module_leftovers(const struct host *host)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *path = module_dir(host, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));)
		if (module_is_loaded(host, name) && module_is_livepatch(host, name) &&
		    !core_of_patch(host, name))
			g_ptr_array_add(names, g_strdup(name));
	names_sort(names);
	return names;
}
