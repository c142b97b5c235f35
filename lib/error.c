// SPDX-License-Identifier: GPL-2.0
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

G_DEFINE_QUARK(kp - error - quark, kp_error)

static const char free_space[] = "; free some space and try again";

bool kp_fail(GError **err, enum kp_status status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	g_propagate_error(err, g_error_new_valist(KP_ERROR, (int)status, fmt, ap));
	va_end(ap);
	return false;
}

bool kp_fail_errno(GError **err, const char *fmt, ...)
{
	int saved = errno;
	g_autofree char *what = NULL;
	va_list ap;

	va_start(ap, fmt);
	what = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	return kp_fail(err, KP_FAILED, "%s: %s%s", what, g_strerror(saved),
		       saved == ENOSPC || saved == EDQUOT ? free_space : "");
}

const char *kp_error_remedy(const GError *err)
{
	return g_error_matches(err, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ? free_space : "";
}

int kp_exit_status(const GError *err)
{
	if (!err)
		return KP_OK;
	return err->domain == KP_ERROR ? err->code : KP_FAILED;
}
