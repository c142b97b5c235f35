// SPDX-License-Identifier: GPL-2.0
#include "package.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "options.h"
#include "source-patch.h"

static const struct package_format *const formats[] = { &package_deb, &package_rpm };

const struct package_format *package_format_find(const char *name, GError **err)
{
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
		if (!strcmp(formats[i]->name, name))
			return formats[i];
	kp_fail(err, KP_USAGE, "--package=%s: there is no such kind of package; use deb or rpm",
		name);
	return NULL;
}

/* What both take: dpkg wants a digit first, rpm has no '-' in versions, dpkg no '_'. */
bool package_check_version(const char *version, GError **err)
{
	if (!version)
		return kp_fail(err, KP_USAGE,
			       "--package needs --patch-version: by it a newer package takes the "
			       "place of an older one");
	if (g_ascii_isdigit(*version) && !strpbrk(version, "-_"))
		return true;
	return kp_fail(err, KP_USAGE,
		       "--patch-version %s: that of a package must begin with a digit and have no "
		       "'-' or '_'",
		       version);
}

/* Cut off it would no longer tell versions apart. */
char *package_module_name(const char *name, const char *version, GError **err)
{
	g_autofree char *full = g_strdup_printf("%s-%s", name ? name : "livepatch", version);
	char *clean = options_sanitise_name(full);

	if (strlen(clean) == strlen(full))
		return clean;
	g_free(clean);
	kp_fail(err, KP_USAGE,
		"the module would be called %s, which is longer than a module's name may be; use "
		"a shorter --name or --patch-version",
		full);
	return NULL;
}

/* As dpkg and rpm both take it. */
static char *package_name(const char *release, const char *name)
{
	g_autofree char *full =
		g_strdup_printf("kpatch-patch-%s%s%s", release, name ? "-" : "", name ? name : "");
	char *clean = g_ascii_strdown(full, -1);

	for (char *p = clean; *p; p++)
		if (!g_ascii_isalnum(*p) && !strchr("+.-", *p))
			*p = '-';
	return clean;
}

/* ---- before the build ---- */

static bool check_tools(const struct package_format *format, GError **err)
{
	for (const char *const *tool = format->tools; *tool; tool++) {
		g_autofree char *path = g_find_program_in_path(*tool);

		if (!path)
			return kp_fail(err, KP_FAILED,
				       "--package=%s: %s is not installed; install it: %s",
				       format->name, *tool, format->install);
	}
	return true;
}

/* It becomes part of paths and scripts. */
static bool check_release(const char *release, GError **err)
{
	if (!release[strspn(release, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._+~-")])
		return true;
	return kp_fail(err, KP_FAILED,
		       "--package: no package can be made for a kernel that calls itself \"%s\"",
		       release);
}

/* Who makes the package; else who made what is in it. */
static char *find_maintainer(const struct fixes *fixes, GError **err)
{
	const char *name = g_getenv("DEBFULLNAME"), *mail = g_getenv("DEBEMAIL");
	g_autofree char *given =
		name && mail ? g_strdup_printf("%s <%s>", name, mail) : g_strdup(mail);
	const char *found = given ? given : fixes->authors->len ? fixes->authors->pdata[0] : "";

	if (g_regex_match_simple("^[^<>[:cntrl:]]+ <[^<>@ [:cntrl:]]+@[^<>@ [:cntrl:]]+>\\z", found,
				 0, 0))
		return g_strdup(found);
	kp_fail(err, KP_FAILED,
		"\"%s\" cannot be who is responsible for the package; set DEBFULLNAME and "
		"DEBEMAIL, or give --author 'Name <mail@address>'",
		found);
	return NULL;
}

/* Of the newest patch, unless the environment says: the same patches make the same package. */
static bool find_date(const GPtrArray *patches, gint64 *date, GError **err)
{
	const char *given = g_getenv("SOURCE_DATE_EPOCH");
	GStatBuf st;

	*date = 0;
	if (given)
		return g_ascii_string_to_signed(given, 10, 0, G_MAXUINT32, date, NULL) ||
		       kp_fail(err, KP_FAILED,
			       "SOURCE_DATE_EPOCH is \"%s\", not seconds since 1970; set it right, "
			       "or not at all",
			       given);
	for (guint i = 0; i < patches->len; i++) {
		const struct source_patch *patch = patches->pdata[i];

		if (g_stat(patch->name, &st) < 0)
			return kp_fail_errno(err, "cannot look at %s", patch->name);
		*date = MAX(*date, (gint64)st.st_mtime);
	}
	return true;
}

struct package *package_new(const struct package_request *request, GError **err)
{
	struct package *package = g_new0(struct package, 1);

	package->format = request->format;
	package->version = request->version;
	package->target = request->target;
	package->core = request->core;
	package->fixes = request->fixes;
	package->cumulative = request->cumulative;
	package->name = package_name(request->target->release, request->name);
	package->title = g_strdup_printf("live patch %s of kernel %s", request->version,
					 request->target->release);
	package->module = g_strdelimit(g_strdup(request->module), "-", '_');
	package->files = g_ptr_array_new_with_free_func(g_free);
	package->maintainer = find_maintainer(request->fixes, err);
	if (!package->maintainer || !check_release(request->target->release, err) ||
	    !check_tools(request->format, err) ||
	    !find_date(request->patches, &package->date, err)) {
		package_free(package);
		return NULL;
	}
	return package;
}

void package_free(struct package *package)
{
	if (!package)
		return;
	g_free(package->name);
	g_free(package->title);
	g_free(package->maintainer);
	g_free(package->module);
	g_free(package->tree);
	g_ptr_array_unref(package->files);
	g_free(package);
}

/* ---- what is in it ---- */

bool package_put(const char *dir, const char *path, const char *data, gsize len, guint mode,
		 GError **err)
{
	g_autofree char *full = g_build_filename(dir, path, NULL);
	g_autofree char *folder = g_path_get_dirname(full);
	g_autoptr(GError) why = NULL;

	if (g_mkdir_with_parents(folder, 0755) < 0)
		return kp_fail_errno(err, "cannot make the folder %s", folder);
	if (!g_file_set_contents_full(full, data, (gssize)len, G_FILE_SET_CONTENTS_CONSISTENT,
				      (int)mode, &why))
		return kp_fail(err, KP_FAILED, "cannot write %s: %s%s", full, why->message,
			       kp_error_remedy(why));
	return true;
}

/* A file of the package; takes @path over. */
static bool add(struct package *package, char *path, const char *data, gsize len, GError **err)
{
	g_ptr_array_add(package->files, path);
	return package_put(package->tree, path, data, len, 0644, err);
}

static bool add_module(struct package *package, const char *file, GError **err)
{
	g_autofree char *data = NULL;
	g_autoptr(GError) why = NULL;
	gsize len;

	if (!g_file_get_contents(file, &data, &len, &why))
		return kp_fail(err, KP_FAILED, "%s", why->message);
	return add(package,
		   g_strdup_printf("var/lib/kpatch/%s/%s.ko", package->target->release,
				   package->module),
		   data, len, err);
}

/* In their order, and with names that need no quotes anywhere. */
static bool add_patch(struct package *package, guint number, const struct source_patch *patch,
		      GError **err)
{
	g_autofree char *base = g_path_get_basename(patch->name);

	for (char *p = base; *p; p++)
		if (!g_ascii_isalnum(*p) && !strchr("+._-", *p))
			*p = '-';
	return add(package, g_strdup_printf("usr/share/%s/%02u-%s", package->name, number, base),
		   patch->text, patch->len, err);
}

static bool add_facts(struct package *package, const json_t *facts, GError **err)
{
	char *dump = json_dumps(facts, JSON_INDENT(2) | JSON_SORT_KEYS);

	if (!dump)
		return kp_fail(err, KP_FAILED,
			       "cannot describe the patch: a name in it is not UTF-8");
	g_autofree char *text = g_strconcat(dump, "\n", NULL);

	free(dump);
	return add(package, g_strdup_printf("usr/share/%s/patch.json", package->name), text,
		   strlen(text), err);
}

static void describe(GString *text, const char *indent, const char *what, const GPtrArray *list)
{
	for (guint i = 0; i < list->len; i++)
		g_string_append_printf(text, "%s - %s%s\n", indent, what, (char *)list->pdata[i]);
}

char *package_description(const struct package *package, const char *indent)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "%sChanges the kernel while it runs. %s\n", indent,
			       package->cumulative ? "Takes the place of all older patches."
						   : "Leaves older patches in force.");
	describe(text, indent, "", package->fixes->titles);
	describe(text, indent, "fixes ", package->fixes->cves);
	describe(text, indent, "by ", package->fixes->authors);
	return g_string_free(text, FALSE);
}

static bool fill(struct package *package, const char *module, const GPtrArray *patches,
		 const json_t *facts, GError **err)
{
	if (!add_module(package, module, err) || !add_facts(package, facts, err))
		return false;
	for (guint i = 0; i < patches->len; i++)
		if (!add_patch(package, i + 1, patches->pdata[i], err))
			return false;
	return true;
}

char **package_env(const struct package *package)
{
	g_autofree char *date = g_strdup_printf("%" G_GINT64_FORMAT, package->date);
	char **env = g_environ_setenv(g_get_environ(), "SOURCE_DATE_EPOCH", date, TRUE);

	return g_environ_setenv(env, "LC_ALL", "C.UTF-8", TRUE);
}

/* From the build's own folder, which may be on another disk, to where the user wants it. */
static char *deliver(const struct package *package, const char *made, const char *output_dir,
		     GError **err)
{
	g_autofree char *file =
		g_strdup_printf(package->format->file_fmt, package->name, package->version);
	g_autofree char *data = NULL;
	g_autoptr(GError) why = NULL;
	gsize len;

	if (!g_file_get_contents(made, &data, &len, &why)) {
		kp_fail(err, KP_FAILED, "%s", why->message);
		return NULL;
	}
	return package_put(output_dir, file, data, len, 0666, err)
		       ? g_build_filename(output_dir, file, NULL)
		       : NULL;
}

char *package_write(struct package *package, const char *module, const GPtrArray *patches,
		    const json_t *facts, const char *dir, const char *output_dir, GError **err)
{
	g_autofree char *made = g_build_filename(dir, "made", NULL);

	/* What is in the package has the same modes whoever makes it. */
	mode_t mask = umask(022);

	package->tree = g_build_filename(dir, "tree", NULL);
	bool ok = fill(package, module, patches, facts, err) &&
		  package->format->make(package, dir, made, err);

	umask(mask);
	if (!ok)
		return NULL;
	return deliver(package, made, output_dir, err);
}
