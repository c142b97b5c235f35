// SPDX-License-Identifier: GPL-2.0
#include "declared.h"

#include <inttypes.h>
#include <string.h>

#include "declared-layout.h"
#include "same-function.h"

static uint64_t long_at(const struct ko_section *sec, uint64_t at)
{
	uint64_t value;

	memcpy(&value, sec->data + at, sizeof(value));
	return GUINT64_FROM_LE(value);
}

static uint32_t word_at(const struct ko_section *sec, uint64_t at)
{
	uint32_t value;

	memcpy(&value, sec->data + at, sizeof(value));
	return GUINT32_FROM_LE(value);
}

/* "FILE:LINE of OBJECT", from three fields; to be freed. */
static char *place(const struct ko_section *sec, uint64_t file, uint64_t line, uint64_t objname)
{
	const char *path = ko_rela_string(sec, file), *object = ko_rela_string(sec, objname);

	return g_strdup_printf("%s:%u of %s", path ? path : "?", word_at(sec, line),
			       object ? object : "?");
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
		uint64_t id = long_at(sec, at + STATE_ID);
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

		kp_diag_add(diags, KP_ERROR_DIAG, NULL, ko_rela_string(sec, at + SHADOW_NAME),
			    "the core frees all variables of an id in one way: use one function, "
			    "or two ids",
			    "shadow variable 0x%" PRIx64 " with two %ss: %s has %s, %s has %s",
			    long_at(sec, at + SHADOW_ID), functions[i].what, first,
			    function_name(ko, there), second, function_name(ko, here));
	}
}

/* Whether the patch calls klp_shadow_free_all() for @id. */
static bool is_freed(const struct ko_section *sec, uint64_t id)
{
	for (uint64_t at = 0; at + SHADOW_SIZE <= sec->size; at += SHADOW_SIZE)
		if (long_at(sec, at + SHADOW_ID) == id &&
		    (word_at(sec, at + SHADOW_HOW) & HOW_CALL) == HOW_FREE_ALL)
			return true;
	return false;
}

/* One warning an id. */
static void warn_kept(const struct ko_section *sec, uint64_t at, struct kp_diags *diags)
{
	const char *name = ko_rela_string(sec, at + SHADOW_NAME);
	g_autofree char *where = shadow_place(sec, at);

	kp_diag_add(diags, KP_WARNING, NULL, name,
		    "call klp_shadow_free_all() in KPATCH_POST_UNPATCH_CALLBACK(), or use "
		    "--core=kpatch",
		    "the kernel's own livepatch does not free shadow variables 0x%" PRIx64
		    " when the patch goes (%s)",
		    long_at(sec, at + SHADOW_ID), where);
}

static void check_shadow_types(const struct ko *ko, bool bundled, struct kp_diags *diags)
{
	const struct ko_section *sec = ko_section(ko, ".kpatch.shadow_types");
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

	for (uint64_t at = 0; sec && sec->data && at + SHADOW_SIZE <= sec->size;
	     at += SHADOW_SIZE) {
		uint64_t id = long_at(sec, at + SHADOW_ID);

		if (!ko_rela_at(sec, at + SHADOW_FILE)) /* the terminator */
			return;
		for (uint64_t other = 0; other < at; other += SHADOW_SIZE)
			if (long_at(sec, other + SHADOW_ID) == id)
				check_agree(ko, sec, at, other, diags);
		if (g_hash_table_add(seen, g_memdup2(&id, sizeof(id))) && !bundled &&
		    !is_freed(sec, id))
			warn_kept(sec, at, diags);
	}
}

void declared_check(const struct ko *ko, bool bundled, struct kp_diags *diags)
{
	check_states(ko, bundled, diags);
	check_shadow_types(ko, bundled, diags);
}
