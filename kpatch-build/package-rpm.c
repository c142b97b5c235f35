// SPDX-License-Identifier: GPL-2.0
/* Patch packages for rpm. */
#include <string.h>

#include "error.h"
#include "package.h"
#include "run.h"

/*
 * After the files of the version before are gone, so that a downgrade works as well. A patch that
 * cannot be loaded is no failed installation: the next boot tries again, and the user is told. The
 * unit knows when patches are not wanted (kpatch.enable=0), and without systemd this is a chroot.
 */
static const char posttrans[] =
	"if [ -d /run/systemd/system ] && [ \"$(uname -r)\" = %s ] &&\n"
	"\tsystemctl -q is-enabled kpatch.service && ! systemctl restart kpatch.service; then\n"
	"\tjournalctl -q -o cat -n 10 -u kpatch.service >&2 || :\n"
	"\techo \"%s is installed, but not in force; try again with: kpatch load --all\" >&2\n"
	"fi\n";

/* Not when it is upgraded: the newer patch replaces this one without a gap. */
static const char preun[] =
	"if [ \"$1\" = 0 ] && [ -d /run/systemd/system ] && [ -d /sys/module/%s ]; then\n"
	"\tkpatch unload %s ||\n"
	"\t\techo \"%s stays in force until the next boot, or: kpatch unload %s\" >&2\n"
	"fi\n";

/* What it had replaced is in force again, as it would be after the next boot. */
static const char postun[] =
	"if [ \"$1\" = 0 ] && [ -d /run/systemd/system ] && [ \"$(uname -r)\" = %s ] &&\n"
	"\tsystemctl -q is-enabled kpatch.service; then\n"
	"\tsystemctl restart kpatch.service || :\n"
	"fi\n";

/* rpm expands macros everywhere. */
static char *plain(const char *text)
{
	GString *out = g_string_new(text);

	g_string_replace(out, "%", "%%", 0);
	return g_string_free(out, FALSE);
}

static void add_relations(GString *text, const struct package *package)
{
	const char *release = package->target->release, *core = package->core->name;

	/* What rpm takes for a version is at hand where kernels come as rpm. */
	if (strchr(release, '-') == strrchr(release, '-'))
		g_string_append_printf(text, "Requires: kernel-uname-r = %s\n", release);
	else
		g_string_append_printf(text, "Requires: /boot/vmlinuz-%s\n", release);
	g_string_append(text, "Requires: kpatch >= " KP_VERSION "\n");
	if (package->core->bundled)
		g_string_append(text, "Requires: kpatch-dkms >= " KP_VERSION "\n");
	/* Two cumulative packages for a kernel would take each other out of force. */
	if (package->cumulative)
		g_string_append_printf(text,
				       "Provides: kpatch-cumulative-%s-%s\n"
				       "Conflicts: kpatch-cumulative-%s-%s\n",
				       core, release, core, release);
}

/* The module must stay as it is: signed, with the notes and symbols that it has. */
static char *spec(const struct package *package)
{
	GString *text = g_string_new("%global debug_package %{nil}\n"
				     "%global __os_install_post %{nil}\n"
				     "%global _build_id_links none\n");
	g_autofree char *lines = package_description(package, ""), *description = plain(lines);
	g_autofree char *maintainer = plain(package->maintainer);
	const char *release = package->target->release, *module = package->module;

	g_string_append_printf(text,
			       "Name: %s\nVersion: %s\nRelease: 1\nSummary: %s\nPackager: %s\n"
			       "License: GPL-2.0-only\nAutoReqProv: no\n",
			       package->name, package->version, package->title, maintainer);
	add_relations(text, package);
	g_string_append_printf(text, "%%description\n%s\n", description);
	g_string_append(text, "%install\ncp -R \"%{kp_tree}/.\" \"%{buildroot}\"\n%posttrans\n");
	g_string_append_printf(text, posttrans, release, package->title);
	g_string_append(text, "%preun\n");
	g_string_append_printf(text, preun, module, module, package->title, module);
	g_string_append(text, "%postun\n");
	g_string_append_printf(text, postun, release);
	g_string_append_printf(text,
			       "%%files\n%%dir /var/lib/kpatch\n%%dir /var/lib/kpatch/%s\n"
			       "/var/lib/kpatch/%s/%s.ko\n/usr/share/%s\n",
			       release, release, module, package->name);
	return g_string_free(text, FALSE);
}

static GPtrArray *command(const struct package *package, const char *dir, const char *path)
{
	g_autofree char *folder = g_path_get_dirname(path), *file = g_path_get_basename(path);
	const struct {
		const char *macro, *value;
	} macros[] = {
		{ "_topdir", dir },
		{ "_rpmdir", folder },
		{ "_build_name_fmt", file },
		{ "kp_tree", package->tree },
		/* The same patches make the same package. */
		{ "_buildhost", "localhost" },
		{ "use_source_date_epoch_as_buildtime", "1" },
		{ "clamp_mtime_to_source_date_epoch", "1" },
	};
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	static const char *const fixed[] = { "rpmbuild", "-bb", "--quiet", "--target", "x86_64" };

	for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
		g_ptr_array_add(argv, g_strdup(fixed[i]));
	/* What it requires need not be installed here. */
	g_ptr_array_add(argv, g_strdup("--nodeps"));
	for (size_t i = 0; i < G_N_ELEMENTS(macros); i++) {
		g_ptr_array_add(argv, g_strdup("--define"));
		g_ptr_array_add(argv, g_strdup_printf("%s %s", macros[i].macro, macros[i].value));
	}
	g_ptr_array_add(argv, g_build_filename(dir, "package.spec", NULL));
	g_ptr_array_add(argv, NULL);
	return argv;
}

static bool make(const struct package *package, const char *dir, const char *path, GError **err)
{
	g_autofree char *text = spec(package);

	if (!package_put(dir, "package.spec", text, strlen(text), 0644, err))
		return false;

	g_auto(GStrv) env = package_env(package);
	const struct run_opts opts = { .env = (const char *const *)env };
	g_autoptr(GPtrArray) argv = command(package, dir, path);

	return run_command(&opts, (const char *const *)argv->pdata, NULL, err);
}

const struct package_format package_rpm = {
	.name = "rpm",
	.tools = (const char *const[]){ "rpmbuild", "cp", NULL },
	.install = "apt-get install rpm, or dnf install rpm-build",
	.file_fmt = "%s-%s-1.x86_64.rpm",
	.make = make,
};
