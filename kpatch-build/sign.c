// SPDX-License-Identifier: GPL-2.0
/* Signing a module with the kernel's own sign-file. */
#include "sign.h"

#include <string.h>
#include <unistd.h>

#include "error.h"
#include "run.h"

/* sha512 is what kernels without the option would be signed with by hand; all accept it. */
static const char *hash_of(const struct target *target)
{
	const char *hash = target_config(target, "CONFIG_MODULE_SIG_HASH");

	return hash && *hash ? hash : "sha512";
}

/* sign-file of the headers package, else of a built or prepared tree; else Ubuntu's. */
static char *find_sign_file(const struct target *target, const struct tree *tree)
{
	const char *dirs[] = { target->headers, target->source_is_tree ? target->source : NULL,
			       tree ? tree->master : NULL };

	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
		if (!dirs[i])
			continue;

		char *path = g_build_filename(dirs[i], "scripts", "sign-file", NULL);

		if (!access(path, X_OK))
			return path;
		g_free(path);
	}
	return g_find_program_in_path("kmodsign");
}

/* sign-file does not ask, but only says that it got no pass phrase. */
static bool check_pass_phrase(const char *key, GError **err)
{
	g_autofree char *text = NULL;

	if (g_getenv("KBUILD_SIGN_PIN") || !g_file_get_contents(key, &text, NULL, NULL) ||
	    !strstr(text, "ENCRYPTED"))
		return true;
	return kp_fail(err, KP_FAILED,
		       "the signing key %s is encrypted; put its pass phrase into the environment "
		       "as KBUILD_SIGN_PIN",
		       key);
}

static bool check_readable(const char *path, const char *what, GError **err)
{
	if (g_str_has_prefix(path, "pkcs11:") || !access(path, R_OK))
		return true;
	return kp_fail_errno(err, "cannot read the %s %s", what, path);
}

bool sign_check(const struct target *target, const struct tree *tree, const char *key,
		const char *cert, GError **err)
{
	if (!key && !cert)
		return true;
	if (!key || !cert)
		return kp_fail(err, KP_USAGE,
			       "signing needs a key and a certificate: give both --sign-key and "
			       "--sign-cert");
	if (!check_readable(key, "signing key", err) || !check_readable(cert, "certificate", err) ||
	    !check_pass_phrase(key, err))
		return false;

	g_autofree char *tool = find_sign_file(target, tree);

	return tool ||
	       kp_fail(err, KP_FAILED,
		       "cannot sign: no scripts/sign-file in %s; install the headers package "
		       "of %s completely",
		       target->headers ? target->headers : target->source, target->release);
}

bool sign_module(const struct target *target, const struct tree *tree, const char *key,
		 const char *cert, const char *module, GError **err)
{
	g_autofree char *tool = NULL;

	if (!sign_check(target, tree, key, cert, err))
		return false;
	tool = find_sign_file(target, tree);

	const char *argv[] = { tool, hash_of(target), key, cert, module, NULL };
	const struct run_opts opts = { .what = "sign-file" };

	return run_command(&opts, argv, NULL, err);
}
