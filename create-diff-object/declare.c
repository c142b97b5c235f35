// SPDX-License-Identifier: GPL-2.0
/* What the author declared with the macros of kmod/include/kpatch: changes to ignore. */
#include "diff.h"

#include <string.h>

#include "tables.h"

bool diff_is_module(const struct diff *diff)
{
	return strcmp(diff->objname, "vmlinux") != 0;
}

static void add_diag(struct diff *diff, enum kp_severity severity, const struct atom *atom,
		     const char *remedy, const char *fmt, va_list ap)
{
	g_autofree char *text = g_strdup_vprintf(fmt, ap);

	kp_diag_add(diff->diags, severity, diff->object_name, atom ? atom_name(atom) : NULL, remedy,
		    "%s", text);
}

void diff_error(struct diff *diff, const struct atom *atom, const char *remedy, const char *fmt,
		...)
{
	va_list ap;

	va_start(ap, fmt);
	add_diag(diff, KP_ERROR_DIAG, atom, remedy, fmt, ap);
	va_end(ap);
}

void diff_warning(struct diff *diff, const struct atom *atom, const char *remedy, const char *fmt,
		  ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_diag(diff, KP_WARNING, atom, remedy, fmt, ap);
	va_end(ap);
}

static void ignore_section(struct diff *diff, const char *name)
{
	struct section *sec = g_hash_table_lookup(diff->patched->sec_by_name, name);

	if (!sec) {
		diff_error(diff, NULL, "correct its name",
			   "KPATCH_IGNORE_SECTION: there is no section %s", name);
		return;
	}
	for (unsigned int i = 0; i < sec->atoms->len; i++) {
		struct atom *atom = g_ptr_array_index(sec->atoms, i);

		atom->ignored = true;
	}
}

/* Each pointer in the section names what to ignore, as a function or as a string. */
static void each_pointer(struct diff *diff, const char *section,
			 void (*fn)(struct diff *diff, struct atom *target))
{
	struct section *sec = g_hash_table_lookup(diff->patched->sec_by_name, section);

	for (unsigned int i = 0; sec && i < sec->atoms->len; i++) {
		struct atom *atom = g_ptr_array_index(sec->atoms, i);

		for (unsigned int r = 0; r < atom->refs->len; r++) {
			struct ref *ref = &g_array_index(atom->refs, struct ref, r);

			if (ref->atom)
				fn(diff, ref->atom);
		}
	}
}

static void ignore_named_section(struct diff *diff, struct atom *string)
{
	const uint8_t *bytes = atom_bytes(string);

	if (bytes && memchr(bytes, 0, string->size))
		ignore_section(diff, (const char *)bytes);
}

static void ignore_function(struct diff *diff, struct atom *function)
{
	(void)diff;
	function->ignored = true;
}

void declare_ignored(struct diff *diff)
{
	each_pointer(diff, ".kpatch.ignore.sections", ignore_named_section);
	each_pointer(diff, ".kpatch.ignore.functions", ignore_function);
}
