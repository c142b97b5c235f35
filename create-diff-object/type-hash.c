// SPDX-License-Identifier: GPL-2.0
#include "type-hash.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <inttypes.h>
#include <string.h>

#include "elf-read.h"
#include "error.h"
#include "names.h"

/* Bounds for malformed input, far from what C code has. */
#define MAX_DEPTH   256
#define MAX_ENTRIES 1000000  /* of one type */
#define MAX_UNITS   20000000 /* entries of a file */

struct types {
	struct kp_elf *elf;
	uint8_t *bytes; /* the file with its debug information relocated */
	Elf *libelf;
	Dwarf *dwarf;
	GHashTable *entries; /* Dwarf_Die.addr of all: what a reference may point to */
};

/* What a relocation's symbol stands for. Of what is elsewhere nothing is asked. */
static uint64_t symbol_address(const struct kp_elf *elf, const struct kp_elf_sym *sym)
{
	if (sym->shndx == SHN_UNDEF || sym->shndx >= elf->nsections)
		return 0;
	return elf->sections[sym->shndx].addr + sym->value;
}

/* libdw does not do it. */
static bool relocate(struct types *types, uint32_t shndx, GError **err)
{
	const struct kp_elf_section *sec = &types->elf->sections[shndx];
	g_autoptr(GArray) relas = kp_elf_relas(types->elf, shndx, err);

	for (guint i = 0; relas && i < relas->len; i++) {
		const struct kp_elf_rela *rela = &g_array_index(relas, struct kp_elf_rela, i);
		uint64_t value = symbol_address(types->elf, &types->elf->syms[rela->sym]) +
				 (uint64_t)rela->addend;
		size_t width = rela->type == R_X86_64_64 ? 8 : rela->type == R_X86_64_32 ? 4 : 0;

		if (rela->type == R_X86_64_NONE)
			continue;
		if (!width || sec->size < width || rela->offset > sec->size - width)
			return kp_fail(err, KP_FAILED,
				       "%s: %s has a relocation of type %u at 0x%" PRIx64
				       " that is not known there",
				       types->elf->path, sec->name, rela->type, rela->offset);
		value = GUINT64_TO_LE(value);
		memcpy(types->bytes + sec->offset + rela->offset, &value, width);
	}
	return relas;
}

static bool relocate_all(struct types *types, GError **err)
{
	for (uint32_t i = 1; i < types->elf->nsections; i++) {
		const struct kp_elf_section *sec = &types->elf->sections[i];

		if (!g_str_has_prefix(sec->name, ".debug_") || !sec->data)
			continue;
		if (sec->flags & SHF_COMPRESSED)
			return kp_fail(err, KP_FAILED,
				       "%s: %s is compressed; compile with -gz=none",
				       types->elf->path, sec->name);
		if (!relocate(types, i, err))
			return false;
	}
	return true;
}

static bool read_dwarf(struct types *types, GError **err)
{
	types->bytes = g_memdup2(types->elf->data, types->elf->size);
	kp_elf_layout(types->elf);
	if (!relocate_all(types, err))
		return false;
	elf_version(EV_CURRENT);
	types->libelf = elf_memory((char *)types->bytes, types->elf->size);
	if (types->libelf)
		types->dwarf = dwarf_begin_elf(types->libelf, DWARF_C_READ, NULL);
	return types->dwarf || kp_fail(err, KP_FAILED, "%s: no debug information: %s",
				       types->elf->path, dwarf_errmsg(-1));
}

/** struct walk - one question; @left ends it where the input has loops. */
struct walk {
	const struct types *types;
	const char *symbol;
	unsigned int left, depth;
};

static bool malformed(const struct walk *walk, const char *what, GError **err)
{
	return kp_fail(err, KP_FAILED, "%s: the debug information about the type of %s %s",
		       walk->types->elf->path, walk->symbol, what);
}

/* One step further down; the caller takes @depth back. */
static bool enter(struct walk *walk, GError **err)
{
	if (walk->depth++ < MAX_DEPTH && walk->left) {
		walk->left--;
		return true;
	}
	return malformed(walk, "does not end", err);
}

/*
 * The next child of a parent, the first one if @child is not there yet: 1, none left: 0, error: -1.
 * Children lie one behind the other in the file.
 */
static int next_child(struct walk *walk, Dwarf_Die *parent, Dwarf_Die *child, GError **err)
{
	Dwarf_Die next;
	int ret = child->addr ? dwarf_siblingof(child, &next) : dwarf_child(parent, &next);

	if (ret < 0 || (!ret && next.addr <= (child->addr ? child->addr : parent->addr))) {
		malformed(walk, "is malformed", err);
		return -1;
	}
	if (!ret)
		*child = next;
	return !ret;
}

static bool note_entries(struct walk *walk, Dwarf_Die *die, GError **err)
{
	Dwarf_Die child = { 0 };
	int ret = enter(walk, err) ? 1 : -1;

	g_hash_table_add(walk->types->entries, die->addr);
	while (ret > 0 && (ret = next_child(walk, die, &child, err)) > 0) {
		if (!note_entries(walk, &child, err))
			ret = -1;
	}
	walk->depth--;
	return !ret;
}

static bool note_units(struct types *types, GError **err)
{
	struct walk walk = { .types = types, .symbol = "all variables", .left = MAX_UNITS };
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	int ret;

	types->entries = g_hash_table_new(NULL, NULL);
	while (!(ret = dwarf_get_units(types->dwarf, unit, &unit, NULL, NULL, &die, NULL))) {
		if (!note_entries(&walk, &die, err))
			return false;
	}
	return ret > 0 || malformed(&walk, "is malformed", err);
}

struct types *types_open(const char *path, GError **err)
{
	g_autoptr(types) types = g_new0(struct types, 1);

	types->elf = kp_elf_open(path, err);
	if (!types->elf || !read_dwarf(types, err) || !note_units(types, err))
		return NULL;
	return g_steal_pointer(&types);
}

void types_free(struct types *types)
{
	if (!types)
		return;
	g_clear_pointer(&types->entries, g_hash_table_unref);
	dwarf_end(types->dwarf);
	elf_end(types->libelf);
	kp_elf_free(types->elf);
	g_free(types->bytes);
	g_free(types);
}

/* An attribute that is a number; false if it is not there, or no plain number. */
static bool number(Dwarf_Die *die, unsigned int name, uint64_t *value)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	if (!dwarf_attr_integrate(die, name, &attr) || dwarf_formudata(&attr, &word))
		return false;
	*value = word;
	return true;
}

/* DW_AT_type: 1, there is none, which means void: 0, error: -1. */
static int type_of(struct walk *walk, Dwarf_Die *die, Dwarf_Die *type, GError **err)
{
	Dwarf_Attribute attr;

	if (!dwarf_hasattr_integrate(die, DW_AT_type))
		return 0;
	if (dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, type) &&
	    g_hash_table_contains(walk->types->entries, type->addr))
		return 1;
	malformed(walk, "refers to nothing", err);
	return -1;
}

static bool is_transparent(int tag)
{
	return tag == DW_TAG_typedef || tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
	       tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type;
}

/* The same, without names and qualifiers around it. */
static int bare_type_of(struct walk *walk, Dwarf_Die *die, Dwarf_Die *type, GError **err)
{
	int ret = type_of(walk, die, type, err);

	for (unsigned int i = 0; ret > 0 && is_transparent(dwarf_tag(type)); i++) {
		Dwarf_Die outer = *type;

		if (i == MAX_DEPTH) {
			malformed(walk, "does not end", err);
			return -1;
		}
		ret = type_of(walk, &outer, type, err);
	}
	return ret;
}

/* A name as C has them, "" if there is none; NULL for anything else. */
static const char *name_of(struct walk *walk, Dwarf_Die *die, GError **err)
{
	const char *name;

	if (!dwarf_hasattr_integrate(die, DW_AT_name))
		return "";
	name = dwarf_diename(die);
	for (const char *p = name; p && (*p || p == name); p++) {
		if (!g_ascii_isalnum(*p) && *p != '_' && *p != '$')
			name = NULL;
	}
	if (!name)
		malformed(walk, "has a name that is none", err);
	return name;
}

/* Elements of one dimension. */
static bool dimension(struct walk *walk, Dwarf_Die *range, uint64_t *count, GError **err)
{
	*count = 0;
	if (number(range, DW_AT_count, count))
		return true;
	if (dwarf_hasattr_integrate(range, DW_AT_count))
		return malformed(walk, "has an array of variable length", err);
	if (!dwarf_hasattr_integrate(range, DW_AT_upper_bound))
		return true;
	if (!number(range, DW_AT_upper_bound, count))
		return malformed(walk, "has an array of variable length", err);
	(*count)++;
	return true;
}

/* Adds "[2][3]" for an array; @total: elements. */
static bool dimensions(struct walk *walk, Dwarf_Die *array, GString *text, uint64_t *total,
		       GError **err)
{
	Dwarf_Die child = { 0 };
	bool some = false;
	int ret;

	*total = 1;
	while ((ret = next_child(walk, array, &child, err)) > 0) {
		uint64_t count;

		if (dwarf_tag(&child) != DW_TAG_subrange_type)
			continue;
		if (!dimension(walk, &child, &count, err))
			return false;
		if (!g_uint64_checked_mul(total, *total, count))
			return malformed(walk, "has an array that is too large", err);
		some = true;
		g_string_append_printf(text, "[%" PRIu64 "]", count);
	}
	return !ret && (some || malformed(walk, "has an array without length", err));
}

static bool shallow(struct walk *walk, Dwarf_Die *die, GString *text, GError **err);

/* The type that @die refers to, in short. */
static bool shallow_of(struct walk *walk, Dwarf_Die *die, GString *text, GError **err)
{
	Dwarf_Die type;
	int ret = bare_type_of(walk, die, &type, err);

	if (!ret)
		g_string_append(text, "void");
	return !ret || (ret > 0 && shallow(walk, &type, text, err));
}

static bool function(struct walk *walk, Dwarf_Die *die, GString *text, GError **err)
{
	Dwarf_Die child = { 0 };
	int ret;

	g_string_append(text, "fn(");
	while ((ret = next_child(walk, die, &child, err)) > 0) {
		int tag = dwarf_tag(&child);

		if (tag == DW_TAG_unspecified_parameters)
			g_string_append(text, "...,");
		else if (tag != DW_TAG_formal_parameter)
			continue;
		else if (!shallow_of(walk, &child, text, err))
			return false;
		else
			g_string_append_c(text, ',');
	}
	g_string_append_c(text, ')');
	return !ret && shallow_of(walk, die, text, err);
}

/* "struct NAME" */
static bool tagged(struct walk *walk, Dwarf_Die *die, const char *kind, GString *text, GError **err)
{
	const char *name = name_of(walk, die, err);

	if (name)
		g_string_append_printf(text, "%s %s", kind, name);
	return name;
}

static bool size_of(struct walk *walk, Dwarf_Die *die, uint64_t *size, GError **err)
{
	return number(die, DW_AT_byte_size, size) || malformed(walk, "lacks a size", err);
}

static bool base(struct walk *walk, Dwarf_Die *die, GString *text, GError **err)
{
	uint64_t encoding, size;

	if (!number(die, DW_AT_encoding, &encoding))
		return malformed(walk, "has a number that is none", err);
	if (!size_of(walk, die, &size, err))
		return false;
	g_string_append_printf(text, "base:%" PRIu64 ":%" PRIu64, encoding, size);
	return true;
}

static bool unknown(struct walk *walk, Dwarf_Die *die, GError **err)
{
	g_autofree char *what =
		g_strdup_printf("has a kind of type (DWARF tag 0x%x) that cannot be "
				"compared",
				(unsigned int)dwarf_tag(die));

	return malformed(walk, what, err);
}

static bool shallow_array(struct walk *walk, Dwarf_Die *die, GString *text, GError **err)
{
	uint64_t total;

	return dimensions(walk, die, text, &total, err) && shallow_of(walk, die, text, err);
}

static bool shallow_kind(struct walk *walk, Dwarf_Die *die, GString *text, GError **err)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_structure_type:
		return tagged(walk, die, "struct", text, err);
	case DW_TAG_union_type:
		return tagged(walk, die, "union", text, err);
	case DW_TAG_enumeration_type:
		return tagged(walk, die, "enum", text, err);
	case DW_TAG_base_type:
		return base(walk, die, text, err);
	case DW_TAG_pointer_type:
		g_string_append_c(text, '*');
		return shallow_of(walk, die, text, err);
	case DW_TAG_array_type:
		return shallow_array(walk, die, text, err);
	case DW_TAG_subroutine_type:
		return function(walk, die, text, err);
	default:
		return unknown(walk, die, err);
	}
}

static bool shallow(struct walk *walk, Dwarf_Die *die, GString *text, GError **err)
{
	bool ok = enter(walk, err) && shallow_kind(walk, die, text, err);

	walk->depth--;
	return ok;
}

/* All of a type; @size: its bytes. */
static bool deep(struct walk *walk, Dwarf_Die *die, GString *text, uint64_t *size, GError **err);

static bool deep_of(struct walk *walk, Dwarf_Die *die, GString *text, uint64_t *size, GError **err)
{
	Dwarf_Die type;
	int ret = bare_type_of(walk, die, &type, err);

	if (!ret)
		return malformed(walk, "lacks a type", err);
	return ret > 0 && deep(walk, &type, text, size, err);
}

/* DW_AT_data_member_location: a number, in DWARF 2 the sum of a number and the structure's address.
 */
static bool member_bytes(struct walk *walk, Dwarf_Die *member, uint64_t *bytes, GError **err)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t count;

	*bytes = 0;
	if (!dwarf_attr_integrate(member, DW_AT_data_member_location, &attr))
		return true; /* of a union, or the first one */
	if (number(member, DW_AT_data_member_location, bytes))
		return true;
	if (dwarf_getlocation(&attr, &ops, &count) || count != 1 ||
	    ops[0].atom != DW_OP_plus_uconst)
		return malformed(walk, "has a member at no fixed place", err);
	*bytes = ops[0].number;
	return true;
}

/* Where a member begins, in bits. @size: bytes of its type; @bits: its own size, 0 if no bit-field.
 */
static bool member_bit(struct walk *walk, Dwarf_Die *member, uint64_t size, uint64_t *bit,
		       uint64_t *bits, GError **err)
{
	uint64_t bytes, offset, storage = size;

	*bits = 0;
	(void)number(member, DW_AT_bit_size, bits);
	if (number(member, DW_AT_data_bit_offset, bit))
		return true;
	if (!member_bytes(walk, member, &bytes, err))
		return false;
	*bit = bytes * 8;
	if (!number(member, DW_AT_bit_offset, &offset))
		return true;
	/* Before DWARF 5: from the most significant bit of what the field is stored in. */
	(void)number(member, DW_AT_byte_size, &storage);
	*bit += storage * 8 - offset - *bits;
	return true;
}

static char *member_text(struct walk *walk, Dwarf_Die *member, uint64_t outer, GError **err)
{
	const char *name = name_of(walk, member, err);
	g_autoptr(GString) type = g_string_new(NULL);
	uint64_t size, bit, bits;

	if (!name || !deep_of(walk, member, type, &size, err) ||
	    !member_bit(walk, member, size, &bit, &bits, err))
		return NULL;
	if (size > outer || bit > outer * 8 || (bits ? bits : size * 8) > outer * 8 - bit) {
		malformed(walk, "has a member outside of its structure", err);
		return NULL;
	}
	/* So wide that the order of the text is that of the places. */
	return bits ? g_strdup_printf("%010" PRIu64 "/%" PRIu64 ":%s:%s;", bit, bits, name,
				      type->str)
		    : g_strdup_printf("%010" PRIu64 ":%s:%s;", bit, name, type->str);
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool members(struct walk *walk, Dwarf_Die *die, GString *text, uint64_t size, GError **err)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	Dwarf_Die child = { 0 };
	int ret;

	while ((ret = next_child(walk, die, &child, err)) > 0) {
		if (dwarf_tag(&child) != DW_TAG_member)
			continue;

		char *member = member_text(walk, &child, size, err);

		if (!member)
			return false;
		g_ptr_array_add(list, member);
	}
	g_ptr_array_sort(list, by_text);
	for (guint i = 0; i < list->len; i++)
		g_string_append(text, list->pdata[i]);
	return !ret;
}

static bool aggregate(struct walk *walk, Dwarf_Die *die, const char *kind, GString *text,
		      uint64_t *size, GError **err)
{
	if (!tagged(walk, die, kind, text, err))
		return false;
	if (dwarf_hasattr(die, DW_AT_declaration))
		return malformed(walk, "does not say what is in a structure", err);
	if (!size_of(walk, die, size, err))
		return false;
	g_string_append_printf(text, ":%" PRIu64 "{", *size);
	if (!members(walk, die, text, *size, err))
		return false;
	g_string_append_c(text, '}');
	return true;
}

static bool deep_array(struct walk *walk, Dwarf_Die *die, GString *text, uint64_t *size,
		       GError **err)
{
	uint64_t total;

	if (!dimensions(walk, die, text, &total, err) || !deep_of(walk, die, text, size, err))
		return false;
	return g_uint64_checked_mul(size, *size, total) ||
	       malformed(walk, "has an array that is too large", err);
}

static bool deep_kind(struct walk *walk, Dwarf_Die *die, GString *text, uint64_t *size,
		      GError **err)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_structure_type:
		return aggregate(walk, die, "struct", text, size, err);
	case DW_TAG_union_type:
		return aggregate(walk, die, "union", text, size, err);
	case DW_TAG_array_type:
		return deep_array(walk, die, text, size, err);
	case DW_TAG_enumeration_type:
		if (!shallow(walk, die, text, err) || !size_of(walk, die, size, err))
			return false;
		g_string_append_printf(text, ":%" PRIu64, *size);
		return true;
	case DW_TAG_pointer_type:
		*size = sizeof(uint64_t);
		return shallow(walk, die, text, err);
	case DW_TAG_base_type:
		return size_of(walk, die, size, err) && shallow(walk, die, text, err);
	default:
		return unknown(walk, die, err);
	}
}

static bool deep(struct walk *walk, Dwarf_Die *die, GString *text, uint64_t *size, GError **err)
{
	bool ok = enter(walk, err) && deep_kind(walk, die, text, size, err);

	walk->depth--;
	return ok;
}

/* A variable without bytes shares its address with another one. */
static bool may_have_name(Dwarf_Die *die, const char *symbol)
{
	const char *name = dwarf_diename(die);

	return !name || name_is_variable(symbol, name);
}

static bool is_at(Dwarf_Die *die, uint64_t address)
{
	Dwarf_Attribute attr, indirect;
	Dwarf_Addr value;
	Dwarf_Op *ops;
	size_t count;

	if (dwarf_tag(die) != DW_TAG_variable || !dwarf_attr(die, DW_AT_location, &attr) ||
	    dwarf_getlocation(&attr, &ops, &count) || count != 1)
		return false;
	if (ops[0].atom == DW_OP_addr)
		return ops[0].number == address;
	/* Clang's DWARF 5 has the addresses in a table. */
	return ops[0].atom == DW_OP_addrx && !dwarf_getlocation_attr(&attr, ops, &indirect) &&
	       !dwarf_formaddr(&indirect, &value) && value == address;
}

static bool has_variables(int tag)
{
	return tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block ||
	       tag == DW_TAG_inlined_subroutine;
}

/* The variable at @address in or below @die: found 1, not found 0, error -1. */
static int find_in(struct walk *walk, Dwarf_Die *die, uint64_t address, Dwarf_Die *found,
		   GError **err)
{
	Dwarf_Die child = { 0 };
	int ret = enter(walk, err) ? 0 : -1;

	while (!ret && (ret = next_child(walk, die, &child, err)) > 0) {
		ret = 0;
		if (!walk->left || !--walk->left) {
			malformed(walk, "does not end", err);
			ret = -1;
		} else if (is_at(&child, address) && may_have_name(&child, walk->symbol)) {
			*found = child;
			ret = 1;
		} else if (has_variables(dwarf_tag(&child))) {
			ret = find_in(walk, &child, address, found, err);
		}
		if (ret)
			break;
	}
	walk->depth--;
	return ret;
}

static bool find_variable(struct walk *walk, uint64_t address, Dwarf_Die *found, GError **err)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	int ret;

	while (!(ret = dwarf_get_units(walk->types->dwarf, unit, &unit, NULL, NULL, &die, NULL))) {
		int there = find_in(walk, &die, address, found, err);

		if (there)
			return there > 0;
	}
	if (ret < 0)
		return malformed(walk, "is malformed", err);
	return kp_fail(err, KP_FAILED, "%s: the debug information does not have the variable %s",
		       walk->types->elf->path, walk->symbol);
}

/* The only symbol of that name. */
static const struct kp_elf_sym *find_symbol(const struct walk *walk, GError **err)
{
	const struct kp_elf *elf = walk->types->elf;
	const struct kp_elf_sym *found = NULL;

	for (uint32_t i = 1; i < elf->nsyms; i++) {
		const struct kp_elf_sym *sym = &elf->syms[i];

		if (sym->shndx == SHN_UNDEF || sym->shndx >= elf->nsections ||
		    strcmp(sym->name, walk->symbol))
			continue;
		if (found) {
			kp_fail(err, KP_FAILED, "%s: two variables %s", elf->path, walk->symbol);
			return NULL;
		}
		found = sym;
	}
	if (!found)
		kp_fail(err, KP_FAILED, "%s: there is no variable %s", elf->path, walk->symbol);
	return found;
}

char *types_describe(const struct types *types, const char *symbol, uint64_t size, GError **err)
{
	struct walk walk = { .types = types, .symbol = symbol, .left = MAX_UNITS };
	const struct kp_elf_sym *sym = find_symbol(&walk, err);
	g_autoptr(GString) text = g_string_new(NULL);
	uint64_t described;
	Dwarf_Die var;

	if (!sym || !find_variable(&walk, symbol_address(types->elf, sym), &var, err))
		return NULL;
	walk.left = MAX_ENTRIES;
	if (!deep_of(&walk, &var, text, &described, err))
		return NULL;
	if (described != size) {
		kp_fail(err, KP_FAILED,
			"%s: the debug information says that %s has %" PRIu64
			" bytes, not %" PRIu64,
			types->elf->path, symbol, described, size);
		return NULL;
	}
	return g_strdup(text->str);
}
