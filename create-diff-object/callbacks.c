// SPDX-License-Identifier: GPL-2.0
/* The author's callbacks, for the report. */
#include "declared.h"

#include <string.h>

#include "declared-layout.h"

/* "FILE:LINE" of @callback; null when its macro does not say: kpatch's own does not. */
static json_t *callback_place(const struct diff *diff, const struct atom *callback)
{
	for (unsigned int i = 0; i < diff->included->len; i++) {
		const struct atom *atom = g_ptr_array_index(diff->included, i);

		if (!declared_in(atom, ".kpatch.places") || !declaration_is_complete(atom))
			continue;

		const struct ref *ref = field_ref(atom, PLACE_OF);

		if (ref && ref->atom == callback)
			return field_place(atom, PLACE_FILE, PLACE_LINE);
	}
	return json_null();
}

static json_t *callback_json(const struct diff *diff, const struct atom *atom)
{
	if (!atom_is_callback(atom))
		return NULL;
	return json_pack("{s:s, s:s?, s:o}", "kind", atom->sec->name + strlen(".kpatch.callbacks."),
			 "function", field_function(atom, CALLBACK_FN), "where",
			 callback_place(diff, atom));
}

json_t *declared_callbacks(const struct diff *diff)
{
	return list_included(diff, callback_json);
}
