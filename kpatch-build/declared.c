// SPDX-License-Identifier: GPL-2.0
#include "declared.h"

#include <inttypes.h>
#include <string.h>

#include "declared-layout.h"
#include "same-function.h"
#include "shadow-size.h"

/* "FILE:LINE of OBJECT", from three fields; to be freed. */
static char *place(const struct ko_section *sec, uint64_t file, uint64_t line, uint64_t objname)
{
	const char *object = ko_rela_string(sec, objname);
	g_autofree char *where = ko_place(sec, file, line);

	return g_strdup_printf("%s of %s", where, object ? object : "?");
}

static char *state_place(const struct ko_section *sec, uint64_t at)
{
	return place(sec, at + STATE_FILE, at + STATE_LINE, at + STATE_OBJNAME);
}

static const char *function_name(const struct ko *ko, const struct ko_rela *rela)
{
	const char *name = rela->sym->name;

	if (rela->sym->sec)
		name = ko_function_at(ko, rela->sym->sec,
				      rela->sym->value + (uint64_t)rela->addend);
	return name ? name : "?";
}

static void check_same_id(const struct ko_section *sec, uint64_t at, uint64_t other,
			  struct kp_diags *diags)
{
	const char *name = ko_rela_string(sec, at + STATE_NAME);
	const char *before = ko_rela_string(sec, other + STATE_NAME);
	g_autofree char *here = state_place(sec, at), *there = state_place(sec, other);

	if (!before || !strcmp(name, before))
		kp_diag_add(diags, KP_ERROR_DIAG, NULL, name,
			    "a state belongs to the whole patch: declare it once, in a source that "
			    "is in one object only",
			    "state declared twice: %s and %s", there, here);
	else
		kp_diag_add(diags, KP_ERROR_DIAG, NULL, name, "give one of them another name",
			    "has the same id as state %s: %s and %s", before, there, here);
}

/* klp_state of the kernel has an id and a version. */
static void check_plain(const struct ko_section *sec, uint64_t at, struct kp_diags *diags)
{
	bool callbacks = false;
	g_autofree char *where = state_place(sec, at);

	for (int i = 0; i < 4; i++)
		callbacks |= ko_rela_at(sec, at + STATE_SETUP + 8ULL * (unsigned int)i) != NULL;
	if (callbacks || sec->data[at + STATE_BLOCK_DISABLE])
		kp_diag_add(diags, KP_ERROR_DIAG, NULL, ko_rela_string(sec, at + STATE_NAME),
			    "use --core=kpatch, or KPATCH_PRE_PATCH_CALLBACK() and the like",
			    "the kernel's own livepatch knows no %s of states (%s)",
			    callbacks ? "callbacks" : "block_disable", where);
}

static void check_states(const struct ko *ko, bool bundled, struct kp_diags *diags)
{
	const struct ko_section *sec = ko_section(ko, ".kpatch.states");
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

	for (uint64_t at = 0; sec && sec->data && at + STATE_SIZE <= sec->size; at += STATE_SIZE) {
		uint64_t id = ko_long(sec, at + STATE_ID);
		void *other;

		if (!ko_rela_at(sec, at + STATE_NAME)) /* the terminator */
			return;
		if (!ko_rela_string(sec, at + STATE_NAME)) {
			kp_diag_add(diags, KP_ERROR_DIAG, NULL, NULL, NULL,
				    "incomplete entry in .kpatch.states");
			continue;
		}
		if (g_hash_table_lookup_extended(seen, &id, NULL, &other))
			check_same_id(sec, at, (uint64_t)GPOINTER_TO_SIZE(other), diags);
		else
			g_hash_table_insert(seen, g_memdup2(&id, sizeof(id)), GSIZE_TO_POINTER(at));
		if (!bundled)
			check_plain(sec, at, diags);
	}
}

static char *shadow_place(const struct ko_section *sec, uint64_t at)
{
	return place(sec, at + SHADOW_FILE, at + SHADOW_LINE, at + SHADOW_OBJNAME);
}

static uint64_t shadow_id(const struct ko_section *sec, uint64_t at)
{
	return ko_long(sec, at + SHADOW_ID);
}

/* The types of the patch, and where the table ends; NULL: it has none. */
static struct ko_section *shadow_types(const struct ko *ko, uint64_t *end)
{
	struct ko_section *sec = ko_section(ko, ".kpatch.shadow_types");

	*end = 0;
	if (!sec || !sec->data)
		return NULL;
	while (*end + SHADOW_SIZE <= sec->size && ko_rela_at(sec, *end + SHADOW_FILE))
		*end += SHADOW_SIZE;
	return sec;
}

static unsigned int shadow_call(const struct ko_section *sec, uint64_t at)
{
	return ko_word(sec, at + SHADOW_HOW) & HOW_CALL;
}

/* What the core calls when variables go, as far as one object of the patch knows. */
static const struct ko_rela *object_dtor(const struct ko_section *sec, uint64_t end, uint64_t at)
{
	const char *object = ko_rela_string(sec, at + SHADOW_OBJNAME);

	for (uint64_t other = 0; other < end; other += SHADOW_SIZE)
		if (shadow_id(sec, other) == shadow_id(sec, at) &&
		    !g_strcmp0(ko_rela_string(sec, other + SHADOW_OBJNAME), object) &&
		    ko_rela_at(sec, other + SHADOW_DTOR))
			return ko_rela_at(sec, other + SHADOW_DTOR);
	return NULL;
}

/* An object that outlives the one with the dtor would free the variables without. */
static void check_objects_agree(const struct ko_section *sec, uint64_t end, uint64_t at,
				uint64_t other, struct kp_diags *diags)
{
	if (!object_dtor(sec, end, at) == !object_dtor(sec, end, other))
		return;

	g_autofree char *first = shadow_place(sec, other), *second = shadow_place(sec, at);

	kp_diag_add(diags, KP_ERROR_DIAG, NULL, ko_rela_string(sec, at + SHADOW_NAME),
		    "say the same in a source of each object: KPATCH_SHADOW_TYPE(id, ctor, dtor);",
		    "shadow variable 0x%" PRIx64 " has a dtor in one object and none in the other: "
		    "%s, %s",
		    shadow_id(sec, at), first, second);
}

static bool is_declared(const struct ko_section *sec, uint64_t end, uint64_t id)
{
	for (uint64_t at = 0; at < end; at += SHADOW_SIZE)
		if (shadow_id(sec, at) == id && shadow_call(sec, at) != HOW_GET)
			return true;
	return false;
}

/* Nobody in this patch says how to free them, or that they have to stay when an older patch goes.
 */
static void refuse_undeclared(const struct ko_section *sec, uint64_t at, struct kp_diags *diags)
{
	const char *name = ko_rela_string(sec, at + SHADOW_NAME);
	bool named = ko_word(sec, at + SHADOW_HOW) & HOW_NAMED;
	g_autofree char *where = shadow_place(sec, at);
	g_autofree char *remedy = g_strdup_printf("say what they are: KPATCH_SHADOW_%s%s%s",
						  named ? "NAMED(\"" : "TYPE(", name ? name : "id",
						  named ? "\");" : ", ctor, dtor);");

	kp_diag_add(
		diags, KP_ERROR_DIAG, NULL, name, remedy,
		"the patch reads shadow variables 0x%" PRIx64
		", but neither makes nor frees any: they would go with the patch that does (%s)",
		shadow_id(sec, at), where);
}

/* Entries of one id may lack a function, but not have different ones. */
static void check_agree(const struct ko *ko, const struct ko_section *sec, uint64_t at,
			uint64_t other, struct kp_diags *diags)
{
	static const struct {
		const char *what;
		uint64_t field;
	} functions[] = { { "ctor", SHADOW_CTOR }, { "dtor", SHADOW_DTOR } };

	for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
		const struct ko_rela *here = ko_rela_at(sec, at + functions[i].field);
		const struct ko_rela *there = ko_rela_at(sec, other + functions[i].field);

		if (!here || !there || same_function(ko, here, there))
			continue;

		g_autofree char *first = shadow_place(sec, other), *second = shadow_place(sec, at);
		bool copies = !strcmp(function_name(ko, there), function_name(ko, here));

		kp_diag_add(
			diags, KP_ERROR_DIAG, NULL, ko_rela_string(sec, at + SHADOW_NAME),
			copies ? "the core frees all variables of an id in one way: define it in "
				 "one source, not static, and declare it in the header"
			       : "the core frees all variables of an id in one way: use one "
				 "function, or two ids",
			"shadow variable 0x%" PRIx64 " with two %ss: %s has %s, %s has %s",
			shadow_id(sec, at), functions[i].what, first, function_name(ko, there),
			second, function_name(ko, here));
	}
}

static bool has_state(const struct ko *ko, const char *name)
{
	const struct ko_section *sec = ko_section(ko, ".kpatch.states");

	for (uint64_t at = 0; sec && sec->data && at + STATE_SIZE <= sec->size; at += STATE_SIZE) {
		const char *other = ko_rela_string(sec, at + STATE_NAME);

		if (other && !strcmp(other, name))
			return true;
	}
	return false;
}

/* The state that owns the type is in this patch, and the core can make it so. */
static void check_owner(const struct ko *ko, const struct ko_section *sec, uint64_t at,
			bool bundled, struct kp_diags *diags)
{
	const char *name = ko_rela_string(sec, at + SHADOW_NAME);
	const char *state = ko_rela_string(sec, at + SHADOW_STATE);

	if (!state)
		return;

	g_autofree char *where = shadow_place(sec, at);
	g_autofree char *remedy =
		g_strdup_printf("KPATCH_STATE(%s, ...), in any source of the patch", state);

	if (!has_state(ko, state))
		kp_diag_add(diags, KP_ERROR_DIAG, NULL, name, remedy,
			    "shadow variable 0x%" PRIx64
			    " is to belong to state %s, which the patch does not declare (%s)",
			    shadow_id(sec, at), state, where);
	else if (!bundled)
		kp_diag_add(diags, KP_ERROR_DIAG, NULL, name,
			    "use --core=kpatch, or leave .state out",
			    "the kernel's own livepatch knows no shadow variables that belong to a "
			    "state (%s)",
			    where);
}

/* What two entries of one id say about owner and size. */
static void check_owners_agree(const struct ko_section *sec, uint64_t at, uint64_t other,
			       struct kp_diags *diags)
{
	const char *here = ko_rela_string(sec, at + SHADOW_STATE);
	const char *there = ko_rela_string(sec, other + SHADOW_STATE);

	if (!here || !there || !strcmp(here, there))
		return;

	g_autofree char *first = shadow_place(sec, other), *second = shadow_place(sec, at);

	kp_diag_add(diags, KP_ERROR_DIAG, NULL, ko_rela_string(sec, at + SHADOW_NAME),
		    "one state, or two ids",
		    "shadow variable 0x%" PRIx64 " of two states: %s says %s, %s says %s",
		    shadow_id(sec, at), first, there, second, here);
}

static void check_sizes_agree(const struct ko_section *sec, uint64_t at, uint64_t other,
			      struct kp_diags *diags)
{
	uint64_t here = ko_long(sec, at + SHADOW_BYTES), there = ko_long(sec, other + SHADOW_BYTES);
	bool said = !shadow_call(sec, at) || !shadow_call(sec, other);

	if (!said || !here || !there || here == there)
		return;

	g_autofree char *first = shadow_place(sec, other), *second = shadow_place(sec, at);

	kp_diag_add(diags, KP_ERROR_DIAG, NULL, ko_rela_string(sec, at + SHADOW_NAME),
		    "leave .size out where it is not always the same, or use two ids",
		    "shadow variable 0x%" PRIx64 " of two sizes: %s has %" PRIu64
		    " bytes, %s has %" PRIu64,
		    shadow_id(sec, at), first, there, second, here);
}

/* What the glue does when the patch goes, and what it cannot. One note an id. */
static void note_freed(const struct ko_section *sec, uint64_t at, struct kp_diags *diags)
{
	g_autofree char *where = shadow_place(sec, at);

	kp_diag_add(diags, KP_NOTE, NULL, ko_rela_string(sec, at + SHADOW_NAME), NULL,
		    "shadow variables 0x%" PRIx64 " are freed when the patch is disabled and no "
		    "other livepatch is in force; a patch that replaces this one without having "
		    "them leaves them behind (%s; --core=kpatch frees them)",
		    shadow_id(sec, at), where);
}

static void check_shadow_types(const struct ko *ko, bool bundled, struct kp_diags *diags)
{
	uint64_t end;
	const struct ko_section *sec = shadow_types(ko, &end);
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

	for (uint64_t at = 0; at < end; at += SHADOW_SIZE) {
		uint64_t id = shadow_id(sec, at);

		if (shadow_call(sec, at) == HOW_GET) {
			if (bundled && !is_declared(sec, end, id) &&
			    g_hash_table_add(seen, g_memdup2(&id, sizeof(id))))
				refuse_undeclared(sec, at, diags);
			continue;
		}
		check_owner(ko, sec, at, bundled, diags);
		for (uint64_t other = 0; other < at; other += SHADOW_SIZE) {
			if (shadow_id(sec, other) != id || shadow_call(sec, other) == HOW_GET)
				continue;
			check_agree(ko, sec, at, other, diags);
			check_owners_agree(sec, at, other, diags);
			check_sizes_agree(sec, at, other, diags);
			check_objects_agree(sec, end, at, other, diags);
		}
		if (g_hash_table_add(seen, g_memdup2(&id, sizeof(id))) && !bundled)
			note_freed(sec, at, diags);
	}
}

void declared_check(const struct ko *ko, bool bundled, struct kp_diags *diags)
{
	check_states(ko, bundled, diags);
	check_shadow_types(ko, bundled, diags);
}

static uint64_t merged_size(const struct ko_section *sec, uint64_t end, uint64_t id)
{
	struct shadow_size size = { 0 };

	for (uint64_t at = 0; at < end; at += SHADOW_SIZE)
		if (shadow_id(sec, at) == id)
			shadow_size_add(&size, ko_word(sec, at + SHADOW_HOW),
					ko_long(sec, at + SHADOW_BYTES));
	return shadow_size_merged(&size);
}

/* The pointer to the name of the state that owns @id; NULL: none. */
static const struct ko_rela *owner_of(const struct ko_section *sec, uint64_t end, uint64_t id)
{
	for (uint64_t at = 0; at < end; at += SHADOW_SIZE)
		if (shadow_id(sec, at) == id && ko_rela_at(sec, at + SHADOW_STATE))
			return ko_rela_at(sec, at + SHADOW_STATE);
	return NULL;
}

static bool merge_owner(struct ko_section *sec, uint64_t end, uint64_t at)
{
	const struct ko_rela *owner = owner_of(sec, end, shadow_id(sec, at));

	if (!owner || ko_rela_at(sec, at + SHADOW_STATE))
		return false;

	struct ko_rela copy = *owner;

	copy.offset = at + SHADOW_STATE;
	g_array_append_val(ko_relas_of(sec)->list, copy);
	return true;
}

bool declared_merge(struct ko *ko)
{
	uint64_t end;
	struct ko_section *sec = shadow_types(ko, &end);
	g_autofree uint64_t *sizes = g_new(uint64_t, end / SHADOW_SIZE + 1);
	bool changed = false;

	/* All of them first: each is made from what the entries said themselves. */
	for (uint64_t at = 0; at < end; at += SHADOW_SIZE)
		sizes[at / SHADOW_SIZE] = merged_size(sec, end, shadow_id(sec, at));
	for (uint64_t at = 0; at < end; at += SHADOW_SIZE) {
		uint64_t size = GUINT64_TO_LE(sizes[at / SHADOW_SIZE]);

		changed |= memcmp(sec->data + at + SHADOW_BYTES, &size, sizeof(size)) != 0;
		memcpy(sec->data + at + SHADOW_BYTES, &size, sizeof(size));
		changed |= merge_owner(sec, end, at);
	}
	return changed;
}
