// SPDX-License-Identifier: GPL-2.0
/*
 * Debian and what is made from it. A kernel RELEASE is in the packages
 * linux-image-RELEASE (or ...-unsigned), linux-headers-RELEASE, and
 * linux-source-X.Y, which all carry the same binary version. (The source
 * versions differ: the signed image comes from linux-signed-amd64 6.1.192+2.)
 */
#include "distro.h"

#include <string.h>

#include "error.h"
#include "run.h"

static const struct distro_tool debian_tools[] = {
	{ "make", "make" },
	{ "ld", "binutils" },
	{ "objcopy", "binutils" },
	{ "gcc", "gcc" }, /* for the kernel's host programs */
	{ "tar", "tar" },
	{ "xz", "xz-utils" },
	{ "bc", "bc" },
	{ "perl", "perl" },
	{ "awk", "mawk" },
	{ "/usr/include/gelf.h", "libelf-dev" },
	{ "/usr/include/openssl/evp.h", "libssl-dev" },
	{ NULL, NULL },
};

static bool debian_present(void)
{
	g_autofree char *dpkg = g_find_program_in_path("dpkg-query");

	return dpkg && g_file_test("/etc/debian_version", G_FILE_TEST_EXISTS);
}

/* *@version: of an installed package, NULL when it is not installed. */
static bool installed_version(const char *package, char **version, GError **err)
{
	const char *const argv[] = { "dpkg-query", "-W", "-f=${db:Status-Status} ${Version}\n",
				     package, NULL };
	g_autoptr(GString) out = g_string_new(NULL);
	int status;

	*version = NULL;
	if (!run_status(NULL, argv, out, &status, err))
		return false;
	g_auto(GStrv) lines = g_strsplit(out->str, "\n", 0);

	for (int i = 0; status == 0 && lines[i] && !*version; i++)
		if (g_str_has_prefix(lines[i], "installed "))
			*version = g_strdup(lines[i] + strlen("installed "));
	return true;
}

/* "6.1.192-2" -> "6.1", the name that the source package has. */
static char *source_series(const char *version)
{
	g_auto(GStrv) parts = g_strsplit(version, ".", 3);

	if (!parts[0] || !parts[1])
		return g_strdup(version);
	parts[1][strspn(parts[1], "0123456789")] = '\0';
	return g_strdup_printf("%s.%s", parts[0], parts[1]);
}

static bool find_image(struct target *target, GPtrArray *missing, GError **err)
{
	g_autofree char *package = g_strdup_printf("linux-image-%s", target->release);
	g_autofree char *unsigned_package = g_strdup_printf("%s-unsigned", package);
	g_autofree char *version = NULL;

	if (!installed_version(package, &version, err))
		return false;
	if (!version && !installed_version(unsigned_package, &version, err))
		return false;
	if (version && !target->source) {
		g_free(target->version);
		target->version = g_strdup(version);
	}
	g_autofree char *modules = g_strdup_printf("/lib/modules/%s", target->release);
	g_autofree char *image = g_strdup_printf("/boot/vmlinuz-%s", target->release);

	if (!target->modules && g_file_test(modules, G_FILE_TEST_IS_DIR))
		target->modules = g_steal_pointer(&modules);
	if (!target->image && g_file_test(image, G_FILE_TEST_EXISTS))
		target->image = g_steal_pointer(&image);
	if (!target->image || (!version && !target->source))
		g_ptr_array_add(missing,
				g_strdup_printf("the kernel image of %s: apt-get install %s",
						target->release, package));
	return true;
}

static bool find_headers(struct target *target, GPtrArray *missing, GError **err)
{
	g_autofree char *package = g_strdup_printf("linux-headers-%s", target->release);
	g_autofree char *dir = g_strdup_printf("/usr/src/%s", package);
	g_autofree char *config = g_build_filename(dir, ".config", NULL);
	g_autofree char *symvers = g_build_filename(dir, "Module.symvers", NULL);
	g_autofree char *version = NULL;

	if (!installed_version(package, &version, err))
		return false;
	if (!version || !g_file_test(config, G_FILE_TEST_EXISTS) ||
	    !g_file_test(symvers, G_FILE_TEST_EXISTS)) {
		if (!target->source || !target->config || !target->symvers)
			g_ptr_array_add(missing,
					g_strdup_printf("configuration and symbol versions of "
							"%s: apt-get install %s",
							target->release, package));
		return true;
	}
	if (!target->source && *target->version && strcmp(version, target->version))
		g_ptr_array_add(missing,
				g_strdup_printf("headers of version %s (%s is installed): apt-get "
						"install %s=%s",
						target->version, version, package,
						target->version));
	target->headers = g_steal_pointer(&dir);
	if (!target->config)
		target->config = g_steal_pointer(&config);
	if (!target->symvers)
		target->symvers = g_steal_pointer(&symvers);
	return true;
}

static bool find_source(struct target *target, GPtrArray *missing, GError **err)
{
	g_autofree char *series =
		source_series(*target->version ? target->version : target->release);
	g_autofree char *package = g_strdup_printf("linux-source-%s", series);
	g_autofree char *tarball = g_strdup_printf("/usr/src/%s.tar.xz", package);
	g_autofree char *version = NULL;

	if (!installed_version(package, &version, err))
		return false;
	if (!version || !g_file_test(tarball, G_FILE_TEST_EXISTS)) {
		g_ptr_array_add(missing,
				g_strdup_printf("the source of %s: apt-get install %s%s%s",
						target->release, package,
						*target->version ? "=" : "", target->version));
		return true;
	}
	if (*target->version && strcmp(version, target->version)) {
		g_ptr_array_add(missing,
				g_strdup_printf("the source of version %s (%s is installed): "
						"apt-get install %s=%s",
						target->version, version, package,
						target->version));
		return true;
	}
	target->source = g_steal_pointer(&tarball);
	return true;
}

static bool debian_find(struct target *target, GPtrArray *missing, GError **err)
{
	return find_image(target, missing, err) && find_headers(target, missing, err) &&
	       (target->source || find_source(target, missing, err));
}

const struct distro_ops distro_debian = {
	.name = "debian",
	.install = "apt-get install",
	.tools = debian_tools,
	.present = debian_present,
	.find = debian_find,
};
