// SPDX-License-Identifier: GPL-2.0
#include "target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cache.h"
#include "distro.h"
#include "error.h"
#include "run.h"
#include "target-key.h"

const struct distro_ops *distro_detect(void)
{
	static const struct distro_ops *const known[] = { &distro_debian };

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		if (known[i]->present())
			return known[i];
	return NULL;
}

void target_free(struct target *target)
{
	if (!target)
		return;
	g_free(target->release);
	g_free(target->version);
	g_free(target->arch);
	g_free(target->source);
	g_free(target->config);
	g_free(target->headers);
	g_free(target->symvers);
	g_free(target->image);
	g_free(target->modules);
	g_free(target->cc);
	g_free(target->cc_version);
	g_free(target->key);
	g_clear_pointer(&target->config_values, g_hash_table_unref);
	g_clear_pointer(&target->module_files, g_hash_table_unref);
	g_free(target);
}

const char *target_config(const struct target *target, const char *option)
{
	return g_hash_table_lookup(target->config_values, option);
}

bool target_config_on(const struct target *target, const char *option)
{
	const char *value = target_config(target, option);

	return value && (!strcmp(value, "y") || !strcmp(value, "m"));
}

/* The first of the NULL-terminated paths (freed) that exists and is not empty; NULL: none. */
static char *first_file(char *path, ...)
{
	char *found = NULL;
	va_list ap;

	va_start(ap, path);
	for (; path; path = va_arg(ap, char *)) {
		g_autofree char *text = path;
		g_autofree char *full = found ? NULL : realpath(path, NULL);

		if (full && g_file_test(full, G_FILE_TEST_IS_REGULAR))
			found = g_strdup(full);
	}
	va_end(ap);
	return found;
}

static char *in(const char *dir, const char *file)
{
	return g_build_filename(dir, file, NULL);
}

/* What the user named: must exist. *@out is NULL when nothing was said. */
static bool user_path(const char *path, const char *option, char **out, GError **err)
{
	if (!path)
		return true;
	g_autofree char *full = realpath(path, NULL);

	if (!full)
		return kp_fail_errno(err, "cannot use '%s' (%s)", path, option);
	*out = g_strdup(full);
	return true;
}

/*
 * The release that a prepared tree is for: what its modules will say (UTS_RELEASE). Debian's
 * kernel.release is another, "6.1.192".
 */
static char *tree_release(const char *tree)
{
	static const char define[] = "#define UTS_RELEASE \"";
	g_autofree char *header = in(tree, "include/generated/utsrelease.h");
	g_autofree char *file = in(tree, "include/config/kernel.release");
	g_autofree char *text = NULL;

	if (g_file_get_contents(header, &text, NULL, NULL)) {
		const char *found = strstr(text, define);

		if (found)
			return g_strndup(found + strlen(define),
					 strcspn(found + strlen(define), "\"\n"));
	}
	g_clear_pointer(&text, g_free);
	if (!g_file_get_contents(file, &text, NULL, NULL))
		return NULL;
	return g_strstrip(g_steal_pointer(&text));
}

static bool find_release(struct target *target, const struct target_request *request, GError **err)
{
	struct utsname uts;

	if (request->release) {
		target->release = g_strdup(request->release);
	} else if (target->source) {
		target->release = tree_release(target->source);
		if (!target->release)
			return kp_fail(err, KP_FAILED,
				       "the source tree '%s' is not prepared, so it does not say "
				       "which kernel it is for; name it with -a RELEASE, or run "
				       "'make modules_prepare' in it",
				       target->source);
	} else {
		if (uname(&uts) < 0)
			return kp_fail_errno(err, "cannot ask for the running kernel's release");
		target->release = g_strdup(uts.release);
	}
	if (!*target->release || strpbrk(target->release, "/ \t\n"))
		return kp_fail(err, KP_USAGE, "'%s' is not a kernel release such as 6.1.0-56-amd64",
			       target->release);
	char *end;
	unsigned long major = strtoul(target->release, &end, 10);
	unsigned long minor = *end == '.' ? strtoul(end + 1, &end, 10) : 0;
	unsigned long patch = *end == '.' ? strtoul(end + 1, &end, 10) : 0;

	if (major < 3 || major > 255 || minor > 255)
		return kp_fail(err, KP_USAGE, "'%s' is not a kernel release such as 6.1.0-56-amd64",
			       target->release);
	target->kernel_version = (unsigned int)(major << 16 | minor << 8 | MIN(patch, 255));
	return true;
}

/* What a source tree has itself; the distribution fills in the rest. */
static void find_in_tree(struct target *target)
{
	const char *tree = target->source;

	if (!target->config)
		target->config = first_file(in(tree, ".config"), NULL);
	if (!target->symvers)
		target->symvers = first_file(in(tree, "Module.symvers"), NULL);
	if (!target->image)
		target->image =
			first_file(in(tree, "vmlinux"), in(tree, "arch/x86/boot/bzImage"), NULL);
}

static void find_generic(struct target *target, GPtrArray *missing)
{
	g_autofree char *boot_config = g_strdup_printf("/boot/config-%s", target->release);
	g_autofree char *image = g_strdup_printf("/boot/vmlinuz-%s", target->release);
	g_autofree char *modules = g_strdup_printf("/lib/modules/%s", target->release);
	g_autofree char *symvers = in(modules, "build/Module.symvers");

	if (!target->config)
		target->config = first_file(g_strdup(boot_config), NULL);
	if (!target->image)
		target->image = first_file(g_strdup(image), NULL);
	if (!target->symvers)
		target->symvers = first_file(g_strdup(symvers), NULL);
	if (!target->modules && g_file_test(modules, G_FILE_TEST_IS_DIR))
		target->modules = g_steal_pointer(&modules);
	if (!target->source)
		g_ptr_array_add(missing, g_strdup("the kernel's source: name its tree with -s"));
	if (!target->config)
		g_ptr_array_add(missing, g_strdup("the kernel's configuration: name it with -c"));
	if (!target->image)
		g_ptr_array_add(missing, g_strdup("the kernel's image: name it with -v"));
	if (!target->symvers)
		g_ptr_array_add(missing, g_strdup("Module.symvers: copy it to the source tree"));
}

static void find_tools(const struct distro_ops *distro, GPtrArray *missing)
{
	for (const struct distro_tool *tool = distro->tools; tool->name; tool++) {
		g_autofree char *found = tool->name[0] == '/'
						 ? first_file(g_strdup(tool->name), NULL)
						 : g_find_program_in_path(tool->name);

		if (!found)
			g_ptr_array_add(missing, g_strdup_printf("%s: %s %s", tool->name,
								 distro->install, tool->package));
	}
}

static bool read_config(struct target *target, GError **err)
{
	g_autofree char *text = NULL;

	target->config_values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (!target->config)
		return true;
	if (!g_file_get_contents(target->config, &text, NULL, err))
		return false;
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

	for (int i = 0; lines[i]; i++) {
		char *value = strchr(lines[i], '=');

		if (!g_str_has_prefix(lines[i], "CONFIG_") || !value)
			continue;
		*value++ = '\0';
		gsize len = strlen(value);

		if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
			value[len - 1] = '\0';
			value++;
		}
		g_hash_table_replace(target->config_values, g_strdup(lines[i]), g_strdup(value));
	}
	return true;
}

/* The name to call the compiler by, from "gcc-12 (Debian 12.2.0-14) 12.2.0". */
static char *compiler_name(const char *version_text)
{
	if (!version_text)
		return g_strdup("gcc");
	if (strstr(version_text, "clang version"))
		return g_strdup("clang");
	return g_strndup(version_text, strcspn(version_text, " "));
}

static bool find_compiler(struct target *target, const struct target_request *request,
			  const struct distro_ops *distro, GPtrArray *missing, GError **err)
{
	const char *wanted = target_config(target, "CONFIG_CC_VERSION_TEXT");
	g_autoptr(GString) out = g_string_new(NULL);

	target->cc = compiler_name(wanted);
	const char *const argv[] = { target->cc, "--version", NULL };
	g_autofree char *program = g_find_program_in_path(target->cc);

	if (!program) {
		g_ptr_array_add(missing,
				g_strdup_printf("the compiler %s%s%s: %s %s", target->cc,
						wanted ? " that built the kernel, " : "",
						wanted ?: "", distro ? distro->install : "install",
						target->cc));
		return true;
	}
	if (!run_command(NULL, argv, out, err))
		return false;
	target->cc_version = g_strndup(out->str, strcspn(out->str, "\n"));
	if (request->skip_compiler_check || !wanted || !strcmp(wanted, target->cc_version))
		return true;
	return kp_fail(err, KP_FAILED,
		       "the compiler '%s' is not the one that built the kernel, '%s'; install "
		       "that one, or use --skip-compiler-check",
		       target->cc_version, wanted);
}

static bool check_support(const struct target *target, GError **err)
{
	const char *bits = target_config(target, "CONFIG_X86_64");

	if (!bits)
		return kp_fail(
			err, KP_FAILED,
			"%s: the configuration '%s' is not for x86-64, the only architecture "
			"that is supported",
			target->release, target->config);
	if (!target_config_on(target, "CONFIG_MODULES"))
		return kp_fail(err, KP_FAILED,
			       "%s: the kernel cannot load modules (CONFIG_MODULES)",
			       target->release);
	return true;
}

/* Headers of a kernel with another configuration are not this target's. */
static void check_headers(struct target *target)
{
	if (!target->headers || !target->config)
		return;
	g_autofree char *config = in(target->headers, ".config");

	if (!cache_same_content(config, target->config))
		g_clear_pointer(&target->headers, g_free);
}

static bool missing_error(const struct target *target, const GPtrArray *missing, GError **err)
{
	g_autoptr(GString) text = g_string_new(NULL);

	g_string_printf(text, "cannot build patches for %s; missing:", target->release);
	for (guint i = 0; i < missing->len; i++)
		g_string_append_printf(text, "\n  %s", (const char *)missing->pdata[i]);
	return kp_fail(err, KP_FAILED, "%s", text->str);
}

/* Everything but the checks and the key. */
static bool find_parts(struct target *target, const struct target_request *request,
		       const struct distro_ops *distro, GPtrArray *missing, GError **err)
{
	if (!user_path(request->source_dir, "-s", &target->source, err) ||
	    !user_path(request->config, "-c", &target->config, err) ||
	    !user_path(request->vmlinux, "-v", &target->image, err))
		return false;
	target->source_is_tree = target->source != NULL;
	target->distro = target->source_is_tree || !distro ? "tree" : distro->name;
	if (!find_release(target, request, err))
		return false;
	if (target->source_is_tree) {
		g_autofree char *makefile = in(target->source, "Kbuild");

		if (!g_file_test(makefile, G_FILE_TEST_EXISTS))
			return kp_fail(
				err, KP_FAILED,
				"'%s' (-s) is not a kernel source tree: it has no Kbuild file",
				target->source);
		find_in_tree(target);
	}
	if (distro)
		find_tools(distro, missing);
	if (distro && !distro->find(target, missing, err))
		return false;
	if (!distro)
		find_generic(target, missing);
	check_headers(target);
	return true;
}

struct target *target_find(const struct target_request *request, GError **err)
{
	g_autoptr(target_t) target = g_new0(struct target, 1);
	g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
	const struct distro_ops *distro = distro_detect();

	target->arch = g_strdup("x86");
	target->version = g_strdup("");
	if (!find_parts(target, request, distro, missing, err) || !read_config(target, err) ||
	    !find_compiler(target, request, distro, missing, err))
		return NULL;
	if (missing->len) {
		missing_error(target, missing, err);
		return NULL;
	}
	if (!check_support(target, err))
		return NULL;
	target->key = target_make_key(target, err);
	if (!target->key)
		return NULL;
	return g_steal_pointer(&target);
}
