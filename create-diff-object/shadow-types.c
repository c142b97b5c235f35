// SPDX-License-Identifier: GPL-2.0
/* Types of shadow variables. */
#include "declared.h"

#include <inttypes.h>
#include <string.h>

#include "declared-layout.h"
#include "shadow-size.h"

static const char *const remedy =
	"say what it is, in this source: KPATCH_SHADOW_TYPE(id, ctor, dtor);";
static const char *const named_remedy =
	"say what it is, in this source: KPATCH_SHADOW_NAMED(\"name\");";

/* The macros call these by another name: whoever refers to the name itself has not used them. */
static const char recorded_suffix[] = ".kpatch_recorded";
static const char *const recorded_calls[] = { "klp_shadow_alloc", "klp_shadow_get_or_alloc",
					      "klp_shadow_free", "klp_shadow_free_all" };

static void rename_recorded(struct object *obj)
{
	for (unsigned int i = 1; i < obj->symbols->len; i++) {
		struct symbol *sym = g_ptr_array_index(obj->symbols, i);

		if (sym->sec || !sym->name || !g_str_has_suffix(sym->name, recorded_suffix))
			continue;
		g_autofree char *name =
			g_strndup(sym->name, strlen(sym->name) - strlen(recorded_suffix));

		sym->name = g_intern_string(name);
		sym->recorded = true;
	}
}

void find_recorded_calls(struct diff *diff)
{
	rename_recorded(diff->orig);
	rename_recorded(diff->patched);
}

/* The author answers for the calls in this source that cannot be known. */
static bool author_declares(const struct diff *diff)
{
	return g_hash_table_contains(diff->patched->sec_by_name, ".kpatch.shadow_types");
}

/* An error, unless the author answers for it: reviewers shall see what for. */
static void G_GNUC_PRINTF(4, 5) unknown_call(struct diff *diff, const struct atom *atom,
					     const char *how_to, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	if (author_declares(diff))
		kp_diag_add(diff->diags, KP_NOTE, diff->object_name, atom_name(atom), NULL,
			    "%s: the declared types of this source have to cover it", text);
	else
		diff_error(diff, atom, how_to, "%s", text);
}

static void set_named_id(struct atom *atom)
{
	if (field_word(atom, SHADOW_HOW) & HOW_NAMED)
		set_field(atom, SHADOW_ID,
			  declared_hash(field_string(atom, SHADOW_NAME)) | 1ULL << 63);
}

void finish_shadow_call(struct diff *diff, struct atom *atom)
{
	const char *name = field_string(atom, SHADOW_NAME);
	const char *file = field_string(atom, SHADOW_FILE);
	uint32_t how = field_word(atom, SHADOW_HOW);

	if (!name || !file || !atom->owner) {
		diff_error(diff, atom, NULL, "incomplete entry in .kpatch.shadow");
		return;
	}
	if (how & HOW_UNKNOWN) {
		atom->dropped = true;
		unknown_call(diff, atom->owner, how & HOW_NAMED ? named_remedy : remedy,
			     "shadow variable whose %s not constant at %s:%" PRIu32,
			     how & HOW_NAMED ? "name is" : "id, ctor or dtor is", file,
			     field_word(atom, SHADOW_LINE));
		return;
	}
	set_named_id(atom);
	/* the code's place has served its purpose: objtool would wonder what jumps there */
	g_array_remove_index(atom->refs, 0);
}

static bool is_unrecorded(const struct ref *ref)
{
	if (ref->atom || !ref->sym || !ref->sym->name || ref->sym->recorded)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(recorded_calls); i++) {
		if (!strcmp(ref->sym->name, recorded_calls[i]))
			return true;
	}
	return false;
}

static bool is_get(const struct atom *atom)
{
	return declaration_is_complete(atom) &&
	       (field_word(atom, SHADOW_HOW) & HOW_CALL) == HOW_GET;
}

static bool has_record(const struct atom *atom)
{
	for (unsigned int i = 0; atom->entries && i < atom->entries->len; i++) {
		const struct atom *entry = g_ptr_array_index(atom->entries, i);

		if (declared_in(entry, ".kpatch.shadow") && !is_get(entry))
			return true;
	}
	return false;
}

/* The compiler may have moved record and call apart, but not into another function. */
static bool has_record_of_calls(struct atom *atom)
{
	const struct atom *root = atom_root(atom);
	bool found = has_record(root);

	for (unsigned int i = 0; root->children && i < root->children->len; i++)
		found |= has_record(g_ptr_array_index(root->children, i));
	return found;
}

/* What is wrong with a reference to a function that makes or frees variables; false: nothing. */
static bool check_call(struct diff *diff, struct atom *atom, const struct ref *ref)
{
	if (is_unrecorded(ref))
		unknown_call(diff, atom, remedy,
			     "uses %s other than in a plain call: id, ctor and dtor are not known",
			     ref->sym->name);
	else if (!ref->atom && ref->sym && ref->sym->recorded && !has_record_of_calls(atom))
		unknown_call(diff, atom, remedy,
			     "calls %s, but the compiler left out what the call says: id, ctor and "
			     "dtor are not known",
			     ref->sym->name);
	else
		return true;
	return false;
}

void check_shadow_calls(struct diff *diff)
{
	for (unsigned int i = 0; i < diff->included->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->included, i);

		for (unsigned int r = 0; r < atom->refs->len; r++)
			if (!check_call(diff, atom, &g_array_index(atom->refs, struct ref, r)))
				break;
	}
}

/* Something unknown is allocated by @atom: it is the entry of such a call, or it has no entry. */
static bool allocates_unknown(const struct atom *atom)
{
	if (declared_in(atom, ".kpatch.shadow")) {
		uint32_t how = declaration_is_complete(atom) ? field_word(atom, SHADOW_HOW) : 0;

		return how & HOW_UNKNOWN && (how & HOW_CALL) == HOW_ALLOC;
	}
	for (unsigned int r = 0; r < atom->refs->len; r++) {
		const struct ref *ref = &g_array_index(atom->refs, struct ref, r);

		if (is_unrecorded(ref) && strstr(ref->sym->name, "alloc"))
			return true;
	}
	return false;
}

/* Its variables may come from calls that are not known, and so may their size. */
static bool has_any_size(const struct diff *diff, const struct atom *type)
{
	if (field_long(type, SHADOW_BYTES))
		return false;
	for (unsigned int i = 0; i < diff->included->len; i++)
		if (allocates_unknown(g_ptr_array_index(diff->included, i)))
			return true;
	return false;
}

void finish_shadow_type(struct diff *diff, struct atom *atom)
{
	if (!field_string(atom, SHADOW_NAME) || !field_string(atom, SHADOW_FILE) ||
	    (field_ref(atom, SHADOW_STATE) && !field_string(atom, SHADOW_STATE))) {
		diff_error(diff, atom, "use KPATCH_SHADOW_TYPE() of kpatch-macros.h",
			   "a type of shadow variables without name or place, or with a state that "
			   "is no string");
		return;
	}
	set_named_id(atom);
	if (has_any_size(diff, atom))
		set_field(atom, SHADOW_LINE,
			  field_long(atom, SHADOW_LINE) | (uint64_t)HOW_ANY_SIZE << 32);
}

/* The function at @offset, as the report names it. */
static void report_function(json_t *type, const char *key, const struct atom *atom, size_t offset)
{
	const char *name = field_function(atom, offset);

	if (name)
		json_object_set_new(type, key, json_string(name));
}

static bool declares_type(const struct atom *atom)
{
	return (declared_in(atom, ".kpatch.shadow_types") || declared_in(atom, ".kpatch.shadow")) &&
	       declaration_is_complete(atom) && !atom->dropped && !is_get(atom);
}

/* What this object says: others of the patch may say more. */
static uint64_t size_of_type(const struct diff *diff, uint64_t id)
{
	struct shadow_size size = { 0 };

	for (unsigned int i = 0; i < diff->included->len; i++) {
		const struct atom *atom = g_ptr_array_index(diff->included, i);

		if (declares_type(atom) && field_long(atom, SHADOW_ID) == id)
			shadow_size_add(&size, field_word(atom, SHADOW_HOW),
					field_long(atom, SHADOW_BYTES));
	}
	return shadow_size_merged(&size);
}

/* The type that @atom is an entry of in @list, new if there is none. */
static json_t *type_in(json_t *list, const struct diff *diff, const struct atom *atom)
{
	uint64_t number = field_long(atom, SHADOW_ID);
	g_autofree char *id = g_strdup_printf("0x%" PRIx64, number);
	size_t i;
	json_t *type;

	json_array_foreach(list, i, type)
	{
		if (!strcmp(json_string_value(json_object_get(type, "id")), id))
			return type;
	}
	type = json_pack("{s:s, s:s?, s:n, s:n, s:n, s:I, s:[]}", "id", id, "name",
			 field_string(atom, SHADOW_NAME), "ctor", "dtor", "state", "size",
			 (json_int_t)size_of_type(diff, number), "where");
	json_array_append_new(list, type);
	return type;
}

json_t *declared_shadow_types(const struct diff *diff)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < diff->included->len; i++) {
		const struct atom *atom = g_ptr_array_index(diff->included, i);

		if (!declares_type(atom))
			continue;

		json_t *type = type_in(list, diff, atom);
		const char *state = field_string(atom, SHADOW_STATE);

		report_function(type, "ctor", atom, SHADOW_CTOR);
		report_function(type, "dtor", atom, SHADOW_DTOR);
		if (state)
			json_object_set_new(type, "state", json_string(state));
		json_array_append_new(json_object_get(type, "where"),
				      field_place(atom, SHADOW_FILE, SHADOW_LINE));
	}
	return list;
}
