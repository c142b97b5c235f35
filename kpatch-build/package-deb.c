// SPDX-License-Identifier: GPL-2.0
/* Patch packages for dpkg. */
#include <glib/gstdio.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "package.h"
#include "run.h"

/*
 * A patch that cannot be loaded is no reason for dpkg to stop half way: the package is there, the
 * next boot tries again, and the user is told. The unit knows when patches are not wanted
 * (kpatch.enable=0), and without systemd this is a chroot.
 */
static const char postinst[] =
	"#!/bin/sh\n"
	"set -e\n"
	"if [ \"$1\" = configure ] && [ -d /run/systemd/system ] && [ \"$(uname -r)\" = %s ]; "
	"then\n"
	"\tdeb-systemd-invoke restart kpatch.service || {\n"
	"\t\tjournalctl -q -o cat -n 10 -u kpatch.service || true\n"
	"\t\techo \"%s is installed, but not in force; try again with: kpatch load --all\"\n"
	"\t} >&2\n"
	"fi\n";

/* Not when it is upgraded: the newer patch replaces this one without a gap. */
static const char prerm[] =
	"#!/bin/sh\n"
	"set -e\n"
	"if [ \"$1\" = remove ] && [ -d /run/systemd/system ] && [ -d /sys/module/%s ]; then\n"
	"\tkpatch unload %s ||\n"
	"\t\techo \"%s stays in force until the next boot, or: kpatch unload %s\" >&2\n"
	"fi\n";

/* What it had replaced is in force again, as it would be after the next boot. */
static const char postrm[] =
	"#!/bin/sh\n"
	"set -e\n"
	"if [ \"$1\" = remove ] && [ -d /run/systemd/system ] && [ \"$(uname -r)\" = %s ]; then\n"
	"\tdeb-systemd-invoke restart kpatch.service || true\n"
	"fi\n";

/* The very kernel: another build of the same release has other addresses. */
static void add_depends(GString *text, const struct package *package)
{
	const struct target *target = package->target;
	static const char *const suffixes[] = { "", "-unsigned" };

	g_string_append(text, "Depends: ");
	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_string_append_printf(text, "%slinux-image-%s%s", i ? " | " : "", target->release,
				       suffixes[i]);
		if (*target->version)
			g_string_append_printf(text, " (= %s)", target->version);
	}
	g_string_append(text, ", kpatch (>= " KP_VERSION ")");
	if (package->core->bundled)
		g_string_append(text, ", kpatch-dkms (>= " KP_VERSION ")");
	g_string_append_c(text, '\n');
}

/* Two cumulative packages for a kernel would take each other out of force. */
static void add_conflicts(GString *text, const struct package *package)
{
	static const char *const fields[] = { "Provides", "Conflicts" };

	for (size_t i = 0; package->cumulative && i < G_N_ELEMENTS(fields); i++)
		g_string_append_printf(text, "%s: kpatch-cumulative-%s-%s\n", fields[i],
				       package->core->name, package->target->release);
}

static guint64 size_in_kib(const struct package *package)
{
	guint64 size = 0;
	GStatBuf st;

	for (guint i = 0; i < package->files->len; i++) {
		g_autofree char *path =
			g_build_filename(package->tree, package->files->pdata[i], NULL);

		if (!g_stat(path, &st))
			size += ((guint64)st.st_size + 1023) / 1024;
	}
	return size;
}

static char *control(const struct package *package)
{
	GString *text = g_string_new(NULL);
	g_autofree char *description = package_description(package, " ");

	g_string_append_printf(
		text,
		"Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: %s\n"
		"Installed-Size: %" G_GUINT64_FORMAT "\nSection: kernel\nPriority: optional\n",
		package->name, package->version, package->maintainer, size_in_kib(package));
	add_depends(text, package);
	add_conflicts(text, package);
	g_string_append_printf(text, "Description: %s\n%s", package->title, description);
	return g_string_free(text, FALSE);
}

static char *md5sums(const struct package *package, GError **err)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < package->files->len; i++) {
		const char *file = package->files->pdata[i];
		g_autofree char *path = g_build_filename(package->tree, file, NULL);
		g_autofree char *data = NULL;
		gsize len;

		if (!g_file_get_contents(path, &data, &len, err))
			return g_string_free(text, TRUE);
		g_autofree char *sum =
			g_compute_checksum_for_data(G_CHECKSUM_MD5, (const guchar *)data, len);

		g_string_append_printf(text, "%s  %s\n", sum, file);
	}
	return g_string_free(text, FALSE);
}

/* ---- what Debian wants in /usr/share/doc ---- */

static char *copyright(const struct package *package)
{
	g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(package->date);

	return g_strdup_printf(
		"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
		"Comment:\n"
		" The module was made from the source of Linux %s and the diffs in\n"
		" /usr/share/%s.\n\n"
		"Files: *\nCopyright: 1991-%d the authors of Linux and of the diffs\n"
		"License: GPL-2\n"
		" The license is in /usr/share/common-licenses/GPL-2.\n",
		package->target->release, package->name, g_date_time_get_year(date));
}

static char *changelog(const struct package *package)
{
	g_autofree char *changes = package_description(package, "    ");
	time_t date = package->date;
	char when[64];
	struct tm tm;

	/* The names of days are English: no program of ours calls setlocale(). */
	strftime(when, sizeof(when), "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&date, &tm));
	return g_strdup_printf("%s (%s) unstable; urgency=medium\n\n  * %s\n%s\n -- %s  %s\n",
			       package->name, package->version, package->title, changes,
			       package->maintainer, when);
}

static bool add_documents(const struct package *package, GError **err)
{
	g_autofree char *doc = g_strdup_printf("usr/share/doc/%s/", package->name);
	g_autofree char *copyright_path = g_strconcat(doc, "copyright", NULL);
	g_autofree char *changelog_path = g_strconcat(doc, "changelog", NULL);
	g_autofree char *copyright_text = copyright(package), *changes = changelog(package);
	g_autofree char *full = g_build_filename(package->tree, changelog_path, NULL);
	const char *argv[] = { "gzip", "-9n", full, NULL };

	if (!package_put(package->tree, copyright_path, copyright_text, strlen(copyright_text),
			 0644, err) ||
	    !package_put(package->tree, changelog_path, changes, strlen(changes), 0644, err) ||
	    !run_command(NULL, argv, NULL, err))
		return false;
	g_ptr_array_add(package->files, g_steal_pointer(&copyright_path));
	g_ptr_array_add(package->files, g_strconcat(changelog_path, ".gz", NULL));
	return true;
}

/* ---- the package ---- */

static bool add_control(const struct package *package, GError **err)
{
	const char *release = package->target->release, *module = package->module;
	g_autofree char *sums = md5sums(package, err);

	if (!sums)
		return false;

	g_autofree char *fields = control(package);
	g_autofree char *load = g_strdup_printf(postinst, release, package->title);
	g_autofree char *unload = g_strdup_printf(prerm, module, module, package->title, module);
	g_autofree char *go_back = g_strdup_printf(postrm, release);
	const struct {
		const char *path, *text;
		guint mode;
	} files[] = {
		{ "DEBIAN/control", fields, 0644 }, { "DEBIAN/md5sums", sums, 0644 },
		{ "DEBIAN/postinst", load, 0755 },  { "DEBIAN/prerm", unload, 0755 },
		{ "DEBIAN/postrm", go_back, 0755 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
		if (!package_put(package->tree, files[i].path, files[i].text, strlen(files[i].text),
				 files[i].mode, err))
			return false;
	return true;
}

static bool make(const struct package *package, const char *dir G_GNUC_UNUSED, const char *path,
		 GError **err)
{
	if (!add_documents(package, err) || !add_control(package, err))
		return false;

	g_auto(GStrv) env = package_env(package);
	const struct run_opts opts = { .env = (const char *const *)env };
	const char *argv[] = { "dpkg-deb", "--root-owner-group", "-Zxz",
			       "--build",  package->tree,	 path,
			       NULL };

	return run_command(&opts, argv, NULL, err);
}

const struct package_format package_deb = {
	.name = "deb",
	.tools = (const char *const[]){ "dpkg-deb", "gzip", NULL },
	.install = "apt-get install dpkg gzip",
	.file_fmt = "%s_%s_amd64.deb",
	.make = make,
};
