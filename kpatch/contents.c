// SPDX-License-Identifier: GPL-2.0
#include "contents.h"

#include <inttypes.h>
#include <string.h>

#include "declared-layout.h"
#include "patch-table.h"
#include "shadow-size.h"
#include "text.h"

/* Linux: include/uapi/linux/elf.h. */
#define SHF_RELA_LIVEPATCH 0x00100000

/* The one in @list whose @key is @value; NULL: none. */
static json_t *find(json_t *list, const char *key, const char *value)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		if (!g_strcmp0(json_string_value(json_object_get(item, key)), value))
			return item;
	}
	return NULL;
}

/* The object called @name, new if there is none. */
static json_t *object_called(json_t *contents, const char *name)
{
	json_t *list = json_object_get(contents, "objects");
	json_t *object = find(list, "name", name);

	if (!object) {
		object = json_pack("{s:s, s:[], s:[], s:i}", "name", name, "functions", "callbacks",
				   "late_references", 0);
		json_array_append_new(list, object);
	}
	return object;
}

static void append(json_t *object, const char *list, json_t *item)
{
	json_array_append_new(json_object_get(object, list), item);
}

static json_t *hex(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

/* "FILE:LINE" */
static json_t *place(struct patch_table *table, uint64_t i, uint64_t file, uint64_t line)
{
	return json_sprintf("%s:%" PRIu32, patch_table_name(table, i, file),
			    patch_table_word(table, i, line));
}

static json_t *function(struct patch_table *table, uint64_t i, uint64_t field)
{
	g_autofree char *name = patch_table_function(table, i, field);

	return name ? json_string(name) : json_null();
}

static bool read_functions(json_t *contents, const struct kp_elf *elf, GError **err)
{
	struct patch_table table;

	if (!patch_table_open(&table, elf, ".kpatch.funcs", FUNC_SIZE, FUNC_NEW, err))
		return false;
	for (uint64_t i = 0; i < table.rows; i++)
		append(object_called(contents, patch_table_name(&table, i, FUNC_OBJNAME)),
		       "functions",
		       json_pack("{s:s, s:I, s:I, s:I}", "name",
				 patch_table_name(&table, i, FUNC_NAME), "sympos",
				 (json_int_t)patch_table_long(&table, i, FUNC_SYMPOS), "old_size",
				 (json_int_t)patch_table_long(&table, i, FUNC_OLD_BYTES),
				 "new_size",
				 (json_int_t)patch_table_long(&table, i, FUNC_NEW_BYTES)));
	return patch_table_close(&table, err);
}

/* Where row @i of the callbacks' section @shndx is declared; null if the file does not say. */
static json_t *callback_place(struct patch_table *places, uint32_t shndx, uint64_t i)
{
	for (uint64_t p = 0; p < places->rows; p++) {
		uint64_t offset = 0;

		if (patch_table_target(places, p, PLACE_OF, &offset) == shndx &&
		    offset == i * CALLBACK_SIZE)
			return place(places, p, PLACE_FILE, PLACE_LINE);
	}
	return json_null();
}

static bool read_kind(json_t *contents, const struct kp_elf *elf, const char *section,
		      struct patch_table *places, GError **err)
{
	const char *kind = strrchr(section, '.') + 1;
	struct patch_table table;

	if (!patch_table_open(&table, elf, section, CALLBACK_SIZE, CALLBACK_FN, err))
		return false;
	for (uint64_t i = 0; i < table.rows; i++)
		append(object_called(contents, patch_table_name(&table, i, CALLBACK_OBJNAME)),
		       "callbacks",
		       json_pack("{s:s, s:o, s:o}", "kind", kind, "function",
				 function(&table, i, CALLBACK_FN), "where",
				 callback_place(places, table.shndx, i)));
	return patch_table_close(&table, err);
}

static bool read_callbacks(json_t *contents, const struct kp_elf *elf, GError **err)
{
	static const char *const sections[] = {
		".kpatch.callbacks.pre_patch",
		".kpatch.callbacks.post_patch",
		".kpatch.callbacks.pre_unpatch",
		".kpatch.callbacks.post_unpatch",
	};
	struct patch_table places;
	bool ok = true;

	if (!patch_table_open(&places, elf, ".kpatch.places", PLACE_SIZE, PLACE_OF, err))
		return false;
	for (size_t i = 0; ok && i < G_N_ELEMENTS(sections); i++)
		ok = read_kind(contents, elf, sections[i], &places, err);
	return patch_table_close(&places, ok ? err : NULL) && ok;
}

/* Which of the four functions the state has. */
static json_t *state_callbacks(struct patch_table *table, uint64_t i)
{
	static const char *const kinds[] = { "setup", "enable", "disable", "release" };
	json_t *list = json_array();

	for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
		json_t *name = function(table, i, STATE_SETUP + 8 * k);

		if (json_is_null(name))
			continue;
		json_array_append_new(list,
				      json_pack("{s:s, s:o}", "kind", kinds[k], "function", name));
	}
	return list;
}

static bool read_states(json_t *contents, const struct kp_elf *elf, GError **err)
{
	struct patch_table table;

	if (!patch_table_open(&table, elf, ".kpatch.states", STATE_SIZE, STATE_NAME, err))
		return false;
	for (uint64_t i = 0; i < table.rows; i++)
		append(contents, "states",
		       json_pack("{s:s, s:o, s:I, s:o, s:b, s:s, s:o}", "name",
				 patch_table_name(&table, i, STATE_NAME), "id",
				 hex(patch_table_long(&table, i, STATE_ID)), "version",
				 (json_int_t)patch_table_word(&table, i, STATE_VERSION),
				 "callbacks", state_callbacks(&table, i), "block_disable",
				 (int)*patch_table_bytes(&table, i, STATE_BLOCK_DISABLE), "object",
				 patch_table_name(&table, i, STATE_OBJNAME), "where",
				 place(&table, i, STATE_FILE, STATE_LINE)));
	return patch_table_close(&table, err);
}

/** struct shadow_type - what all entries of one id say together. */
struct shadow_type {
	uint64_t id; /* the key, first */
	struct shadow_size size;
	json_t *json; /* of the contents; NULL until an entry declares it */
};

/** struct shadow_types - those of a file. */
struct shadow_types {
	struct patch_table table;
	json_t *list;
	GHashTable *by_id; /* struct shadow_type, owns them */
	GHashTable *texts; /* "ID LIST TEXT" that are there already */
};

static struct shadow_type *type_of(struct shadow_types *types, uint64_t i)
{
	uint64_t id = patch_table_long(&types->table, i, SHADOW_ID);
	struct shadow_type *type = g_hash_table_lookup(types->by_id, &id);

	if (!type) {
		type = g_new0(struct shadow_type, 1);
		type->id = id;
		g_hash_table_add(types->by_id, type);
	}
	return type;
}

/* The type of row @i, in the order of the rows. */
static json_t *listed_type(struct shadow_types *types, uint64_t i)
{
	struct shadow_type *type = type_of(types, i);

	if (!type->json) {
		type->json =
			json_pack("{s:o, s:s, s:I, s:n, s:n, s:n, s:[], s:[]}", "id", hex(type->id),
				  "name", patch_table_name(&types->table, i, SHADOW_NAME), "size",
				  (json_int_t)shadow_size_merged(&type->size), "ctor", "dtor",
				  "state", "objects", "where");
		json_array_append_new(types->list, type->json);
	}
	return type->json;
}

/* What one entry knows another need not: kpatch-build has refused those that contradict it. */
static void set_if_null(json_t *type, const char *key, json_t *value)
{
	if (json_is_null(json_object_get(type, key)))
		json_object_set(type, key, value);
	json_decref(value);
}

static void add_once(struct shadow_types *types, json_t *type, const char *list, json_t *text)
{
	if (g_hash_table_add(types->texts,
			     g_strdup_printf("%s %s %s",
					     json_string_value(json_object_get(type, "id")), list,
					     json_string_value(text))))
		append(type, list, text);
	else
		json_decref(text);
}

static void merge_type(struct shadow_types *types, uint64_t i)
{
	struct patch_table *table = &types->table;
	const char *state = patch_table_text(table, i, SHADOW_STATE);
	json_t *type = listed_type(types, i);

	set_if_null(type, "ctor", function(table, i, SHADOW_CTOR));
	set_if_null(type, "dtor", function(table, i, SHADOW_DTOR));
	set_if_null(type, "state", state ? json_string(state) : json_null());
	add_once(types, type, "objects", json_string(patch_table_name(table, i, SHADOW_OBJNAME)));
	add_once(types, type, "where", place(table, i, SHADOW_FILE, SHADOW_LINE));
}

static void merge_types(struct shadow_types *types)
{
	struct patch_table *table = &types->table;

	for (uint64_t i = 0; i < table->rows; i++)
		shadow_size_add(&type_of(types, i)->size, patch_table_word(table, i, SHADOW_HOW),
				patch_table_long(table, i, SHADOW_BYTES));
	for (uint64_t i = 0; i < table->rows; i++)
		if ((patch_table_word(table, i, SHADOW_HOW) & HOW_CALL) != HOW_GET)
			merge_type(types, i);
}

static bool read_shadow_types(json_t *contents, const struct kp_elf *elf, GError **err)
{
	g_autoptr(GHashTable) by_id =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	g_autoptr(GHashTable) texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct shadow_types types = { .list = json_object_get(contents, "shadow_types"),
				      .by_id = by_id,
				      .texts = texts };

	if (!patch_table_open(&types.table, elf, ".kpatch.shadow_types", SHADOW_SIZE, SHADOW_FILE,
			      err))
		return false;
	merge_types(&types);
	return patch_table_close(&types.table, err);
}

static bool read_kept(json_t *contents, const struct kp_elf *elf, GError **err)
{
	struct patch_table table;

	if (!patch_table_open(&table, elf, ".kpatch.keep", KEEP_SIZE, KEEP_INIT, err))
		return false;
	for (uint64_t i = 0; i < table.rows; i++)
		append(contents, "kept",
		       json_pack("{s:s, s:s, s:o, s:I, s:I, s:o}", "name",
				 patch_table_name(&table, i, KEEP_NAME), "object",
				 patch_table_name(&table, i, KEEP_OBJNAME), "where",
				 place(&table, i, KEEP_FILE, KEEP_LINE), "size",
				 (json_int_t)patch_table_long(&table, i, KEEP_BYTES), "align",
				 (json_int_t)patch_table_long(&table, i, KEEP_ALIGN), "type",
				 hex(patch_table_long(&table, i, KEEP_TYPE))));
	return patch_table_close(&table, err);
}

static bool read_module_ids(json_t *contents, const struct kp_elf *elf, GError **err)
{
	struct patch_table table;

	if (!patch_table_open(&table, elf, ".kpatch.modules", MODULE_SIZE, MODULE_OBJNAME, err))
		return false;
	for (uint64_t i = 0; i < table.rows; i++) {
		const uint8_t *bytes = patch_table_bytes(&table, i, MODULE_BUILD_ID);
		char text[2 * MODULE_BUILD_ID_BYTES + 1];

		for (int n = 0; n < MODULE_BUILD_ID_BYTES; n++)
			g_snprintf(text + 2 * n, 3, "%02x", bytes[n]);
		json_object_set_new(
			object_called(contents, patch_table_name(&table, i, MODULE_OBJNAME)),
			"build_id", json_string(text));
	}
	return patch_table_close(&table, err);
}

static void count_late(json_t *contents, const char *name, uint64_t count)
{
	json_t *object = object_called(contents, name);
	json_t *before = json_object_get(object, "late_references");

	json_integer_set(before, json_integer_value(before) + (json_int_t)count);
}

static bool read_late(json_t *contents, const struct kp_elf *elf, GError **err)
{
	struct patch_table table;

	if (!patch_table_open(&table, elf, ".kpatch.late", LATE_SIZE, LATE_OBJNAME, err))
		return false;
	for (uint64_t i = 0; i < table.rows; i++) {
		const char *name = patch_table_name(&table, i, LATE_OBJNAME);

		/* KP_LATE_KEPT: references to the patch's own data */
		if (strcmp(name, ".kept") != 0)
			count_late(contents, name, 1);
	}
	return patch_table_close(&table, err);
}

/* The kernel's own core: sections .klp.rela.OBJECT.SECTION, with those of vmlinux among them. */
static void read_klp_relas(json_t *contents, const struct kp_elf *elf)
{
	static const char prefix[] = ".klp.rela.";

	for (uint32_t i = 1; i < elf->nsections; i++) {
		const struct kp_elf_section *sec = &elf->sections[i];

		if (sec->type != SHT_RELA || !(sec->flags & SHF_RELA_LIVEPATCH) ||
		    !g_str_has_prefix(sec->name, prefix) || !text_is_printable(sec->name))
			continue;

		const char *name = sec->name + strlen(prefix);
		g_autofree char *object = g_strndup(name, strcspn(name, "."));

		if (strcmp(object, "vmlinux") != 0)
			count_late(contents, object, sec->size / sizeof(Elf64_Rela));
	}
}

json_t *patch_contents(const struct kp_elf *elf, GError **err)
{
	json_t *contents =
		json_pack("{s:[], s:[], s:[], s:[]}", "objects", "states", "shadow_types", "kept");

	if (read_functions(contents, elf, err) && read_callbacks(contents, elf, err) &&
	    read_states(contents, elf, err) && read_shadow_types(contents, elf, err) &&
	    read_kept(contents, elf, err) && read_module_ids(contents, elf, err) &&
	    read_late(contents, elf, err)) {
		read_klp_relas(contents, elf);
		return contents;
	}
	json_decref(contents);
	return NULL;
}
