// SPDX-License-Identifier: GPL-2.0
/* Declarations for the core. */
#include "declared.h"

#include <inttypes.h>
#include <string.h>

#include "declared-layout.h"

static const char *const state_callbacks[] = { "setup", "enable", "disable", "release" };

static const struct declaration_rule rules[] = {
	{ .section = ".kpatch.callbacks.",
	  .prefix = true,
	  .size = CALLBACK_SIZE,
	  .objname = CALLBACK_OBJNAME },
	{ .section = ".kpatch.places", .size = PLACE_SIZE },
	{ .section = ".kpatch.states", .size = STATE_SIZE, .objname = STATE_OBJNAME },
	{ .section = ".kpatch.shadow_types", .size = SHADOW_SIZE, .objname = SHADOW_OBJNAME },
	{ .section = ".kpatch.shadow", .size = SHADOW_SIZE, .objname = SHADOW_OBJNAME },
	{ .section = ".kpatch.keep", .size = KEEP_SIZE, .objname = KEEP_OBJNAME },
};

const struct declaration_rule *declaration_rule(const struct atom *atom)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
		if (rules[i].prefix ? g_str_has_prefix(atom->sec->name, rules[i].section)
				    : !strcmp(atom->sec->name, rules[i].section))
			return &rules[i];
	}
	return NULL;
}

bool declaration_is_complete(const struct atom *atom)
{
	const struct declaration_rule *rule = declaration_rule(atom);

	return rule && atom->size == rule->size && atom_bytes(atom);
}

bool declared_in(const struct atom *atom, const char *section)
{
	return !strcmp(atom->sec->name, section);
}

const struct ref *field_ref(const struct atom *atom, size_t offset)
{
	for (unsigned int r = 0; r < atom->refs->len; r++) {
		const struct ref *ref = &g_array_index(atom->refs, struct ref, r);

		if (ref->offset == offset)
			return ref;
	}
	return NULL;
}

const char *field_string(const struct atom *atom, size_t offset)
{
	const struct ref *ref = field_ref(atom, offset);
	const uint8_t *bytes = ref && ref->atom ? atom_bytes(ref->atom) : NULL;

	if (!bytes || ref->at < 0 || (size_t)ref->at >= ref->atom->size ||
	    !memchr(bytes + ref->at, 0, ref->atom->size - (size_t)ref->at))
		return NULL;
	return (const char *)bytes + ref->at;
}

const char *field_function(const struct atom *atom, size_t offset)
{
	const struct ref *ref = field_ref(atom, offset);

	if (!ref)
		return NULL;
	return ref->atom ? atom_name(ref->atom) : ref->sym->name;
}

uint32_t field_word(const struct atom *atom, size_t offset)
{
	uint32_t word = 0;

	memcpy(&word, atom_bytes(atom) + offset, sizeof(word));
	return GUINT32_FROM_LE(word);
}

uint64_t field_long(const struct atom *atom, size_t offset)
{
	uint64_t value = 0;

	memcpy(&value, atom_bytes(atom) + offset, sizeof(value));
	return GUINT64_FROM_LE(value);
}

void set_field(struct atom *atom, size_t offset, uint64_t value)
{
	uint64_t le = GUINT64_TO_LE(value);

	if (!atom->patched)
		atom->patched = g_memdup2(atom_bytes(atom), atom->size);
	memcpy(atom->patched + offset, &le, sizeof(le));
}

/* kmod/include/kpatch/kpatch-hash.h says the same in the kernel. */
uint64_t declared_hash(const char *name)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *name; name++)
		value = (value ^ (uint8_t)*name) * 0x100000001b3;
	return value;
}

static bool check_size(struct diff *diff, const struct atom *atom,
		       const struct declaration_rule *rule)
{
	if (declaration_is_complete(atom))
		return true;
	diff_error(diff, atom, "use the macros of kpatch-macros.h",
		   "%s: a declaration of %zu bytes, where it should have %zu", atom->sec->name,
		   atom->size, rule->size);
	return false;
}

static void finish_state(struct diff *diff, struct atom *atom)
{
	const char *name = field_string(atom, STATE_NAME);

	if (!name || !field_string(atom, STATE_FILE))
		diff_error(diff, atom, "use KPATCH_STATE() of kpatch-macros.h",
			   "a state without name or place");
	else
		set_field(atom, STATE_ID, declared_hash(name) >> 2 | 1ULL << 62);
}

void finish_declarations(struct diff *diff)
{
	for (unsigned int i = 0; i < diff->included->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->included, i);
		const struct declaration_rule *rule = declaration_rule(atom);

		if (!rule || !check_size(diff, atom, rule))
			continue;
		if (declared_in(atom, ".kpatch.states"))
			finish_state(diff, atom);
		else if (declared_in(atom, ".kpatch.shadow_types"))
			finish_shadow_type(diff, atom);
		else if (declared_in(atom, ".kpatch.shadow"))
			finish_shadow_call(diff, atom);
	}
	check_shadow_calls(diff);
	finish_kept(diff);
}

/* Add what @atom's code and data need, to look at it as well. */
static void add_internal(GPtrArray *work, GHashTable *seen, struct atom *atom)
{
	for (unsigned int r = 0; r < atom->refs->len; r++) {
		const struct ref *ref = &g_array_index(atom->refs, struct ref, r);

		if (ref_is_internal(atom, ref) && g_hash_table_add(seen, ref->atom))
			g_ptr_array_add(work, ref->atom);
	}
}

static const struct external *late_reference(const struct diff *diff, struct atom *atom)
{
	for (unsigned int r = 0; r < atom->refs->len; r++) {
		const struct ref *ref = &g_array_index(atom->refs, struct ref, r);
		const struct external *ext =
			ref_is_internal(atom, ref) ? NULL : find_external(diff, ref);

		if (ext && ext->late)
			return ext;
	}
	return NULL;
}

/* What a state's functions reach is looked up when the module comes, and they may run before. */
static void check_state_code(struct diff *diff, struct atom *state)
{
	g_autoptr(GPtrArray) work = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	g_ptr_array_add(work, state);
	for (unsigned int i = 0; i < work->len; i++) {
		struct atom *atom = g_ptr_array_index(work, i);
		const struct external *ext = late_reference(diff, atom);

		if (ext) {
			diff_error(diff, atom,
				   "declare it in the source of vmlinux, or use "
				   "KPATCH_PRE_PATCH_CALLBACK() and the like",
				   "the state %s uses %s of module %s, which may not be loaded",
				   field_string(state, STATE_NAME), ext->name, ext->objname);
			return;
		}
		add_internal(work, seen, atom);
	}
}

void check_declarations(struct diff *diff)
{
	for (unsigned int i = 0; i < diff->included->len; i++) {
		struct atom *atom = g_ptr_array_index(diff->included, i);

		if (declared_in(atom, ".kpatch.states"))
			check_state_code(diff, atom);
	}
}

json_t *field_place(const struct atom *atom, size_t file, size_t line)
{
	const char *path = field_string(atom, file);

	return path ? json_sprintf("%s:%" PRIu32, path, field_word(atom, line)) : json_null();
}

json_t *list_included(const struct diff *diff,
		      json_t *(*describe)(const struct diff *diff, const struct atom *atom))
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < diff->included->len; i++) {
		json_t *item = describe(diff, g_ptr_array_index(diff->included, i));

		if (item)
			json_array_append_new(list, item);
	}
	return list;
}

static json_t *state_json(const struct diff *diff G_GNUC_UNUSED, const struct atom *atom)
{
	if (!declared_in(atom, ".kpatch.states") || !declaration_is_complete(atom))
		return NULL;

	const char *name = field_string(atom, STATE_NAME);
	json_t *callbacks = json_array();

	for (size_t i = 0; i < G_N_ELEMENTS(state_callbacks); i++) {
		if (field_ref(atom, STATE_SETUP + 8 * i))
			json_array_append_new(callbacks, json_string(state_callbacks[i]));
	}
	return json_pack("{s:s?, s:o, s:o, s:I, s:o, s:b}", "name", name, "where",
			 field_place(atom, STATE_FILE, STATE_LINE), "id",
			 json_sprintf("0x%" PRIx64, field_long(atom, STATE_ID)), "version",
			 (json_int_t)field_word(atom, STATE_VERSION), "callbacks", callbacks,
			 "block_disable", (int)atom_bytes(atom)[STATE_BLOCK_DISABLE]);
}

json_t *declared_states(const struct diff *diff)
{
	return list_included(diff, state_json);
}
