/* SPDX-License-Identifier: GPL-2.0 */
/* Signing a module with the kernel's own sign-file. */
#ifndef KP_SIGN_H
#define KP_SIGN_H

#include <stdbool.h>

#include "target.h"
#include "tree.h"

/**
 * sign_check() - whether signing can work, to be asked before the long part of a build.
 * @tree: where sign-file is looked for besides the headers; may be NULL
 * @key, @cert: the private key (or PKCS#11 URI) and the certificate; both or none are given
 */
bool sign_check(const struct target *target, const struct tree *tree, const char *key,
		const char *cert, GError **err);

/**
 * sign_module() - append a signature to @module, with the hash of the target's configuration.
 *
 * The key's pass phrase, if it has one, is taken from KBUILD_SIGN_PIN as kbuild does.
 */
bool sign_module(const struct target *target, const struct tree *tree, const char *key,
		 const char *cert, const char *module, GError **err);

#endif
