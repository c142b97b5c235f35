// SPDX-License-Identifier: GPL-2.0
#include "diag.h"

#include <stdarg.h>

static void diag_free(void *data)
{
	struct kp_diag *diag = data;

	g_free(diag->object);
	g_free(diag->symbol);
	g_free(diag->message);
	g_free(diag->remedy);
	g_free(diag);
}

struct kp_diags *kp_diags_new(void)
{
	struct kp_diags *diags = g_new0(struct kp_diags, 1);

	diags->list = g_ptr_array_new_with_free_func(diag_free);
	return diags;
}

void kp_diags_free(struct kp_diags *diags)
{
	if (!diags)
		return;
	g_ptr_array_unref(diags->list);
	g_free(diags);
}

void kp_diag_add(struct kp_diags *diags, enum kp_severity severity, const char *object,
		 const char *symbol, const char *remedy, const char *fmt, ...)
{
	struct kp_diag *diag = g_new0(struct kp_diag, 1);
	va_list ap;

	diag->severity = severity;
	diag->object = g_strdup(object);
	diag->symbol = g_strdup(symbol);
	diag->remedy = g_strdup(remedy);
	va_start(ap, fmt);
	diag->message = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	g_ptr_array_add(diags->list, diag);
	if (severity == KP_ERROR_DIAG)
		diags->errors++;
}

char *kp_diag_format(const struct kp_diag *diag)
{
	GString *line = g_string_new(NULL);

	if (diag->object)
		g_string_append_printf(line, "%s: ", diag->object);
	if (diag->symbol)
		g_string_append_printf(line, "%s: ", diag->symbol);
	g_string_append(line, diag->message);
	if (diag->remedy)
		g_string_append_printf(line, "; %s", diag->remedy);
	return g_string_free(line, FALSE);
}
